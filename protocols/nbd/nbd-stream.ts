// How NBD cuts its two streams. Nearly every message begins with a magic number and says its length; what does not
// follows from what went before: the client's flags, the answer to EXPORT_NAME, and the data of a simple reply, whose
// length only the open request knows.

import type { Malformed } from '../core/malformed.js';
import type { Protocol } from '../core/protocol.js';
import {
  type Framing,
  type Piece,
  type StreamProtocol,
  type Unit,
  unmeasured,
} from '../core/stream.js';
import {
  EXTENDED_REPLY_MAGIC,
  EXTENDED_REQUEST_MAGIC,
  INIT_PASSWD,
  OLDSTYLE_MAGIC,
  OPTION_MAGIC,
  OPTION_REPLY_MAGIC,
  REQUEST_MAGIC,
  SIMPLE_REPLY_MAGIC,
  STRUCTURED_REPLY_MAGIC,
} from './constant.js';
import {
  NBDClientFlags,
  NBDExport,
  NBDGreeting,
  NBDOldstyle,
  NBDZeroes,
  nbdClientFlags,
  nbdExport,
  nbdGreeting,
  nbdOldstyle,
} from './handshake.js';
import { NBDOption, nbdOption } from './option.js';
import { NBDOptionReply, nbdOptionReply } from './option-reply.js';
import {
  NBDChunk,
  NBDExtendedChunk,
  NBDSimpleReply,
  nbdChunk,
  nbdExtendedChunk,
  nbdReply,
} from './reply.js';
import {
  CMD_READ,
  hasPayload,
  NBDExtendedRequest,
  NBDRequest,
  nbdExtendedRequest,
  nbdRequest,
} from './request.js';
import { textBytes } from './text.js';

/** Open requests remembered at once; further ones are taken for requests whose simple reply has no data. */
export const NBD_MAX_OPEN_REQUESTS = 4096;

/** Data of one message beyond this is not waited for; nbdkit takes 64 MiB, qemu 32 MiB. */
export const NBD_MAX_MESSAGE = 64 * 1024 * 1024;

const initPasswd = textBytes(INIT_PASSWD);
const optionMagic = textBytes(OPTION_MAGIC);

const OPT_EXPORT_NAME = 1;
const OPT_STARTTLS = 5;
const REP_ACK = 1;

/** Does `piece` begin with those bytes, as far as it goes? */
function begins(piece: Piece, wanted: Uint8Array, skip = 0): boolean {
  const have = Math.min(piece.end - piece.at - skip, wanted.length);
  for (let i = 0; i < have; i++) if (piece.bytes[piece.at + skip + i] !== wanted[i]) return false;
  return have > 0;
}

/** Messages of the transmission phase begin with these. */
const transmission = [
  REQUEST_MAGIC,
  EXTENDED_REQUEST_MAGIC,
  SIMPLE_REPLY_MAGIC,
  STRUCTURED_REPLY_MAGIC,
  EXTENDED_REPLY_MAGIC,
];

const magicOf = (piece: Piece): number => NBDRequest.get.magic(piece.bytes, piece.at);

function recognise(piece: Piece): boolean | 'more' {
  const have = piece.end - piece.at;
  const long = optionMagic.length;
  if (begins(piece, initPasswd) || begins(piece, optionMagic)) return have >= long || 'more';
  if (have < NBDClientFlags.size) return 'more';
  if (transmission.includes(magicOf(piece))) return true;
  // A client: flags of which only two bits are defined, then an option.
  const { size } = NBDClientFlags;
  if (NBDClientFlags.read('reserved', piece.bytes, piece.at) !== 0) return false;
  if (have === size) return 'more';
  if (!begins(piece, optionMagic, size)) return false;
  return have >= size + long || 'more';
}

/** How NBD cuts a TCP connection: handshake, options, then requests and replies. */
export const nbdStream: StreamProtocol = {
  key: 'nbd',
  ports: [10809],
  recognise,
  open: () => new NbdFraming(),
};

class NbdFraming implements Framing {
  /** Data bytes of the simple reply that would answer each open request. */
  readonly #open = new Map<bigint, number>();
  #awaitsExport = false;
  #noZeroes = false;
  #tlsAsked = false;
  #tls = false;

