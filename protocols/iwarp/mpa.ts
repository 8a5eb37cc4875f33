// FPDUs (RFC 5044 4): length, ULPDU, pad and CRC, cut by markers where the receiver asked for them. What a
// connection uses is agreed before its first FPDU, so there is one protocol object for each agreement and place
// between markers; all of them have the same header and key.

import { uint } from '../core/field.js';
import { header } from '../core/header.js';
import type { Layer } from '../core/layer.js';
import { payload } from '../core/payload.js';
import { type Protocol, type ProtocolOptions, protocol } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import { DDPUntagged, ddpAt, ddpUntagged } from './ddp.js';
import { type CrcUse, type FpduProtocol, MPACrc, mpaCrc, mpaMarker, mpaPad } from './fpdu-part.js';
import { MARKER_INTERVAL, MARKER_SIZE, markedSize, padOf, toMarker } from './geometry.js';
import { withoutMarkers } from './marker.js';
import { behindDdp } from './next.js';
import { rdmapTerminate } from './terminate.js';

export const MPA = header(
  'MPA',
  [
    uint(16, 'length', 'ULPDU, without pad, CRC and markers', {
      unit: 'bytes',
      alias: 'iwarp_mpa.ulpdulength',
    }),
  ],
  { family: 'iwarp', title: 'MPA FPDU', section: 'RFC 5044 4.1' },
);

const options: ProtocolOptions = {
  label: 'MPA',
  derive: {
    length: { kind: 'length', value: ({ layers }, index) => ulpduLength(layers, index) },
  },
  trailers: [
    { protocol: mpaPad, size: (_owner, body) => padOf(body) },
    { protocol: mpaCrc, size: () => MPACrc.size },
  ],
};

/** An FPDU without markers, its agreement unknown; also what makes FPDUs to be built. */
export const mpa = protocol(MPA, {
  ...options,
  read: (walk): Protocol | null | undefined => readFpdu(walk, mpa),
});

const variants = new Map<string, FpduProtocol>();

/**
 * The protocol of an FPDU under an agreement. `position` is where its first byte stands (geometry.ts) in a
 * stream with markers, undefined where there are none.
 */
export function fpduProtocol(crcUse: CrcUse, position?: number): Protocol {
  // Only the place between two markers matters, which bounds the table.
  const phase = position === undefined ? undefined : position % MARKER_INTERVAL;
  const name = `${crcUse} ${phase}`;
  const known = variants.get(name);
  if (known) return known;
  const plain: Protocol = protocol(MPA, {
    ...options,
    read: (walk) =>
      phase === undefined ? readFpdu(walk, made) : readMarkedFpdu(walk, made, phase),
  });
  const made: FpduProtocol = Object.assign(plain, { crcUse });
  variants.set(name, made);
  return made;
}

/** Bytes of an FPDU of that ULPDU length, markers included if there are any. */
export function fpduSize(ulpdu: number, position?: number): number {
  const plain = MPA.size + ulpdu + padOf(ulpdu) + MPACrc.size;
  return position === undefined ? plain : markedSize(position, plain);
}

/** The header's length without the trailers and markers inside. */
function ulpduLength(layers: readonly Layer[], index: number): number {
  const fpdu = layers[index]!;
  let length = fpdu.bodyEnd - fpdu.end;
  for (let i = index + 1; i < layers.length && layers[i]!.at < fpdu.bodyEnd; i++) {
    const { protocol: inner, at, end } = layers[i]!;
    if (inner === mpaMarker || inner === mpaPad || inner === mpaCrc) length -= end - at;
  }
  return length;
}

function readFpdu(walk: Walk, own: Protocol): Protocol | null | undefined {
  const at = walk.take(own);
  if (at < 0) return null;
  const length = MPA.get.length(walk.bytes, at);
  const owner = walk.layers.length - 1;
  if (walk.limit(at + fpduSize(length), 'mpa.length')) {
    walk.trailer(mpaCrc, MPACrc.size, owner);
    if (padOf(length) > 0) walk.trailer(mpaPad, padOf(length), owner);
  }
  // An FPDU without a ULPDU may open a peer-to-peer connection (RFC 6581 9.2).
  return walk.left > 0 ? ddpAt(walk) : undefined;
}

/** Markers are layers of their own that cut the ULPDU; DDP is dissected where its headers lie in one piece. */
function readMarkedFpdu(walk: Walk, own: Protocol, phase: number): null {
  const start = walk.at;
  const dueAt = (at: number) => at + toMarker(phase + at - start);
  if (dueAt(start) === start && walk.take(mpaMarker) < 0) return null;
  const at = walk.take(own);
  if (at < 0) return null;
  let ulpdu = MPA.get.length(walk.bytes, at);
  if (!walk.limit(start + fpduSize(ulpdu, phase), 'mpa.length')) return null;
  walk.trailer(mpaCrc);
  const first = walk.at;
  while (walk.left > 0) {
    const due = dueAt(walk.at);
    if (due === walk.at) {
      if (walk.take(mpaMarker) < 0) return null;
      continue;
    }
    // ULPDU and pad up to the marker; one of them may be missing.
    const data = Math.min(ulpdu, Math.min(due, walk.boundary) - walk.at);
    const pad = Math.min(due, walk.boundary) - walk.at - data;
    if (walk.at === first && data > 0 && headersFit(walk.bytes, walk.at, data, ulpdu)) {
      walk.within(walk.at + data, 'mpa.marker', ddpAt(walk));
    } else if (data > 0) {
      if (walk.at === first) walk.notes.push('mpa: a marker cuts the headers of this FPDU');
      walk.take(payload, data);
    }
    if (pad > 0) walk.take(mpaPad, pad);
    ulpdu -= data;
  }
  return null;
}

/** Do all headers at `at` lie within the first `piece` bytes of the ULPDU? */
function headersFit(bytes: Uint8Array, at: number, piece: number, ulpdu: number): boolean {
  if (piece >= ulpdu) return true;
  const ddp = ddpAt({ bytes, at });
  if (ddp !== ddpUntagged || piece < ddp.header.size) return piece >= ddp.header.size;
  const next = behindDdp(DDPUntagged.get.opcode(bytes, at));
  // What a Terminate quotes may take all of it.
  if (next === rdmapTerminate) return false;
  return piece >= ddp.header.size + (next?.header.size ?? 0);
}

/**
 * A whole FPDU with markers as it is without them, where they cut its headers; else undefined. Its CRC covers
 * the markers and cannot be verified in the copy.
 */
export function unmarkedFpdu(
  bytes: Uint8Array,
  at: number,
  end: number,
  position: number,
): { readonly bytes: Uint8Array; readonly protocol: Protocol } | undefined {
  const fpduAt = at + (toMarker(position) === 0 ? MARKER_SIZE : 0);
  const ulpduAt = fpduAt + MPA.size;
  const piece = toMarker(position + ulpduAt - at);
  if (headersFit(bytes, ulpduAt, piece, MPA.get.length(bytes, fpduAt))) return undefined;
  return { bytes: withoutMarkers(bytes, at, end, position), protocol: fpduProtocol('off') };
}
