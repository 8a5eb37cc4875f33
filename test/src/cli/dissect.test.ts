// Mirrors src/cli/dissect.ts, view.ts, field-view.ts and input.ts: the command as people call it.

import { readFileSync } from 'node:fs';
import { capturePath } from '../../support/capture.js';
import { wireverbs, wireverbsEach } from '../../support/cli.js';
import { assert, spec } from '../../support/spec.js';

const rxe = capturePath('rxe-v4.pcap');
const siw = capturePath('siw.pcap');
const nvme = capturePath('nvme-tcp.pcap.gz');
/** Frame 31 of rxe-v4.pcap, an acknowledge. */
const ackHex = readFileSync(capturePath('text/plain.hex'), 'utf8').trim().split('\n').at(-1)!;

async function dissect(...args: string[]): Promise<readonly string[]> {
  const { status, stderr, lines } = await wireverbs(['dissect', ...args]);
  assert.is(stderr, '');
  assert.is(status, 0);
  return lines;
}

spec('wireverbs dissect: inputs', (it) => {
  it('reads captures, gzip and each form of hex text', async () => {
    const fields = ['--fields', 'frame.number,bth.opcode,bth.psn'];
    const text = ['plain.hex', 'xxd.txt', 'hexdump-C.txt', 'tcpdump-x.txt', 'tcpdump-xx.txt'];
    const runs = [...text.map((name) => capturePath(`text/${name}`)), nvme];
    const results = await wireverbsEach(runs.map((path) => ['dissect', path, ...fields]));
    for (const [i, { status, lines }] of results.entries()) {
      assert.is(status, 0, runs[i]!);
      if (runs[i] !== nvme) assert.is(lines[1], '1\t0x02\t2341391', runs[i]!);
    }
    assert.is(results.at(-1)!.lines.length, 1 + 2584);
  });
  it('reads standard input, a capture or text', async () => {
    const pcapng = readFileSync(capturePath('formats/commented.pcapng'));
    const packed = await wireverbs(['dissect', '-'], { stdin: readFileSync(nvme) });
    const block = await wireverbs(['dissect', '-'], { stdin: pcapng });
    const text = await wireverbs(['dissect', '-', '--fields', 'bth.psn'], { stdin: ackHex });
    assert.is(packed.lines.length, 2584);
    assert.is(block.lines.length, 6);
    assert.equal(text.lines, ['bth.psn', '2341391']);
  });
  it('takes a packet in hex however it is written, and shows it whole', async () => {
    const pairs = ackHex.match(/../g)!;
    const forms = [pairs.join(':'), `0x${ackHex}`, pairs.map((p) => `0x${p}`).join(', ')];
    const runs = forms.map((form) => ['dissect', form]);
    for (const { status, stdout } of await wireverbsEach(runs)) {
      assert.is(status, 0);
      assert.match(stdout, /^ +1 +10\.0\.0\.1 +-> 10\.0\.0\.2 +RoCEv2 +62 {2}RC_ACKNOWLEDGE /);
      assert.match(stdout, /\naeth {2}ACK Extended Transport Header/);
    }
  });
  it('takes link types and FCS from the options, and recognises InfiniBand', async () => {
    const ib = '000200010007000204b0ffff0000000300000000686579006f3bf8f3'; // right but for its CRCs
    const flow = '00000000b362';
    const arp = `ffffffffffff02000000000108060001080006040001020000000001${'00'.repeat(14 + 6)}`;
    const [told, guessed, fcs, none] = await wireverbsEach([
      ['dissect', ib, '--link-type', '247', '--json'],
      ['dissect', flow, '--json'],
      ['dissect', arp, '--json', '--fcs'],
      ['dissect', arp, '--json', '--no-fcs'],
    ]);
    const layers = ({ stdout }: { stdout: string }) =>
      (JSON.parse(stdout) as { layers: { layer: string }[] }).layers.map((l) => l.layer).join('/');
    assert.match(layers(told!), /^lrh\/bth/);
    assert.is(layers(guessed!), 'flowctl');
    assert.is(layers(fcs!), 'eth/arp/padding/fcs');
    assert.is(layers(none!), 'eth/arp/padding');
  });
});

