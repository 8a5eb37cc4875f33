// Walks the options of a TCP header (RFC 9293 3.1). Lengths that cannot be are reported, and the bytes are kept
// as a layer all the same, so that the layers tile the header whatever it holds.

import type { Protocol } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import * as option from './option.js';

/** How one kind is read. */
interface Row {
  readonly protocol: Protocol;
  /** Lengths that the kind can have: `least`, and so many steps of `step` bytes more up to `most`. */
  readonly least: number;
  readonly most: number;
  readonly step: number;
  /** Layers for what stands behind the option's head, in this order; the last one repeats. */
  readonly parts?: readonly Protocol[];
}

/** The longest option: 60 bytes of header less the fixed 20. */
const MOST = 40;

const exactly = (protocol: Protocol): Row => {
  const { size } = protocol.header;
  return { protocol, least: size, most: size, step: 1 };
};
const atLeast = (protocol: Protocol, least = protocol.header.size, most = MOST): Row => ({
  protocol,
  least,
  most,
  step: 1,
});

const counters0 = [option.tcpEe0b, option.tcpEceb, option.tcpEe1b];
const counters1 = [option.tcpEe1b, option.tcpEceb, option.tcpEe0b];

const rows: readonly (readonly [number, Row])[] = [
  [2, exactly(option.tcpMss)],
  [3, exactly(option.tcpWScale)],
  [4, exactly(option.tcpSackPermitted)],
  [5, { protocol: option.tcpSack, least: 10, most: 34, step: 8, parts: [option.tcpSackBlock] }],
  [8, exactly(option.tcpTimestamps)],
  [19, exactly(option.tcpMd5)],
  [28, exactly(option.tcpUserTimeout)],
  [29, atLeast(option.tcpAo)],
  [30, atLeast(option.tcpMptcp)],
  [34, atLeast(option.tcpFastOpen)],
  [172, { protocol: option.tcpAccEcn, least: 2, most: 11, step: 3, parts: counters0 }],
  [174, { protocol: option.tcpAccEcn, least: 2, most: 11, step: 3, parts: counters1 }],
  [253, atLeast(option.tcpExperiment)],
  [254, atLeast(option.tcpExperiment)],
];
const byKind: (Row | undefined)[] = Array.from({ length: 256 });
for (const [kind, row] of rows) byKind[kind] = row;

const EOL = 0;
const NOP = 1;
const { get } = option.TCPOption;

/** Takes the options from the cursor up to `end`, the header's end, which lies in the bytes. */
export function readOptions(walk: Walk, end: number): void {
  const { bytes } = walk;
  walk.depth++;
  while (walk.at < end) {
    const kind = get.kind(bytes, walk.at);
    if (kind === NOP) takePart(walk, option.tcpNop, 1);
    else if (kind === EOL) takePart(walk, option.tcpEol, end - walk.at);
    else readOption(walk, end, kind);
  }
  walk.depth--;
}

/** Always moves on, by the option's length or to the end. */
function readOption(walk: Walk, end: number, kind: number): void {
  const { bytes, at } = walk;
  const left = end - at;
  const least = option.TCPOption.size;
  const length = left < least ? 0 : get.length(bytes, at);
  if (length < least || length > left) {
    takePart(walk, option.tcpOptionRest, left);
    if (left < least) walk.fail('truncated', 'data', least, left);
    else if (length < least) walk.fail('bad-value', 'data', least, length);
    else walk.fail('length-conflict', 'data', length, left);
    return;
  }
  const row = rowOf(walk, kind, length);
  if (!row) return takePart(walk, option.tcpOption, length);
  if (length < row.least || length > row.most || (length - row.least) % row.step !== 0) {
    takePart(walk, option.tcpOption, length);
    walk.fail('bad-value', 'length', length < row.least ? row.least : row.most, length);
    return;
  }
  if (!row.parts) return takePart(walk, row.protocol, length);
  takePart(walk, row.protocol, row.protocol.header.size);
  for (let i = 0; walk.at < at + length; i++) {
    const part = row.parts[Math.min(i, row.parts.length - 1)]!;
    takePart(walk, part, part.header.size);
  }
}

/** Experiments are told apart by their identifier; one too short for it is kept as it is (RFC 6994 3). */
function rowOf(walk: Walk, kind: number, length: number): Row | undefined {
  const row = byKind[kind];
  if (row?.protocol !== option.tcpExperiment) return row;
  if (length < row.least) return undefined;
  const exId = option.TCPExperiment.get.exId(walk.bytes, walk.at);
  return exId === option.FAST_OPEN_EXPERIMENT ? fastOpenExperiment : row;
}

const fastOpenExperiment = atLeast(option.tcpFastOpenExperiment);

function takePart(walk: Walk, protocol: Protocol, size: number): void {
  walk.take(protocol, size);
  walk.last.bodyEnd = walk.at;
}
