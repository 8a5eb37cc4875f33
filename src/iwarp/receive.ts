// MPA's half of receiving: FPDUs in the stream, whole ones only, with their CRC and their markers (RFC 5044 4 and 6).

import type { Nanos } from '../time/index.js';
import { receiveSegment } from './responder.js';
import type { Stream } from './stream.js';
import { terminate } from './terminate.js';
import {
  crc32c,
  MARKER_SIZE,
  MPA,
  MPACrc,
  markedSize,
  markersAreRight,
  padOf,
  toMarker,
  withoutMarkers,
} from './wire.js';

/** Takes bytes of a stream; says how many. None, where more of them are needed. */
// hot
export function take(s: Stream, b: Uint8Array, at: number, end: number, place: number): number {
  switch (s.phase) {
    case 'rts':
      if (s.held) return 0;
      return s.marksIn ? markedFpdu(s, b, at, end, place) : fpdu(s, b, at, end);
    case 'startup':
      return s.owner.startup(s, b, at, end, place);
    case 'ready':
      return 0;
    default:
      return end - at;
  }
}

// hot
function fpdu(s: Stream, b: Uint8Array, at: number, end: number): number {
  if (end - at < MPA.size) return 0;
  const length = MPA.get.length(b, at);
  const crcAt = at + MPA.size + length + padOf(length);
  const size = crcAt + MPACrc.size - at;
  if (end - at < size) return 0;
  const { now } = s.device;
  if (s.crc && crc32c(b, at, crcAt) !== MPACrc.get.crc(b, crcAt)) {
    terminate(s, now, 'bad-crc');
    return size;
  }
  deliver(s, b, at + MPA.size, length, now);
  return size;
}

function markedFpdu(s: Stream, b: Uint8Array, at: number, end: number, place: number): number {
  const position = place - s.inBase;
  const skip = toMarker(position) === 0 ? MARKER_SIZE : 0;
  if (end - at < skip + MPA.size) return 0;
  const length = MPA.get.length(b, at + skip);
  const size = markedSize(position, MPA.size + length + padOf(length) + MPACrc.size);
  if (end - at < size) return 0;
  const { now } = s.device;
  const crcAt = at + size - MPACrc.size;
  if (!markersAreRight(b, at, at + size, position)) terminate(s, now, 'marker-mismatch');
  else if (s.crc && crc32c(b, at, crcAt) !== MPACrc.get.crc(b, crcAt)) terminate(s, now, 'bad-crc');
  else {
    const plain = withoutMarkers(b, at, at + size, position);
    deliver(s, plain, MPA.size, length, now);
  }
  return size;
}

// hot
function deliver(s: Stream, b: Uint8Array, at: number, length: number, now: Nanos): void {
  if (!s.maySend) {
    s.maySend = true;
    s.device.activate(s.qp!);
    s.owner.changed(s);
  }
  receiveSegment(s, b, at, length, now);
}
