// TCP segments made of byte streams in any way that a network may deliver them, for tests of reassembly.

import * as fc from 'fast-check';
import { build, eth, type From, ipv4, seqAdd, tcp } from '../../protocols/index.js';

export interface Segment {
  readonly from: From;
  /** Place of its first byte in the stream. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** Both ends of a connection: what they count from, and the server's port. */
export interface Ends {
  readonly isn: readonly [number, number];
  readonly port: number;
}

const addresses = ['10.0.0.1', '10.0.0.2'] as const;
const CLIENT_PORT = 49152;

type Flags = { syn?: 1; ackFlag?: 1; rst?: 1; fin?: 1; ack?: number };

/** One frame of the connection. */
export function segmentFrame(ends: Ends, segment: Segment, flags: Flags = {}): Uint8Array {
  const { from, at, bytes } = segment;
  const other = from === 0 ? 1 : 0;
  const ports = [CLIENT_PORT, ends.port] as const;
  return build([
    eth(),
    ipv4({ src: addresses[from]!, dst: addresses[other]! }),
    tcp({
      srcPort: ports[from]!,
      dstPort: ports[other]!,
      seq: flags.syn ? ends.isn[from] : seqAdd(ends.isn[from], 1 + at),
      ...flags,
    }),
    bytes,
  ]).bytes;
}

const nothing = new Uint8Array(0);

/** The two frames with which a connection begins. */
export const opening = (ends: Ends): Uint8Array[] => [
  segmentFrame(ends, { from: 0, at: 0, bytes: nothing }, { syn: 1 }),
  segmentFrame(ends, { from: 1, at: 0, bytes: nothing }, { syn: 1, ackFlag: 1 }),
];

/** An acknowledgment of the peer's bytes up to `upTo`, without data. */
export const acknowledgment = (ends: Ends, from: From, at: number, upTo: number): Uint8Array =>
  segmentFrame(
    ends,
    { from, at, bytes: nothing },
    { ackFlag: 1, ack: seqAdd(ends.isn[from === 0 ? 1 : 0], 1 + upTo) },
  );

/** How one cut of a stream travels. */
interface Fate {
  readonly size: number;
  /** Bytes of its neighbours that it repeats. */
  readonly earlier: number;
  readonly later: number;
  /** How much later than its turn it comes, and comes again. */
  readonly delay: number;
  readonly again: number;
}

const fate = (largest: number): fc.Arbitrary<Fate> =>
  fc.record({
    size: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: largest })),
    earlier: fc.oneof(fc.constant(0), fc.nat({ max: 60 })),
    later: fc.oneof(fc.constant(0), fc.nat({ max: 60 })),
    delay: fc.oneof(fc.constant(0), fc.nat({ max: 8 })),
    again: fc.oneof(fc.constant(0), fc.nat({ max: 6 })),
  });

/** Segments of both streams in some order; together they carry every byte. */
export function anySegments(streams: readonly [Uint8Array, Uint8Array]): fc.Arbitrary<Segment[]> {
  const fates = fc.array(fate(1600), { minLength: 1, maxLength: 40 });
  return fc
    .tuple(fates, fates, fc.nat({ max: 20 }))
    .map(([a, b, lag]) =>
      [...schedule(0, streams[0], a, 0), ...schedule(1, streams[1], b, lag)]
        .sort((x, y) => x.due - y.due)
        .map(({ segment }) => segment),
    );
}

interface Scheduled {
  readonly due: number;
  readonly segment: Segment;
}

/** Fates are used again and again until the stream ends. */
function schedule(
  from: From,
  stream: Uint8Array,
  fates: readonly Fate[],
  lag: number,
): Scheduled[] {
  const scheduled: Scheduled[] = [];
  for (let at = 0, i = 0; at < stream.length; i++) {
    const { size, earlier, later, delay, again } = fates[i % fates.length]!;
    const first = Math.max(0, at - earlier);
    const bytes = stream.subarray(first, Math.min(stream.length, at + size + later));
    const segment = { from, at: first, bytes };
    scheduled.push({ due: i + lag + delay, segment });
    if (again > 0) scheduled.push({ due: i + lag + delay + again, segment });
    at += size;
  }
  return scheduled;
}
