// What we write reads back the same; tshark says so too in test/judge/capture-files.test.ts.

import * as fc from 'fast-check';
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

spec('PcapngWriter', (it) => {
  it('refuses a packet of an interface that it did not describe', () => {
    assert.throws(() => new PcapngWriter().packet(samples[0]!), /not described/);
  });
});
