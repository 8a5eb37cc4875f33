// Mirrors src/cli/check.ts, build.ts and finding.ts: frames are built wrong by one command, the other must say so.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CaptureReader } from '../../../protocols/pcap/index.js';
import { capturePath } from '../../support/capture.js';
import { inFolder, wireverbs, wireverbsEach } from '../../support/cli.js';
import { assert, spec } from '../../support/spec.js';

const IP = 'ipv4(src=10.0.0.1,dst=10.0.0.2)';
const BACK = 'ipv4(src=10.0.0.2,dst=10.0.0.1)';
const IP6 = 'ipv6(src=fd00::1,dst=fd00::2)';
const SEND = 'bth(opcode=RC_SEND_ONLY,destQp=3)/"hey"';
const to = (seq: number, ack: number) =>
  `eth/${IP}/tcp(srcPort=40000,dstPort=7174,seq=${seq},ack=${ack},ackFlag=1)`;

/** An expression, and the checksums that a spoilt one must be found wrong in. */
const frames: readonly (readonly [expression: string, ...checksums: string[]])[] = [
  [`eth/${IP}/udp/"x"`, 'ipv4.headerChecksum', 'udp.checksum'],
  [`eth/${IP}/tcp/"x"`, 'ipv4.headerChecksum', 'tcp.checksum'],
  [`eth/${IP}/icmp/icmp-echo/"x"`, 'ipv4.headerChecksum', 'icmp.checksum'],
  [`eth/${IP6}/icmpv6/icmpv6-echo/"x"`, 'icmpv6.checksum'],
  [`eth/${IP}/udp/${SEND}`, 'ipv4.headerChecksum', 'udp.checksum', 'icrc.icrc'],
  [`eth/${IP6}/udp/${SEND}`, 'udp.checksum', 'icrc.icrc'],
  [`eth/grh/${SEND}`, 'icrc.icrc'],
  [`lrh(dlid=1,slid=2)/${SEND}`, 'icrc.icrc', 'vcrc.vcrc'],
  ['flowctl(vl=1)', 'flowctl.lpcrc'],
  [
    `eth/${IP}/udp(srcPort=5,dstPort=7)/"a frame of more than sixty-four bytes"/fcs`,
    'ipv4.headerChecksum',
    'udp.checksum',
    'fcs.fcs',
  ],
  [`${to(100, 500)}/mpa-req(c=1)`, 'ipv4.headerChecksum', 'tcp.checksum'],
  [
    `eth/${BACK}/tcp(srcPort=7174,dstPort=40000,seq=500,ack=120,ackFlag=1)/mpa-rep(c=1)`,
    'ipv4.headerChecksum',
    'tcp.checksum',
  ],
  [
    `${to(120, 520)}/mpa/ddp-untagged(msn=1)/"hello"`,
    'ipv4.headerChecksum',
    'tcp.checksum',
    'mpa-crc.crc',
  ],
  [
    `eth/${IP}/tcp(srcPort=40001,dstPort=4420,seq=1,ackFlag=1)/nvme-tcp(hdgst=1,ddgst=1,last=1)/nvme-tcp-h2c-data(cid=0x1c,ttag=3)/"sixteen of bytes"`,
    'ipv4.headerChecksum',
    'tcp.checksum',
    'nvme-tcp-hdgst.digest',
    'nvme-tcp-ddgst.digest',
  ],
];
const expressions = frames.map(([expression]) => expression);

interface Found {
  readonly frame: number;
  readonly layer: string;
  readonly field: string;
}

