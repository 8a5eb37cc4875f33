// Files that Wireshark's tools wrote (test/captures/formats), and what no whole file has.

import * as fc from 'fast-check';
import {
  CaptureReader,
  describeDamage,
  PcapngWriter,
  PcapWriter,
} from '../../../protocols/pcap/index.js';
import {
  blockTypes,
  InterfaceDescription,
  ObsoletePacket,
  Option,
  optionCodes,
  SimplePacket,
} from '../../../protocols/pcap/pcapng-header.js';
import { captureBytes } from '../../support/capture.js';
import { assert, spec } from '../../support/spec.js';
import { readAll, samples } from './support.js';

const formats = ['micro.pcap', 'nano.pcap', 'modified.pcap', 'commented.pcapng', 'merged.pcapng'];
const read = (name: string, size?: number) => readAll(captureBytes(`formats/${name}`), size);
const first = read('micro.pcap');

spec('capture files of editcap and mergecap', (it) => {
  it('have the six frames at their microseconds, whatever the format', () => {
    assert.is(first.records.length, 6);
    assert.is(first.records[0]?.timestamp, 1_795_380_424_988_669_000n);
    assert.is(first.records[5]?.timestamp, 1_795_380_426_814_373_000n);
    for (const name of ['nano.pcap', 'modified.pcap', 'commented.pcapng', 'snapped.pcapng']) {
      const { records, damage } = read(name);
      assert.is(damage, null);
      const times = records.map((r) => [r.timestamp, r.originalLength]);
      const expected = first.records.map((r) => [r.timestamp, r.originalLength]);
      assert.equal(times, expected, name);
    }
  });

  it('have the same bytes', () => {
    for (const name of formats.slice(0, 4)) {
      const data = read(name).records.map((r) => r.data);
      assert.equal(
        data,
        first.records.map((r) => r.data),
        name,
      );
    }
    const cut = read('snapped.pcapng').records.map((r) => r.data);
    assert.equal(
      cut,
      first.records.map((r) => r.data.slice(0, 60)),
    );
  });

  it('read the same in chunks of any size', () => {
    for (const name of formats) {
      const whole = read(name);
      for (const size of [1, 2, 3, 7, 16, 61, 100, 333]) {
        assert.equal(read(name, size).records, whole.records, `${name} by ${size}`);
      }
    }
  });

  it('tell their comments', () => {
    const { records, file } = read('commented.pcapng');
    const comments = records.map((r) => r.comments);
    assert.equal(comments, [[], ['the second frame'], [], [], ['the fifth'], []]);
    assert.equal(file?.comments, ['cut by editcap']);
  });

  it('tell two interfaces apart', () => {
    const { records, file } = read('merged.pcapng');
    assert.is(file?.interfaces.length, 2);
    assert.equal(records.map((r) => r.interfaceId).sort(), [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
  });
});

/** Small files of both formats and orders, with all that we write. */
function written(): Uint8Array[] {
  return (['be', 'le'] as const).flatMap((order) => {
    const ng = new PcapngWriter({ comments: ['a', 'b'], application: 'test' }, order);
    ng.interface({ name: 'eth0', fcsLength: 4, offsetSeconds: -5 });
    ng.interface({ linkType: 247, description: 'InfiniBand' });
    for (const s of samples) ng.packet({ ...s, comments: ['x'], flags: 0x81, dropCount: 7n });
    ng.section({ system: 'none' });
    ng.interface();
    ng.packet(samples[0]!);
    const pcap = new PcapWriter({ order, fcsLength: 4 });
    for (const s of samples) pcap.packet(s);
    return [ng.take(), pcap.take()];
  });
}

spec('damaged capture files', (it) => {
  it('give every whole record first, then one error, for every prefix', () => {
    for (const bytes of written()) {
      const whole = readAll(bytes);
      assert.is(whole.damage, null);
      for (let n = 0; n < bytes.length; n++) {
        const { records, damage } = readAll(bytes.subarray(0, n), 50);
        const complete = whole.records.filter(
          (_, i) => (whole.records[i + 1]?.offset ?? bytes.length) <= n,
        );
        // Blocks without packets may lie between two records, so one more may be whole already.
        assert.equal(records.slice(0, complete.length), complete);
        assert.ok(records.length <= complete.length + 1);
        if (damage) assert.is(damage.code, 'truncated');
        if (damage) assert.ok(damage.offset <= n);
      }
    }
  });

  it('are told by what was read, where, and what was missing', () => {
    const bytes = captureBytes('formats/micro.pcap');
    const { damage } = readAll(bytes.subarray(0, bytes.length - 10));
    const said =
      'pcap record at byte 550 of the file: truncated: expected 86 bytes, found 76 before the file ends';
    assert.is(damage && describeDamage(damage), said);
  });

  it('need not be capture files', () => {
    assert.is(readAll(new Uint8Array(0)).damage?.code, 'truncated');
    assert.is(readAll(Uint8Array.of(1, 2, 3)).damage?.code, 'truncated');
    assert.is(readAll(new TextEncoder().encode('hello, world')).damage?.code, 'unsupported');
  });

  it('cannot claim records beyond the bound', () => {
    const bytes = captureBytes('formats/micro.pcap').slice();
    bytes[24 + 8 + 3] = 0x7f;
    const { damage, records } = readAll(bytes);
    assert.is(records.length, 0);
    assert.is(damage?.code, 'limit');
    assert.is(damage?.offset, 24 + 8);
  });

  it('never throw, whatever bytes are changed', () => {
    for (const bytes of written()) {
      const changes = fc.array(fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 })), {
        minLength: 1,
        maxLength: 8,
      });
      const once = fc.property(changes, fc.integer({ min: 1, max: 400 }), (list, size) => {
        const mutated = bytes.slice();
        for (const [at, value] of list) mutated[at] = value;
        for (const r of readAll(mutated, size).records) assert.ok(r.number >= 1);
      });
      fc.assert(once, { numRuns: 150 });
    }
  });

  it('never throw, whatever bytes stand behind the magic number', () => {
    const once = fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 3 }), (tail, n) => {
      const head = written()[n]!.subarray(0, 28);
      readAll(Uint8Array.of(...head, ...tail), 64);
    });
    fc.assert(once, { numRuns: 200 });
  });
});

