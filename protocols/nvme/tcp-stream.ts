// NVMe/TCP on a TCP connection: PDUs follow one another without gaps, each as long as its PLEN says.

import type { Malformed } from '../core/malformed.js';
import type { Framing, Piece, StreamProtocol, Unit } from '../core/stream.js';
import { headerLength, mayHaveData, nvmeTcp } from './tcp.js';
import { HDGST, NVMeTCP } from './tcp-header.js';

/**
 * Longer PDUs are refused. Data PDUs are bounded by MAXH2CDATA and MDTS only; Linux's target takes transfers
 * of 4 MiB at most, and this leaves as much again.
 */
export const MAX_PLEN = 8 << 20;

const { get } = NVMeTCP;

const bad = (
  piece: Piece,
  field: 'type' | 'hlen' | 'plen',
  need: number,
  have: number,
): Malformed => ({
  code: field === 'type' ? 'unsupported' : 'bad-value',
  layer: nvmeTcp.key,
  field,
  at: piece.at + NVMeTCP.at[field],
  need,
  have,
  boundBy: field === 'plen' ? 'MAX_PLEN' : 'stream',
});

function measure(piece: Piece): Unit | Malformed | null {
  const { bytes, at, end } = piece;
  if (end - at < NVMeTCP.size) return null;
  const type = get.type(bytes, at);
  if (headerLength(type) === undefined) return bad(piece, 'type', 0, type);
  const hlen = get.hlen(bytes, at);
  const plen = get.plen(bytes, at);
  if (hlen < NVMeTCP.size) return bad(piece, 'hlen', NVMeTCP.size, hlen);
  if (plen < hlen) return bad(piece, 'plen', hlen, plen);
  if (plen > MAX_PLEN) return bad(piece, 'plen', MAX_PLEN, plen);
  return { size: plen, protocol: nvmeTcp, boundBy: 'nvme-tcp.plen' };
}

/**
 * A connection begins with ICReq, and the other direction with ICResp: 128 bytes both, without flags. A
 * stream that was joined later is recognised by a header whose lengths are those of its type and flags.
 */
function recognise(piece: Piece): boolean | 'more' {
  const { bytes, at, end } = piece;
  if (end === at) return 'more';
  const hlen = headerLength(get.type(bytes, at));
  if (hlen === undefined) return false;
  if (end - at < NVMeTCP.size) return startsLike(piece, hlen) && 'more';
  if (get.hlen(bytes, at) !== hlen || NVMeTCP.read('reserved', bytes, at) !== 0) return false;
  const digest = get.hdgst(bytes, at) === 1 ? HDGST.size : 0;
  const plen = get.plen(bytes, at);
  const pdo = get.pdo(bytes, at);
  if (plen === hlen + digest) return pdo === 0 || pdo === plen;
  return mayHaveData(get.type(bytes, at)) && pdo >= hlen + digest && pdo < plen && plen <= MAX_PLEN;
}

/** Is what there is of the common header right for its type? */
function startsLike({ bytes, at, end }: Piece, hlen: number): boolean {
  const behindHlen = at + NVMeTCP.at.hlen + 1;
  return end < behindHlen || get.hlen(bytes, at) === hlen;
}

/** Nothing of the bytes before matters. */
const resume = (piece: Piece): boolean => recognise(piece) === true;

/** How NVMe/TCP cuts a connection into PDUs. */
export const nvmeTcpStream: StreamProtocol = {
  key: nvmeTcp.key,
  ports: [4420, 8009],
  recognise,
  open: (): Framing => ({ measure, accept: () => {}, resume }),
};
