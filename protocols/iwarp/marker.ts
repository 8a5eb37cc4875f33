// Putting markers into an FPDU and taking them out again (RFC 5044 4.3).

import { crc32c } from '../core/checksum/index.js';
import { MPACrc, MPAMarker } from './fpdu-part.js';
import { MARKER_INTERVAL, MARKER_SIZE, markedSize, toMarker } from './geometry.js';

/**
 * The FPDU `plain` as it goes out at `position` of a stream with markers; a marker that is due before its first
 * byte belongs to it. The CRC is that of the marked bytes, or zero where the connection uses none.
 */
export function withMarkers(plain: Uint8Array, position: number, crcInUse = true): Uint8Array {
  const marked = new Uint8Array(markedSize(position, plain.length));
  const fpduAt = toMarker(position) === 0 ? MARKER_SIZE : 0;
  let at = 0;
  for (let from = 0; from < plain.length; ) {
    if (toMarker(position + at) === 0) {
      MPAMarker.set.fpduPtr(marked, at, Math.max(0, at - fpduAt));
      at += MARKER_SIZE;
    }
    const to = Math.min(plain.length, from + toMarker(position + at));
    marked.set(plain.subarray(from, to), at);
    at += to - from;
    from = to;
  }
  const crcAt = marked.length - MPACrc.size;
  MPACrc.set.crc(marked, crcAt, crcInUse ? crc32c(marked, 0, crcAt) : 0);
  return marked;
}

/** The bytes from `at` to `end`, which begin at `position`, without their markers. */
export function withoutMarkers(
  bytes: Uint8Array,
  at: number,
  end: number,
  position: number,
): Uint8Array {
  const plain = new Uint8Array(end - at);
  let size = 0;
  for (let from = at; from < end; ) {
    if (toMarker(position + from - at) === 0) from += MARKER_SIZE;
    const to = Math.min(end, from + toMarker(position + from - at));
    if (from >= to) break;
    plain.set(bytes.subarray(from, to), size);
    size += to - from;
    from = to;
  }
  return plain.subarray(0, size);
}

/** Does every marker in a whole FPDU, which begins at `position`, say where the FPDU begins? */
export function markersAreRight(
  bytes: Uint8Array,
  at: number,
  end: number,
  position: number,
): boolean {
  const first = toMarker(position);
  const fpduAt = first === 0 ? at + MARKER_SIZE : at;
  for (let marker = at + first; marker < end; marker += MARKER_INTERVAL) {
    const pointer = MPAMarker.get.fpduPtr(bytes, marker);
    if (pointer !== Math.max(0, marker - fpduAt)) return false;
  }
  return true;
}
