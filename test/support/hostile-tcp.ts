// Segments that no honest TCP sends, but that lie near enough to a connection's numbers to matter.

import * as fc from 'fast-check';
import {
  type LayerInput,
  seqAdd,
  tcp,
  tcpOption,
  tcpSack,
  tcpSackBlock,
} from '../../protocols/index.js';

/** Around what both sides use: their numbers begin at 0. */
const near = fc.oneof(
  fc.integer({ min: -20, max: 10_010 }).map((n) => seqAdd(0, n)),
  fc.integer({ min: 0, max: 0xffffffff }),
);
const bit = fc.integer({ min: 0, max: 1 });
const rarely = fc.integer({ min: 0, max: 7 }).map((n) => (n === 0 ? 1 : 0));

const header = fc.record({
  seq: near,
  ack: near,
  window: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 65_535 })),
  urgentPointer: fc.integer({ min: 0, max: 65_535 }),
  ackFlag: fc.constant(1),
  psh: bit,
  urg: rarely,
  fin: rarely,
  syn: rarely,
  ece: bit,
  cwr: bit,
});

const options = fc.oneof(
  fc.constant<LayerInput[]>([]),
  fc
    .array(fc.tuple(near, near), { minLength: 1, maxLength: 4 })
    .map((blocks): LayerInput[] => [
      tcpSack(),
      ...blocks.map(([leftEdge, rightEdge]) => tcpSackBlock({ leftEdge, rightEdge })),
    ]),
  fc
    .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 255 }))
    .map(([kind, length]): LayerInput[] => [tcpOption({ kind, length, data: new Uint8Array(6) })]),
);

/** From port 4000 to port 80. */
const segment = fc
  .tuple(header, options, fc.integer({ min: 0, max: 1200 }))
  .map(([fields, more, size]): LayerInput[] => [
    tcp({ srcPort: 4000, dstPort: 80, ...fields }),
    ...more,
    new Uint8Array(size),
  ]);

export const fuzzed: fc.Arbitrary<LayerInput[][]> = fc.array(segment, { maxLength: 40 });
