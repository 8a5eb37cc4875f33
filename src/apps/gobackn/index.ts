// Messages over unreliable datagrams, with go-back-N in software.

export { DATAGRAM_BYTES, PIECE_BYTES, PieceHeader, piecesOf } from './packet.js';
export { Transfer, type TransferOptions } from './transfer.js';
