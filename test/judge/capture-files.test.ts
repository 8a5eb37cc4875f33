// Capture files that we write, as tshark reads them.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PcapngWriter, PcapWriter } from '../../protocols/pcap/index.js';
import { capturedFrames } from '../support/capture.js';
import { assert, spec } from '../support/spec.js';
import { noTshark } from '../support/tshark.js';

const time = { seconds: 1_700_000_000, nanoseconds: 123_456_789 };
const [frame] = capturedFrames('rxe-v4.pcap').slice(27, 28);

/** What tshark tells of each packet of a file: the fields named, one packet a line. */
function told(file: Uint8Array, ...fields: string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'wireverbs-'));
  try {
    const path = join(folder, 'written');
    writeFileSync(path, file);
    const wanted = fields.flatMap((f) => ['-e', f]);
    const args = ['-n', '-r', path, '-T', 'fields', ...wanted];
    const { stdout, stderr, status } = spawnSync('tshark', args, { encoding: 'utf8' });
    assert.is(status, 0, stderr);
    return stdout.trimEnd().split('\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

spec('tshark reads what we write', (it) => {
  const where = (title: string, body: () => void) => {
    it.where(noTshark === '', noTshark, title, body);
  };
  const basics = ['frame.time_epoch', 'frame.len', 'frame.cap_len', 'infiniband.bth.psn'];
  const whole = '1700000000.123456789\t1082\t1082\t2341389';

  for (const order of ['be', 'le'] as const) {
    where(`in pcap, ${order}`, () => {
      const writer = new PcapWriter({ order });
      writer.packet({ bytes: frame!.bytes, ...time });
      writer.packet({ bytes: frame!.bytes, end: 60, originalLength: 1082, ...time });
      const cut = '1700000000.123456789\t1082\t60\t2341389';
      assert.equal(told(writer.take(), ...basics), [whole, cut]);
    });

    where(`in pcapng with its options, ${order}`, () => {
      const writer = new PcapngWriter({ comments: ['the file'], application: 'test' }, order);
      writer.interface({ name: 'first' });
      const second = writer.interface({ name: 'roce0', description: 'a port', offsetSeconds: -7 });
      const more = { comments: ['one', 'two'], flags: 2, interfaceId: second };
      writer.packet({ bytes: frame!.bytes, ...time, ...more });
      writer.section();
      writer.interface({ fcsLength: 0 });
      writer.packet({ bytes: frame!.bytes, ...time });
      const names = ['frame.interface_name', 'frame.comment', 'frame.packet_flags_direction'];
      const [a, b] = told(writer.take(), ...basics, ...names);
      assert.is(a, `${whole}\troce0\tone,two\t0x00000002`);
      // tshark 4.0 numbers interfaces over all sections and shows the first one's name here.
      assert.ok(b?.startsWith(whole));
    });

    where(`with the length of the FCS, ${order}`, () => {
      const withFcs = new Uint8Array([...frame!.bytes, 0x11, 0x22, 0x33, 0x44]);
      const pcap = new PcapWriter({ order, fcsLength: 4 });
      pcap.packet({ bytes: withFcs });
      assert.equal(told(pcap.take(), 'eth.fcs'), ['0x11223344']);
      const pcapng = new PcapngWriter({}, order);
      pcapng.interface({ fcsLength: 4 });
      pcapng.packet({ bytes: withFcs });
      assert.equal(told(pcapng.take(), 'eth.fcs'), ['0x11223344']);
    });
  }

  where('with microseconds, and another link type', () => {
    // Not InfiniBand's 247: tshark 4.0 refuses it.
    const writer = new PcapWriter({ nanoseconds: false, linkType: 101 });
    writer.packet({ bytes: frame!.bytes, at: 14, ...time });
    const [line] = told(writer.take(), 'frame.time_epoch', 'frame.len', 'infiniband.bth.psn');
    assert.is(line, '1700000000.123456000\t1068\t2341389');
  });
});
