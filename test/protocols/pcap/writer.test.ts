// What we write reads back the same; tshark says so too in test/judge/capture-files.test.ts.

import * as fc from 'fast-check';
import { LINKTYPE_INFINIBAND_FLOW } from '../../../protocols/index.js';
import { fromNanoseconds, PcapngWriter, PcapWriter } from '../../../protocols/pcap/index.js';
import { assert, spec } from '../../support/spec.js';
import { readAll, samples } from './support.js';

const bytesOf = ({ bytes, at = 0, end = bytes.length }: (typeof samples)[number]) => [
  ...bytes.subarray(at, end),
];

for (const order of ['be', 'le'] as const) {
  spec(`capture files written in ${order}`, (it) => {
    it('keep packets, lengths and nanoseconds in pcap', () => {
      const writer = new PcapWriter({ order, linkType: 247, fcsLength: 2 });
      for (const s of samples) writer.packet(s);
      const { records, damage } = readAll(writer.take());
      assert.is(damage, null);
      records.forEach((r, i) => {
        const s = samples[i]!;
        assert.equal(r.data, bytesOf(s));
        const nanos = BigInt(s.seconds ?? 0) * 1_000_000_000n + BigInt(s.nanoseconds ?? 0);
        assert.is(r.timestamp, nanos);
        assert.is(r.originalLength, s.originalLength ?? bytesOf(s).length);
        assert.is(r.linkType, 247);
        assert.is(r.fcsLength, 2);
      });
      assert.is(records.length, samples.length);
    });

    it('drop the nanoseconds where only microseconds are wanted', () => {
      const writer = new PcapWriter({ order, nanoseconds: false });
      writer.packet(samples[0]!);
      assert.is(readAll(writer.take()).records[0]?.timestamp, 1_700_000_000_123_456_000n);
    });

    it('keep everything that pcapng can say', () => {
      const writer = new PcapngWriter({ comments: ['one', 'two'], hardware: 'h' }, order);
      const id = writer.interface({ name: 'roce0', linkType: 1, offsetSeconds: 3600 });
      const other = writer.interface({ linkType: 247, snapLength: 2048 });
      const more = { comments: ['a', 'bcd', 'éclair'], flags: 0x82, dropCount: 2n ** 40n };
      writer.packet({ ...samples[0]!, ...more, interfaceId: other });
      writer.packet({ ...samples[0]!, interfaceId: id });
      const { records, file } = readAll(writer.take());
      const [told, plain] = records;
      assert.equal(told?.comments, more.comments);
      assert.is(told?.flags, 0x82);
      assert.is(told?.fcsLength, 4);
      assert.is(told?.dropCount, 2n ** 40n);
      assert.is(told?.linkType, 247);
      assert.is(plain?.timestamp, 1_700_000_000_123_456_789n);
      assert.is(plain?.fcsLength, -1);
      assert.equal(file?.comments, ['one', 'two']);
      assert.is(file?.interfaces[0]?.name, 'roce0');
      assert.is(file?.interfaces[1]?.snapLength, 2048);
    });

    it('keep any packet at any time', () => {
      const once = fc.property(
        fc.uint8Array({ maxLength: 70 }),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        (bytes, nanos) => {
          const writer = new PcapngWriter({}, order);
          writer.interface();
          writer.packet({ bytes, ...fromNanoseconds(nanos) });
          const [r] = readAll(writer.take(), 33).records;
          assert.equal(r?.data, [...bytes]);
          assert.is(r?.timestamp, nanos);
        },
      );
      fc.assert(once, { numRuns: 100 });
    });

    it('hold InfiniBand, and what its links say, in records of Endace', () => {
      const writer = new PcapngWriter({}, order);
      const data = writer.interface({ linkType: 247, erf: true });
      const flow = writer.interface({ linkType: LINKTYPE_INFINIBAND_FLOW, erf: true });
      const time = { seconds: 1_700_000_000, nanoseconds: 999_999_999 };
      for (let size = 6; size < 16; size++)
        for (const interfaceId of [data, flow])
          writer.packet({ bytes: new Uint8Array(size).fill(size), interfaceId, ...time });
      const { records, file } = readAll(writer.take(), 61);
      assert.equal(
        file?.interfaces.map(({ linkType }) => linkType),
        [197, 197],
      );
      assert.is(records.length, 20);
      records.forEach((r, i) => {
        const size = 6 + (i >> 1);
        assert.equal(r.data, Array(size).fill(size));
        assert.is(r.originalLength, size);
        assert.is(r.linkType, i % 2 === 0 ? 247 : LINKTYPE_INFINIBAND_FLOW);
        assert.is(r.timestamp, 1_700_000_000_999_999_999n);
      });
    });

    it('hand on other blocks whole', () => {
      const writer = new PcapngWriter({}, order);
      writer.block(10, Uint8Array.of(1, 2, 3, 4));
      const types: number[] = [];
      readAll(writer.take(), undefined, {
        skipped: ({ type, at, end }) => types.push(type, end - at),
      });
      assert.equal(types, [10, 16]);
    });
  });
}

spec('records of Endace in capture files', (it) => {
  const erf = (...head: number[]) => {
    const writer = new PcapWriter({ linkType: 197 });
    writer.packet({ bytes: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, ...head) });
    return readAll(writer.take()).records[0]!;
  };
  const extension = (first: number) => [first, 0, 0, 0, 0, 0, 0, 0];

  it('lose their extension headers and what fills them up', () => {
    const r = erf(0x95, 4, 0, 40, 0, 0, 0, 3, ...extension(0x81), ...extension(1), 7, 8, 9, 0, 0);
    assert.equal(r.data, [7, 8, 9]);
    assert.is(r.linkType, 247);
  });

  it('stay what they are where they carry something else, or end too soon', () => {
    for (const head of [
      [2, 4, 0, 19, 0, 0, 0, 3, 7, 8, 9],
      [0x95, 4, 0, 24, 0, 0, 0, 3, ...extension(0x81)],
      [21, 4, 0],
    ]) {
      const r = erf(...head);
      assert.is(r.linkType, 197);
      assert.is(r.data.length, 8 + head.length);
    }
  });
});

spec('PcapngWriter', (it) => {
  it('writes no record of Endace for what none carries', () => {
    const writer = new PcapngWriter();
    writer.interface({ linkType: 1, erf: true });
    assert.throws(() => writer.packet(samples[0]!), /no ERF record/);
  });

  it('refuses a packet of an interface that it did not describe', () => {
    assert.throws(() => new PcapngWriter().packet(samples[0]!), /not described/);
  });
});