spec('wireverbs dissect: views', (it) => {
  it('sums each frame up in a line, columns aligned', async () => {
    const lines = await dissect(rxe);
    assert.is(lines.length, 592);
    assert.match(
      lines[29]!,
      /^ {4}30 +9\.784918 {2}10\.0\.0\.2 +-> 10\.0\.0\.1 +RoCEv2 +1010 {2}RC_SEND_LAST QP 0x11 PSN 2341391 952 bytes \[SEND message, 3000 bytes\]$/,
    );
    assert.is(lines[29]!.indexOf('->'), lines[30]!.indexOf('->'));
  });
  it('shows chosen frames as dumps, with the messages that they complete', async () => {
    const lines = await dissect(siw, '--frame', '30-31,200');
    const numbers = lines.map((line) => /^ +(\d+) +\d+\.\d{6} {2}/.exec(line)?.[1]);
    assert.equal(
      numbers.filter((n) => n !== undefined),
      ['30', '31', '200'],
    );
    const message = (await dissect(rxe, '--frame', '30')).join('\n');
    assert.match(message, /\nSEND message, 3000 bytes from frames 28, 29, 30\npayload /);
  });
  it('gives each field a line, a tree, or long payloads whole', async () => {
    const runs = [['--hex', 'fields', '--full'], ['--tree'], ['--layer', 'BTH']];
    const [fields, tree, layer] = await wireverbsEach(
      runs.map((args) => ['dissect', rxe, '--frame', '30', ...args]),
    );
    assert.match(fields!.stdout, /^002b {2}00 +padCount +\.\.00 \.\.\.\. = 0 {2}pad bytes/m);
    assert.match(tree!.stdout, /^Base Transport Header \(bth\), .*\[42, 54\)$/m);
    assert.not.match(fields!.stdout, /more bytes/);
    assert.match(
      layer!.stdout,
      /^ +30 .*\nbth {2}Base Transport Header[^\n]*\n002a [^\n]*\n +pkey/,
    );
    assert.not.match(layer!.stdout, /^(eth|udp|icrc|SEND message)/m);
  });
  it('keeps frames for which a filter holds, and frames that have a layer or family', async () => {
    const runs = [
      ['--filter', 'bth.opcode == RC_ACKNOWLEDGE && bth.psn > 2341391 && ipv4.src == 10.0.0.0/24'],
      ['--filter', 'infiniband.bth.psn == 2341391', '--fields', 'frame.number'],
      ['--layer', 'icmpv6', '--fields', 'frame.number'],
    ];
    const [acks, psn, family] = await wireverbsEach(runs.map((args) => ['dissect', rxe, ...args]));
    assert.ok(acks!.lines.length > 10);
    for (const line of acks!.lines) assert.match(line, /RC_ACKNOWLEDGE/);
    assert.equal(psn!.lines, ['frame.number', '30', '31']);
    assert.is(family!.lines.length, 1 + 20);
  });
  it("prints chosen fields by our names and tshark's, and what the capture says", async () => {
    const names = 'frame.number,frame.len,frame.time,frame.time_relative,ip.src,bth.psn';
    assert.equal(await dissect(rxe, '--frame', '30', '--fields', names), [
      names.replaceAll(',', '\t'),
      '30\t1010\t1795380434.773587000\t9.784918000\t10.0.0.2\t2341391',
    ]);
    const [json] = await dissect(rxe, '--frame', '30', '--json', '--fields', 'bth.psn,tcp.seq');
    assert.equal(JSON.parse(json!), { 'bth.psn': ['2341391'], 'tcp.seq': [] });
  });
  it('writes JSON of a fixed form, an object a line', async () => {
    const [line] = await dissect(rxe, '--frame', '30', '--json');
    const frame = JSON.parse(line!) as {
      layers: { layer: string; fields: object }[];
      messages: object[];
    };
    const keys = ['frame', 'time', 'length', 'layers', 'messages', 'notes', 'findings'];
    assert.equal(Object.keys(frame), keys);
    const bth = frame.layers.find(({ layer }) => layer === 'bth')!;
    assert.equal(Object.keys(bth), ['layer', 'at', 'size', 'fields', 'names']);
    assert.equal(bth.fields, {
      ...{ opcode: 2, solicited: 0, migReq: 0, padCount: 0, tver: 0, pkey: 65535, fecn: 0 },
      ...{ becn: 0, reserved: 0, destQp: 17, ackReq: 1, reserved2: 0, psn: 2341391 },
    });
    assert.equal(Object.keys(frame.messages[0]!), ['title', 'parts', 'layers']);
  });
  it('marks what is wrong under its bytes', async () => {
    const wrong = `${ackHex.slice(0, 48)}ffff${ackHex.slice(52)}`;
    const lines = await dissect(wrong);
    const at = lines.findIndex((line) => line.includes('^'));
    assert.match(lines[at]!, /\^{5} +headerChecksum: checksum is 0xffff, expected 0x[0-9a-f]{4}$/);
    assert.is(lines[at - 1]!.indexOf('ff ff'), lines[at]!.indexOf('^'));
  });
});

spec('wireverbs dissect: terminals', (it) => {
  it('keeps to the columns that there are', async () => {
    const { lines } = await wireverbs(['dissect', ackHex], { env: { COLUMNS: '80' } });
    for (const line of lines.slice(1)) assert.ok(line.length <= 80, line);
  });
  it('colours bytes and text of a field alike where colours are wanted, and never otherwise', async () => {
    const colour = await wireverbs(['dissect', ackHex], { env: { FORCE_COLOR: '1' } });
    const none = await wireverbs(['dissect', ackHex], { env: { NO_COLOR: '1', FORCE_COLOR: '1' } });
    const piped = await wireverbs(['dissect', ackHex]);
    const text = colour.stdout.replaceAll('\x1b', '');
    const [, bytes, name] =
      /(\[\d+m)12\[39m \1b7\[39m.*?(\[\d+m)dstPort=4791\[39m/.exec(text) ?? [];
    assert.ok(bytes !== undefined && bytes === name, text);
    assert.is(none.stdout, piped.stdout);
    assert.not.ok(piped.stdout.includes('\x1b'));
  });
  it('ends quietly where the reader stops reading', async () => {
    const { status, stderr } = await wireverbs(['dissect', nvme], { closeAfter: 100 });
    assert.is(stderr, '');
    assert.is(status, 0);
  });
});
