// TCP conversations of a capture for tests of stream protocols: the bytes of both directions in capture order,
// retransmissions dropped. Not a reassembler: a gap ends the conversation, as in no capture here.

import { bindings } from '../../protocols/bindings.js';
import {
  type From,
  flag,
  formatIpv4,
  header,
  isMalformed,
  type Malformed,
  reserved,
  type StreamProtocol,
  type Unit,
  uint,
  word,
} from '../../protocols/core/index.js';
import { Walk } from '../../protocols/core/walk.js';
import { dissect, IPv4, ipv4 } from '../../protocols/index.js';
import type { CapturedFrame } from './capture.js';

const Segment = header('Segment', [
  uint(16, 'srcPort', 'source port'),
  uint(16, 'dstPort', 'destination port'),
  uint(32, 'seq', 'sequence number'),
  uint(32, 'ack', 'acknowledgment number'),
  word(uint(4, 'words', 'header length'), reserved(10), flag('syn', 'start'), reserved(1)),
]);

/** Bytes of one segment that were not there before. */
export interface Chunk {
  readonly from: From;
  readonly bytes: Uint8Array;
  /** Number of its frame in the capture, from 1. */
  readonly frame: number;
}

/** The conversations of the frames; the end that spoke first is 0. */
export function conversations(frames: readonly CapturedFrame[]): Chunk[][] {
  const found = new Map<string, { opener: string; next: number[]; chunks: Chunk[] }>();
  for (const { bytes, number: frame, linkType } of frames) {
    const ip = dissect(bytes, { linkType }).layers.find((layer) => layer.protocol === ipv4);
    if (ip?.number('protocol') !== 6) continue;
    const { get } = Segment;
    const at = ip.at + IPv4.size;
    const source = `${formatIpv4(ip.number('src'))}:${get.srcPort(bytes, at)}`;
    const target = `${formatIpv4(ip.number('dst'))}:${get.dstPort(bytes, at)}`;
    const key = [source, target].sort().join(' ');
    const known = found.get(key) ?? { opener: source, next: [], chunks: [] };
    found.set(key, known);
    const from: From = known.opener === source ? 0 : 1;
    const seq = get.seq(bytes, at);
    const data = bytes.subarray(at + get.words(bytes, at) * 4, ip.bodyEnd);
    if (get.syn(bytes, at) === 1) known.next[from] = (seq + 1) >>> 0;
    const old = ((known.next[from] ?? seq) - seq) | 0;
    if (data.length === 0 || old < 0 || old >= data.length) continue;
    known.chunks.push({ from, bytes: data.subarray(old), frame });
    known.next[from] = (seq + data.length) >>> 0;
  }
  return [...found.values()].map((c) => c.chunks).filter((chunks) => chunks.length > 0);
}

/** One dissected unit of a conversation. */
export interface FoundUnit {
  readonly from: From;
  /** Frame that completed it. */
  readonly frame: number;
  readonly unit: Unit;
  readonly walk: Walk;
  /** The unit without what its framing strewed into it. */
  readonly message: Walk | undefined;
}

export interface Followed {
  readonly units: readonly FoundUnit[];
  /** Why a direction could not be followed to its end. */
  readonly stops: readonly Malformed[];
  /** Bytes of both directions that wait for more. */
  readonly left: readonly [number, number];
}

/** Cuts a conversation into its units and dissects each, as whoever keeps streams does. */
export function follow(stream: StreamProtocol, chunks: readonly Omit<Chunk, 'frame'>[]): Followed {
  const framing = stream.open();
  const waiting: [Uint8Array, Uint8Array] = [new Uint8Array(), new Uint8Array()];
  const position = [0, 0];
  const units: FoundUnit[] = [];
  const stops: Malformed[] = [];
  const drain = (from: From, frame: number): void => {
    while (waiting[from].length > 0) {
      const bytes = waiting[from];
      const piece = { bytes, at: 0, end: bytes.length, from, position: position[from]! };
      const unit = framing.measure(piece);
      if (unit === null) return;
      if (isMalformed(unit)) {
        stops.push(unit);
        waiting[from] = new Uint8Array();
        return;
      }
      if (unit.size > bytes.length) return;
      const whole = { ...piece, end: unit.size };
      const copy = unit.message?.(whole);
      const message = copy && walkOf(copy.bytes, copy.bytes.length, { ...unit, ...copy });
      units.push({ from, frame, unit, walk: walkOf(bytes, unit.size, unit), message });
      framing.accept(whole, unit);
      waiting[from] = bytes.slice(unit.size);
      position[from]! += unit.size;
    }
  };
  for (const chunk of chunks) {
    const { from } = chunk;
    waiting[from] = Uint8Array.from([...waiting[from], ...chunk.bytes]);
    drain(from, (chunk as Chunk).frame);
    drain(from === 0 ? 1 : 0, (chunk as Chunk).frame);
  }
  return { units, stops, left: [waiting[0].length, waiting[1].length] };
}

function walkOf(bytes: Uint8Array, end: number, unit: Unit): Walk {
  const walk = new Walk(bytes, 0, end, bindings, {});
  walk.boundBy = unit.boundBy;
  walk.run(unit.protocol);
  return walk.finish();
}
