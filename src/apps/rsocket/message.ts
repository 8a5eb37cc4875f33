// What both ends of a stream over RDMA tell each other: where the receive buffer is, when they connect, and in immediate data what a
// WRITE has brought or freed. In the manner of librdmacm's rsocket.

import { header, uint } from '../../../protocols/index.js';

/** In the private data of connection management: a ring of bytes that the peer may write to, and how many WRITEs it may have under way. */
export const StreamOffer = header('StreamOffer', [
  uint(64, 'address', 'where the receive buffer begins'),
  uint(32, 'rkey', 'its key'),
  uint(32, 'bytes', 'its size'),
  uint(32, 'credits', 'WRITEs with immediate data that may be under way'),
]);

/** Immediate data: the highest bits say what it is, the others how much. */
const KIND_SPAN = 2 ** 29;
export const DATA = 0;
export const FREED = 2;
export const immediateOf = (kind: number, count: number): number => kind * KIND_SPAN + count;
export const kindOf = (immediate: number): number => Math.floor(immediate / KIND_SPAN);
export const countOf = (immediate: number): number => immediate % KIND_SPAN;
