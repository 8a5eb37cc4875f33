// NVMe/TCP PDUs as the target takes them (TCP Transport 1.0 3.6): what a common header must say before anything else
// of its PDU is believed, and what is sent when it does not.

import { crc32c } from '../../../../protocols/core/checksum/index.js';
import { nvme } from '../../../../protocols/index.js';
import { headerLength } from '../../../../protocols/nvme/tcp.js';

const { TCP } = nvme;

/** PDU types by name (3.6.1). */
export const PDU = {
  icReq: 0,
  icResp: 1,
  h2cTermReq: 2,
  c2hTermReq: 3,
  capsuleCmd: 4,
  capsuleResp: 5,
  h2cData: 6,
  c2hData: 7,
  r2t: 9,
} as const;

/** Fatal error statuses (3.6.2.4). */
export const FES = {
  headerField: 1,
  sequence: 2,
  headerDigest: 3,
  outOfRange: 4,
  limit: 5,
  unsupported: 6,
} as const;

export const IC_SIZE = 128;
export const DIGEST_SIZE = nvme.HDGST.size;
/** Headers with their digest: the largest is that of a command capsule. */
export const LARGEST_HEADER = 128;

/** Which digests a connection has agreed on. */
export interface Digests {
  readonly header: boolean;
  readonly data: boolean;
}

/** Why a connection ends (3.5): the status, and the place of the field or the digest that is wrong. */
export interface Fatal {
  readonly fes: number;
  readonly fei: number;
}

const fatal = (fes: number, fei: number): Fatal => ({ fes, fei });

/** What one end takes: the types, and how its data may lie. */
export interface Accepts {
  readonly types: readonly number[];
  /** Types that the other end sends at other times. */
  readonly untimely: readonly number[];
  /** Types that may carry data. */
  readonly data: readonly number[];
}

/** Holds the common header of a PDU to its rules; undefined when it keeps them. */
export function checkHeader(
  b: Uint8Array,
  accepts: Accepts,
  digests: Digests,
  most: number,
): Fatal | undefined {
  const { type, hlen, pdo, plen, hdgst, ddgst } = TCP.get;
  const kind = type(b, 0);
  if (accepts.untimely.includes(kind)) return fatal(FES.sequence, TCP.at.type);
  if (!accepts.types.includes(kind)) return fatal(FES.headerField, TCP.at.type);
  const size = headerLength(kind)!;
  if (hlen(b, 0) !== size) return fatal(FES.headerField, TCP.at.hlen);
  const isPlain = kind <= PDU.c2hTermReq;
  const wanted = isPlain ? { header: false, data: false } : digests;
  if ((hdgst(b, 0) === 1) !== wanted.header) return fatal(FES.headerField, TCP.at.hdgst);
  const head = size + (wanted.header ? DIGEST_SIZE : 0);
  const length = plen(b, 0);
  if (length > most) return fatal(FES.limit, TCP.at.plen);
  if (kind === PDU.h2cTermReq || kind === PDU.c2hTermReq)
    return length > head + LARGEST_HEADER || length < head
      ? fatal(FES.headerField, TCP.at.plen)
      : undefined;
  if (length === head) return undefined;
  if (!accepts.data.includes(kind) || length < head) return fatal(FES.headerField, TCP.at.plen);
  if ((ddgst(b, 0) === 1) !== wanted.data) return fatal(FES.headerField, TCP.at.ddgst);
  const tail = wanted.data ? DIGEST_SIZE : 0;
  const dataAt = pdo(b, 0);
  if (dataAt < head || dataAt + tail >= length) return fatal(FES.headerField, TCP.at.pdo);
  return undefined;
}

/** Where the data of a PDU lies. Both 0 where it has none. */
export function dataOf(b: Uint8Array): { readonly at: number; readonly length: number } {
  const { hlen, pdo, plen, hdgst, ddgst } = TCP.get;
  const head = hlen(b, 0) + (hdgst(b, 0) === 1 ? DIGEST_SIZE : 0);
  const length = plen(b, 0);
  if (length === head) return { at: 0, length: 0 };
  const at = pdo(b, 0);
  return { at, length: length - at - (ddgst(b, 0) === 1 ? DIGEST_SIZE : 0) };
}

// hot
/** A header of `type` with `data` bytes behind it, digests as agreed; `align` is what PDO must be a multiple of. */
export function newPdu(
  type: number,
  digests: Digests,
  data = 0,
  align = 1,
): { readonly bytes: Uint8Array; readonly dataAt: number } {
  const hlen = headerLength(type)!;
  const head = hlen + (digests.header ? DIGEST_SIZE : 0);
  const dataAt = Math.ceil(head / align) * align;
  const hasData = data > 0;
  const end = hasData ? dataAt + data + (digests.data ? DIGEST_SIZE : 0) : head;
  const bytes = new Uint8Array(end);
  const { set } = TCP;
  set.type(bytes, 0, type);
  set.hlen(bytes, 0, hlen);
  set.plen(bytes, 0, end);
  if (hasData) set.pdo(bytes, 0, dataAt);
  if (digests.header) set.hdgst(bytes, 0, 1);
  if (hasData && digests.data) set.ddgst(bytes, 0, 1);
  return { bytes, dataAt: hasData ? dataAt : 0 };
}

/** Puts the digests in, when all else is there. */
export function sealPdu(b: Uint8Array): void {
  const { hlen, hdgst, ddgst } = TCP.get;
  const head = hlen(b, 0);
  if (hdgst(b, 0) === 1) nvme.HDGST.set.digest(b, head, crc32c(b, 0, head));
  if (ddgst(b, 0) !== 1) return;
  const { at, length } = dataOf(b);
  nvme.DDGST.set.digest(b, at + length, crc32c(b, at, at + length));
}

/** A termination request that carries the header that it is about (3.6.2.4). */
export function termination(type: number, { fes, fei }: Fatal, about: Uint8Array): Uint8Array {
  const none = { header: false, data: false };
  const carried = about.subarray(0, LARGEST_HEADER);
  const { bytes } = newPdu(type, none, carried.length);
  nvme.C2HTermReq.encode({ fes, fei }, bytes, TCP.size);
  bytes.set(carried, bytes.length - carried.length);
  TCP.set.pdo(bytes, 0, 0);
  return bytes;
}