spec('wireverbs build and check', (it) => {
  it('finds nothing wrong with what was built right, and every kind of checksum that was spoilt', () =>
    inFolder(async (folder) => {
      const [right, wrong] = [join(folder, 'right.pcapng'), join(folder, 'wrong.pcapng')];
      await wireverbsEach([
        ['build', ...expressions, '-o', right],
        ['build', ...expressions, '-o', wrong, '--seal', 'checksum=spoil'],
      ]);
      const [good, bad] = await wireverbsEach([
        ['check', right],
        ['check', wrong, '--json'],
      ]);
      assert.is(good!.status, 0, good!.stdout);
      assert.match(good!.stdout, /^checksum +mpa-crc\.crc +1 +0$/m);
      assert.match(good!.lines.at(-1)!, /^14 frames: nothing is wrong$/);
      assert.is(bad!.status, 1);
      const found = bad!.lines.slice(0, -1).map((line) => JSON.parse(line) as Found);
      for (const [i, [expression, ...checksums]] of frames.entries()) {
        const ours = found.filter(({ frame }) => frame === i + 1);
        const names = ours.map(({ layer, field }) => `${layer}.${field}`);
        assert.equal(names.sort(), checksums.sort(), expression);
      }
      const total = JSON.parse(bad!.lines.at(-1)!) as { wrongFrames: number; verified: object };
      assert.is(total.wrongFrames, 14);
      assert.equal(Object.keys(total), ['frames', 'wrongFrames', 'findings', 'verified']);
      const reader = new CaptureReader();
      reader.push(readFileSync(right));
      assert.ok(reader.next());
      assert.equal(reader.record.comments, [expressions[0]]);
    }));
  it('finds the CRC of flow control, and lengths', async () => {
    const hex = async (...args: string[]) => (await wireverbs(['build', ...args])).stdout.trim();
    const spoilt = await hex('flowctl', '--hex', '--seal', 'flowctl.lpcrc=spoil');
    const length = await hex(`eth/${IP}/udp/"xy"`, '--hex', '--seal', 'udp.length=spoil');
    const [crc, short] = await wireverbsEach([
      ['check', spoilt, '--link-type', '65783'],
      ['check', length],
    ]);
    assert.match(
      crc!.stdout,
      /byte 4 \(0x4\) {2}flowctl\.lpcrc: checksum is 0xb363, expected 0xb362/,
    );
    assert.match(short!.stdout, /byte 38 \(0x26\) {2}udp\.length: length is 11, expected 10/);
    assert.equal([crc!.status, short!.status], [1, 1]);
  });
  it('shows some of many equal findings and counts the others, unless all are wanted', async () => {
    const many = Array.from({ length: 13 }, () => `eth/${IP}/udp/"x"`);
    const args = ['build', ...many, '--seal', 'udp.checksum=spoil', '-o', '-'];
    const capture = (await wireverbs(args, { encoding: 'latin1' })).stdout;
    const stdin = Buffer.from(capture, 'latin1');
    const some = await wireverbs(['check', '-'], { stdin });
    const all = await wireverbs(['check', '-', '--all'], { stdin });
    const shown = ({ lines }: { lines: readonly string[] }) =>
      lines.filter((line) => /udp\.checksum: checksum is/.test(line)).length;
    assert.is(shown(some), 10);
    assert.match(some.stdout, /^udp\.checksum: 3 more like these, the last in frame 13/m);
    assert.match(some.lines.at(-1)!, /^13 frames: 13 findings in 13 of them$/);
    assert.is(shown(all), 13);
  });
  it('names frame and byte of what a real peer did wrong', async () => {
    const { status, lines } = await wireverbs(['check', capturePath('siw.pcap')]);
    assert.is(status, 1);
    assert.is(lines[0], 'frame 106, byte 88 (0x58)  mpa-pad.data: is not zero');
    assert.is(lines.at(-1), '446 frames: 6 findings in 6 of them');
  });
});

spec('wireverbs build', (it) => {
  it('shows frames as marked dumps, hex or JSON', async () => {
    const args = ['build', `eth/${IP}/udp/"x"`, 'eth/arp', '--seal', 'ipv4.headerChecksum=spoil'];
    const [dump, hex, json] = await wireverbsEach([args, [...args, '--hex'], [...args, '--json']]);
    assert.match(dump!.stdout, /\^{5} +headerChecksum: checksum is 0x66cf, expected 0x66ce/);
    assert.is(hex!.lines.length, 2);
    assert.match(hex!.lines[0]!, /^[0-9a-f]{86}$/);
    const first = JSON.parse(json!.lines[0]!) as { hex: string; findings: object[] };
    assert.is(first.hex, hex!.lines[0]!);
    assert.equal(first.findings, [
      {
        layer: 'ipv4',
        field: 'headerChecksum',
        at: 24,
        message: 'checksum is 0x66cf, expected 0x66ce',
      },
    ]);
  });
});
