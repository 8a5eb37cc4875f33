// The errors that end a stream, as a table: what Terminate says of each (RFC 5040 4.8, 7 and 8; RFC 5041 7; RFC 5044 8;
// RFC 6581 8), which headers it quotes, and the asynchronous event on the side that found it.

import type { AsyncEventType } from '../rdma/index.js';

const RDMA = 0;
const DDP = 1;
const LLP = 2;

export interface TerminateError {
  readonly layer: number;
  readonly etype: number;
  readonly code: number;
  /** Quotes the DDP segment's length and header, and of a Read Request its RDMAP header. */
  readonly quotes: boolean;
  readonly event: AsyncEventType;
}

const error = (
  layer: number,
  etype: number,
  code: number,
  event: AsyncEventType,
  quotes = true,
): TerminateError => ({ layer, etype, code, quotes, event });

const ACCESS = 'IBV_EVENT_QP_ACCESS_ERR';
const REQUEST = 'IBV_EVENT_QP_REQ_ERR';
const FATAL = 'IBV_EVENT_QP_FATAL';

export const terminateErrors = {
  // RDMAP: our own side failed.
  'local-catastrophe': error(RDMA, 0, 0, FATAL, false),
  // RDMAP: remote protection, of Read Requests, atomics, and rights.
  'source-stag': error(RDMA, 1, 0, ACCESS),
  'source-bounds': error(RDMA, 1, 1, ACCESS),
  'access-rights': error(RDMA, 1, 2, ACCESS),
  'source-not-associated': error(RDMA, 1, 3, ACCESS),
  'source-wraps': error(RDMA, 1, 4, ACCESS),
  'cannot-invalidate': error(RDMA, 1, 9, ACCESS),
  // RDMAP: remote operation.
  'rdmap-version': error(RDMA, 2, 5, REQUEST),
  'unexpected-opcode': error(RDMA, 2, 6, REQUEST),
  'stream-catastrophe': error(RDMA, 2, 7, FATAL),
  unspecified: error(RDMA, 2, 255, REQUEST),
  // DDP: tagged buffers.
  'sink-stag': error(DDP, 1, 0, ACCESS),
  'sink-bounds': error(DDP, 1, 1, ACCESS),
  'sink-not-associated': error(DDP, 1, 2, ACCESS),
  'sink-wraps': error(DDP, 1, 3, ACCESS),
  'ddp-version-tagged': error(DDP, 1, 4, REQUEST),
  // DDP: untagged buffers.
  'invalid-queue': error(DDP, 2, 1, REQUEST),
  'no-buffer': error(DDP, 2, 2, REQUEST),
  'msn-range': error(DDP, 2, 3, REQUEST),
  'invalid-offset': error(DDP, 2, 4, REQUEST),
  'too-long': error(DDP, 2, 5, REQUEST),
  'ddp-version-untagged': error(DDP, 2, 6, REQUEST),
  // MPA.
  'stream-lost': error(LLP, 0, 1, FATAL, false),
  'bad-crc': error(LLP, 0, 2, FATAL, false),
  'marker-mismatch': error(LLP, 0, 3, FATAL, false),
  'bad-startup': error(LLP, 0, 4, FATAL, false),
  'insufficient-ird': error(LLP, 0, 6, FATAL, false),
  'no-rtr': error(LLP, 0, 7, FATAL, false),
} as const satisfies Record<string, TerminateError>;

export type StreamError = keyof typeof terminateErrors;
