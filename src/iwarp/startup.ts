// MPA's start-up frames (RFC 5044 7.1, RFC 6581 9): what one says, and what both come to. Pure functions; who sends them
// when is connector.ts's.

import type { IwarpOptions, Rtr } from './options.js';
import {
  MAX_PRIVATE_DATA,
  MPAEnhanced,
  MPAReply,
  MPARequest,
  replyKey,
  requestKey,
} from './wire.js';

/** IRD and ORD are 14 bits; all ones: the peer is to do without them (RFC 6581 9.1). */
export const MOST_DEPTH = 0x3fff;

export interface Startup {
  readonly markers: boolean;
  readonly crc: boolean;
  readonly reject: boolean;
  readonly revision: number;
  /** The IRD/ORD block, if there is one. */
  readonly enhanced: Enhanced | null;
  readonly privateData: Uint8Array;
}

export interface Enhanced {
  readonly ird: number;
  readonly ord: number;
  readonly peerToPeer: boolean;
  readonly bySend: boolean;
  readonly byWrite: boolean;
  readonly byRead: boolean;
}

/** 'more' when bytes are missing. */
export type ReadStartup = { readonly frame: Startup; readonly size: number } | 'more' | 'bad';

const NONE = new Uint8Array(0);

/** Reads a start-up frame; hostile bytes are 'bad' as soon as they can be told. */
export function readStartup(b: Uint8Array, at: number, end: number, isReply: boolean): ReadStartup {
  const key = isReply ? replyKey : requestKey;
  for (let i = 0; i < key.length && at + i < end; i++) if (b[at + i] !== key[i]) return 'bad';
  if (end - at < MPARequest.size) return 'more';
  const { get } = MPARequest; // the reply has the same fields at the same places
  const length = get.pdLength(b, at);
  const revision = get.rev(b, at);
  const isEnhanced = get.s(b, at) === 1;
  if (length > MAX_PRIVATE_DATA || revision < 1 || revision > 2) return 'bad';
  if (isEnhanced && (revision < 2 || length < MPAEnhanced.size)) return 'bad';
  const size = MPARequest.size + length;
  if (end - at < size) return 'more';
  const dataAt = at + MPARequest.size + (isEnhanced ? MPAEnhanced.size : 0);
  const frame: Startup = {
    markers: get.m(b, at) === 1,
    crc: get.c(b, at) === 1,
    reject: get.r(b, at) === 1,
    revision,
    enhanced: isEnhanced ? readEnhanced(b, at + MPARequest.size) : null,
    privateData: dataAt < at + size ? b.slice(dataAt, at + size) : NONE,
  };
  return { frame, size };
}

function readEnhanced(b: Uint8Array, at: number): Enhanced {
  const { get } = MPAEnhanced;
  return {
    ird: get.ird(b, at),
    ord: get.ord(b, at),
    peerToPeer: get.a(b, at) === 1,
    bySend: get.b(b, at) === 1,
    byWrite: get.c(b, at) === 1,
    byRead: get.d(b, at) === 1,
  };
}

export function writeStartup(frame: Startup, isReply: boolean, b: Uint8Array, at: number): number {
  const header = isReply ? MPAReply : MPARequest;
  const { enhanced, privateData } = frame;
  const pdLength = privateData.length + (enhanced ? MPAEnhanced.size : 0);
  const bit = (given: boolean) => (given ? 1 : 0);
  header.encode(
    {
      key: isReply ? replyKey : requestKey,
      m: bit(frame.markers),
      c: bit(frame.crc),
      r: bit(frame.reject),
      s: bit(enhanced !== null),
      rev: frame.revision,
      pdLength,
    },
    b,
    at,
  );
  let dataAt = at + header.size;
  if (enhanced) {
    const { ird, ord } = enhanced;
    const flags = {
      a: bit(enhanced.peerToPeer),
      b: bit(enhanced.bySend),
      c: bit(enhanced.byWrite),
      d: bit(enhanced.byRead),
    };
    MPAEnhanced.encode({ ...flags, ird, ord }, b, dataAt);
    dataAt += MPAEnhanced.size;
  }
  b.set(privateData, dataAt);
  return header.size + pdLength;
}

const plain: Omit<Enhanced, 'ird' | 'ord'> = {
  peerToPeer: false,
  bySend: false,
  byWrite: false,
  byRead: false,
};

/** The active side's request. */
export function requestOf(
  options: IwarpOptions,
  ird: number,
  ord: number,
  privateData: Uint8Array,
): Startup {
  const { crc, markers, revision, rtr } = options;
  const way = {
    peerToPeer: rtr !== 'none',
    bySend: rtr === 'send',
    byWrite: rtr === 'write',
    byRead: rtr === 'read',
  };
  const enhanced = revision === 2 ? { ird, ord, ...way } : null;
  return { crc, markers, revision, reject: false, enhanced, privateData };
}

/**
 * The passive side's reply. It asks for a CRC where the request did, takes writes before reads for the RTR message as
 * siw does, and names one of what was offered (RFC 6581 9.2).
 */
export function replyTo(
  request: Startup,
  options: IwarpOptions,
  ird: number,
  ord: number,
  privateData: Uint8Array,
): Startup {
  const asked = request.enhanced;
  const rtr = asked ? rtrOf(asked) : 'none';
  const way = {
    ...plain,
    peerToPeer: rtr !== 'none',
    byWrite: rtr === 'write',
    byRead: rtr === 'read',
    bySend: rtr === 'send',
  };
  return {
    crc: request.crc || options.crc,
    markers: options.markers,
    reject: false,
    revision: request.revision,
    enhanced: asked && { ird, ord, ...way },
    privateData,
  };
}

export const rejectionOf = (request: Startup, privateData: Uint8Array): Startup => ({
  crc: request.crc,
  markers: false,
  reject: true,
  revision: request.revision,
  enhanced: request.enhanced && { ...plain, ird: 0, ord: 0 },
  privateData,
});

/** Which RTR message two sides use. */
export function rtrOf({ peerToPeer, byWrite, byRead, bySend }: Enhanced): Rtr {
  if (!peerToPeer) return 'none';
  if (byWrite) return 'write';
  if (byRead) return 'read';
  return bySend ? 'send' : 'none';
}
