// NVMe/TCP on a TCP connection: PDUs follow one another without gaps, each as long as its PLEN says.

import type { Malformed } from '../core/malformed.js';
import type { Framing, Piece, StreamProtocol, Unit } from '../core/stream.js';
import { nvmeTcp } from './tcp.js';
import { ICReq, NVMeTCP, pduTypes } from './tcp-header.js';

/**
 * Longer PDUs are refused. Data PDUs are bounded by MAXH2CDATA and MDTS only; Linux's target takes transfers
 * of 4 MiB at most, and this leaves as much again.
 */
export const MAX_PLEN = 8 << 20;

const { get } = NVMeTCP;
const IC_SIZE = NVMeTCP.size + ICReq.size;

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
  if (!(type in pduTypes)) return bad(piece, 'type', 0, type);
  const hlen = get.hlen(bytes, at);
  const plen = get.plen(bytes, at);
  if (hlen < NVMeTCP.size) return bad(piece, 'hlen', NVMeTCP.size, hlen);
  if (plen < hlen) return bad(piece, 'plen', hlen, plen);
  if (plen > MAX_PLEN) return bad(piece, 'plen', MAX_PLEN, plen);
  return { size: plen, protocol: nvmeTcp, boundBy: 'nvme-tcp.plen' };
}

/** A connection begins with ICReq, and the other direction with ICResp: 128 bytes both, without flags. */
function recognise(piece: Piece): boolean | 'more' {
  const begin = NVMeTCP.encode({ type: piece.from, hlen: IC_SIZE, plen: IC_SIZE });
  const have = Math.min(piece.end - piece.at, begin.length);
  for (let i = 0; i < have; i++) if (piece.bytes[piece.at + i] !== begin[i]) return false;
  return have === begin.length || 'more';
}

export const nvmeTcpStream: StreamProtocol = {
  key: nvmeTcp.key,
  ports: [4420, 8009],
  recognise,
  open: (): Framing => ({ measure, accept: () => {} }),
};
