// How MPA cuts a TCP stream: a request and a reply frame, then FPDUs. What the two frames agree on decides where
// markers stand and whether CRCs count (RFC 5044 7.1).

import { crc32c } from '../core/checksum/index.js';
import type { Malformed } from '../core/malformed.js';
import {
  type Framing,
  type From,
  type Piece,
  type StreamProtocol,
  type Unit,
  unmeasured,
} from '../core/stream.js';
import { DDPTagged } from './ddp.js';
import { type CrcUse, MPACrc } from './fpdu-part.js';
import { MARKER_SIZE, toMarker } from './geometry.js';
import { fpduProtocol, fpduSize, MPA, unmarkedFpdu } from './mpa.js';
import { MPAReply, MPARequest, mpaRep, mpaReq, replyKey, requestKey } from './mpa-startup.js';
import { rdmapOpcode } from './opcode.js';

/** What one end said in its start-up frame. */
interface Said {
  readonly request: boolean;
  readonly markers: boolean;
  readonly crc: boolean;
  readonly rejected: boolean;
  /** Bytes of this direction up to the first FPDU. */
  readonly fpduFrom: number;
}

/** How MPA cuts a TCP connection: requests and replies first, then FPDUs (RFC 5044, RFC 6581). */
export const mpaStream: StreamProtocol = {
  key: 'mpa',
  ports: [],
  recognise(piece) {
    const { bytes, at, end } = piece;
    const have = Math.min(end - at, requestKey.length);
    if (!begins(bytes, at, have, requestKey) && !begins(bytes, at, have, replyKey)) return false;
    return have === requestKey.length ? true : 'more';
  },
  open: () => new MpaFraming(),
};

function begins(bytes: Uint8Array, at: number, have: number, key: Uint8Array): boolean {
  for (let i = 0; i < have; i++) if (bytes[at + i] !== key[i]) return false;
  return true;
}

class MpaFraming implements Framing {
  readonly #said: [Said | undefined, Said | undefined] = [undefined, undefined];

  measure(piece: Piece): Unit | Malformed | null {
    if (!this.#said[piece.from]) return measureStartup(piece);
    return this.#measureFpdu(piece);
  }

  accept(piece: Piece, unit: Unit): void {
    if (this.#said[piece.from]) return;
    const { bytes, at, from, position } = piece;
    this.#said[from] = {
      request: unit.protocol === mpaReq,
      markers: MPARequest.get.m(bytes, at) === 1,
      crc: MPARequest.get.c(bytes, at) === 1,
      rejected: MPAReply.get.r(bytes, at) === 1 && unit.protocol === mpaRep,
      fpduFrom: position + unit.size,
    };
  }

  /** A whole FPDU without markers whose DDP header and CRC are right. */
  resume(piece: Piece): boolean {
    const { from, position } = piece;
    if (this.#said.some((said) => said?.rejected) || this.#said[other(from)]?.markers) return false;
    if (!isFpdu(piece, this.#crcUse() !== 'off')) return false;
    this.#said[from] ??= { ...unseen, fpduFrom: position };
    return true;
  }

  #measureFpdu(piece: Piece): Unit | Malformed | null {
    const { bytes, at, end, from, position } = piece;
    const own = this.#said[from]!;
    const peer = this.#said[other(from)];
    if (own.rejected || peer?.rejected) {
      return unmeasured(piece, 'unsupported', 'mpa-rep', 'r', 0, 1);
    }
    // An end that sets M wants markers in what it receives (RFC 5044 7.1.1).
    const place = peer?.markers ? position - own.fpduFrom : undefined;
    const lengthAt = at + (place !== undefined && toMarker(place) === 0 ? MARKER_SIZE : 0);
    if (end < lengthAt + MPA.size) return null;
    const size = fpduSize(MPA.get.length(bytes, lengthAt), place);
    const unit = { size, protocol: fpduProtocol(this.#crcUse(), place), boundBy: 'mpa.length' };
    if (place === undefined || size <= toMarker(place)) return unit;
    return {
      ...unit,
      message: (whole) => unmarkedFpdu(whole.bytes, whole.at, whole.at + size, place),
    };
  }

  /** CRC is used in both directions when one end asks for it. */
  #crcUse(): CrcUse {
    const [a, b] = this.#said;
    if (a?.crc || b?.crc) return 'on';
    return a && b ? 'off' : 'unknown';
  }
}

/** What an end may have said whose start-up frame was not seen. */
const unseen: Omit<Said, 'fpduFrom'> = {
  request: false,
  markers: false,
  crc: true,
  rejected: false,
};

function isFpdu({ bytes, at, end }: Piece, hasCrc: boolean): boolean {
  const ddpAt = at + MPA.size;
  if (end - at < MPA.size + DDPTagged.size) return false;
  const length = MPA.get.length(bytes, at);
  const size = fpduSize(length);
  const { dv, rv, opcode, tagged } = DDPTagged.get;
  const message = rdmapOpcode(opcode(bytes, ddpAt));
  if (length < DDPTagged.size || size > end - at || !message) return false;
  if (dv(bytes, ddpAt) !== 1 || rv(bytes, ddpAt) > 1) return false;
  if ((tagged(bytes, ddpAt) === 1) !== message.tagged) return false;
  const crcAt = at + size - MPACrc.size;
  return !hasCrc || MPACrc.get.crc(bytes, crcAt) === crc32c(bytes, at, crcAt);
}

const other = (from: From): From => (from === 0 ? 1 : 0);

function measureStartup(piece: Piece): Unit | Malformed | null {
  const { bytes, at, end } = piece;
  const have = Math.min(end - at, requestKey.length);
  const request = begins(bytes, at, have, requestKey);
  if (!request && !begins(bytes, at, have, replyKey)) {
    return unmeasured(piece, 'bad-value', 'mpa-req', 'key', requestKey[0]!, bytes[at]!);
  }
  if (end - at < MPARequest.size) return null;
  const protocol = request ? mpaReq : mpaRep;
  const size = MPARequest.size + MPARequest.get.pdLength(bytes, at);
  return { size, protocol, boundBy: `${protocol.key}.pdLength` };
}