/** The blocks that our writer does not write, by hand: an interface, and packets of older kinds. */
function oldBlocks(order: 'be' | 'le', tsresol: number): Uint8Array {
  const writer = new PcapngWriter({}, order);
  const option = Option[order].encode({ code: optionCodes.if_tsresol, length: 1 });
  const described = InterfaceDescription[order].encode({ linkType: 1, snapLen: 3 });
  writer.block(blockTypes.interface, Uint8Array.of(...described, ...option, tsresol, 0, 0, 0));
  const simple = SimplePacket[order].encode({ originalLength: 9 });
  writer.block(blockTypes.simplePacket, Uint8Array.of(...simple, 1, 2, 3, 0));
  const lengths = { capturedLength: 2, originalLength: 2 };
  const time = { timestampUpper: 1, timestampLower: 512 };
  const obsolete = ObsoletePacket[order].encode({ dropsCount: 0xffff, ...time, ...lengths });
  writer.block(blockTypes.obsoletePacket, Uint8Array.of(...obsolete, 7, 8, 0, 0));
  return writer.take();
}

spec('old kinds of packet blocks', (it) => {
  it('are read in both orders', () => {
    for (const order of ['be', 'le'] as const) {
      const [simple, obsolete] = readAll(oldBlocks(order, 6)).records;
      assert.equal(simple?.data, [1, 2, 3]);
      assert.is(simple?.originalLength, 9);
      assert.is(simple?.timed, false);
      assert.equal(obsolete?.data, [7, 8]);
      assert.is(obsolete?.timestamp, (2n ** 32n + 512n) * 1000n);
    }
  });

  it('have timestamps in powers of ten or of two', () => {
    const at = (tsresol: number) => readAll(oldBlocks('le', tsresol)).records[1]?.timestamp;
    const units = 2n ** 32n + 512n;
    assert.is(at(0), units * 1_000_000_000n);
    assert.is(at(9), units);
    assert.is(at(12), units / 1000n);
    assert.is(at(127), 0n);
    assert.is(at(0x80 | 10), (units * 1_000_000_000n) / 1024n);
    assert.is(at(0x80), units * 1_000_000_000n);
  });
});

spec('CaptureReader', (it) => {
  it('fills one record object again and again', () => {
    const reader = new CaptureReader();
    reader.push(captureBytes('formats/micro.pcap'));
    const { record } = reader;
    while (reader.next()) assert.is(reader.record, record);
    assert.is(record.number, 6);
  });

  it('refuses a chunk while the one before is not read to its end', () => {
    const reader = new CaptureReader();
    reader.push(captureBytes('formats/micro.pcap'));
    reader.next();
    assert.throws(() => reader.push(new Uint8Array(1)), /next\(\)/);
  });
});