  measure(piece: Piece): Unit | Malformed | null {
    if (this.#tls) return unmeasured(piece, 'unsupported', 'nbd-opt', 'option', 0, OPT_STARTTLS);
    const { bytes, at, end, from, position } = piece;
    if (end - at < NBDClientFlags.size) return null;
    if (begins(piece, initPasswd)) return measureGreeting(piece);
    if (begins(piece, optionMagic)) {
      return sized(piece, nbdOption, (get) => get(NBDOption.get.length));
    }
    const magic = magicOf(piece);
    switch (magic) {
      case REQUEST_MAGIC:
        return sized(piece, nbdRequest, (get) =>
          hasPayload(get(NBDRequest.get.type), 0) ? get(NBDRequest.get.length) : 0,
        );
      case EXTENDED_REQUEST_MAGIC:
        return sized(piece, nbdExtendedRequest, (get) =>
          hasPayload(get(NBDExtendedRequest.get.type), get(NBDExtendedRequest.get.payloadLen))
            ? get(NBDExtendedRequest.get.length)
            : 0,
        );
      case SIMPLE_REPLY_MAGIC:
        return sized(piece, nbdReply, (get) => this.#simpleData(get));
      case STRUCTURED_REPLY_MAGIC:
        return sized(piece, nbdChunk, (get) => get(NBDChunk.get.length));
      case EXTENDED_REPLY_MAGIC:
        return sized(piece, nbdExtendedChunk, (get) => get(NBDExtendedChunk.get.length));
    }
    if (from === 0 && position === 0) return fixed(nbdClientFlags);
    if (end - at < 8) return null;
    if (NBDOptionReply.get.magic(bytes, at) === OPTION_REPLY_MAGIC) {
      return sized(piece, nbdOptionReply, (get) => get(NBDOptionReply.get.length));
    }
    if (this.#awaitsExport && from === 1) {
      return fixed(nbdExport, NBDExport.size + (this.#noZeroes ? 0 : NBDZeroes.size));
    }
    return unmeasured(piece, 'bad-value', 'nbd-request', 'magic', REQUEST_MAGIC, magic);
  }

  accept({ bytes, at }: Piece, { protocol }: Unit): void {
    if (protocol === nbdRequest) {
      const { get } = NBDRequest;
      const data = get.type(bytes, at) === CMD_READ ? get.length(bytes, at) : 0;
      if (this.#open.size < NBD_MAX_OPEN_REQUESTS) this.#open.set(get.cookie(bytes, at), data);
    } else if (protocol === nbdReply) {
      this.#open.delete(NBDSimpleReply.get.cookie(bytes, at));
    } else if (protocol === nbdChunk && NBDChunk.get.done(bytes, at) === 1) {
      this.#open.delete(NBDChunk.get.cookie(bytes, at));
    } else if (protocol === nbdClientFlags) {
      this.#noZeroes = NBDClientFlags.get.noZeroes(bytes, at) === 1;
    } else if (protocol === nbdExport) {
      this.#awaitsExport = false;
    } else if (protocol === nbdOption) {
      const option = NBDOption.get.option(bytes, at);
      this.#awaitsExport = option === OPT_EXPORT_NAME;
      this.#tlsAsked ||= option === OPT_STARTTLS;
    } else if (protocol === nbdOptionReply && this.#tlsAsked) {
      const { get } = NBDOptionReply;
      // What follows is TLS, in both directions.
      this.#tls = get.option(bytes, at) === OPT_STARTTLS && get.type(bytes, at) === REP_ACK;
    }
  }

  /** Messages of the transmission phase begin with a magic number; of those before, none is taken for one. */
  resume(piece: Piece): boolean {
    if (this.#tls || piece.end - piece.at < NBDClientFlags.size) return false;
    return transmission.includes(magicOf(piece));
  }

  #simpleData(get: Reader): number {
    if (get(NBDSimpleReply.get.error) !== 0) return 0;
    return this.#open.get(get(NBDSimpleReply.get.cookie)) ?? 0;
  }
}

/** Reads a field of the message at hand. */
type Reader = <V extends number | bigint>(getter: (b: Uint8Array, at: number) => V) => V;

/** A message with data behind its header; null until the header is there. */
function sized(
  piece: Piece,
  protocol: Protocol,
  dataOf: (get: Reader) => number | bigint,
): Unit | Malformed | null {
  const { size } = protocol.header;
  if (piece.end - piece.at < size) return null;
  const data = Number(dataOf((getter) => getter(piece.bytes, piece.at)));
  if (data > NBD_MAX_MESSAGE)
    return unmeasured(piece, 'limit', protocol.key, 'length', NBD_MAX_MESSAGE, data);
  return { size: size + data, protocol, boundBy: `${protocol.key}.length` };
}

const fixed = (protocol: Protocol, size = protocol.header.size): Unit => ({
  size,
  protocol,
  boundBy: protocol.key,
});

function measureGreeting(piece: Piece): Unit | Malformed | null {
  const { bytes, at, end } = piece;
  const { size } = NBDGreeting;
  if (end - at < size) return null;
  if (begins(piece, optionMagic, initPasswd.length)) return fixed(nbdGreeting);
  const magic = NBDOldstyle.get.magic(bytes, at);
  if (magic === OLDSTYLE_MAGIC) return fixed(nbdOldstyle);
  return unmeasured(
    piece,
    'bad-value',
    'nbd-greeting',
    'magic',
    Number(OLDSTYLE_MAGIC),
    Number(magic),
  );
}
