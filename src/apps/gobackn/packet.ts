// What both sides of a message transfer over unreliable datagrams send each other: pieces of a message, and credits for more.

import { header, uint } from '../../../protocols/index.js';

/** In front of each piece, and alone as a credit. */
export const PieceHeader = header('PieceHeader', [
  uint(32, 'message', 'number of the message'),
  uint(32, 'piece', 'which of its pieces: of a credit, the one that has come'),
  uint(32, 'length', 'bytes of the whole message'),
  uint(32, 'kind', '0: a piece; 1: a credit'),
]);

export const PIECE = 0;
export const CREDIT = 1;

/** Bytes of one datagram, headers included: eRPC's MTU on InfiniBand (ib_transport.h: kMTU). */
export const DATAGRAM_BYTES = 3840;
export const PIECE_BYTES = DATAGRAM_BYTES - PieceHeader.size;

export const piecesOf = (length: number): number => Math.ceil(length / PIECE_BYTES);
