// A command of an RDMA queue: its receive buffer, its completion, and where its data is, here and at the host.

import { nvme } from '../../../../protocols/index.js';
import { SQE_SIZE } from '../../../../protocols/nvme/sqe-header.js';
import { largestTransfer, type TransportFacts } from '../port.js';
import { Request } from '../request.js';
import { STATUS } from '../status.js';
import { SGL_AT } from '../tcp/sgl.js';

const { SGLDataBlock, SGLKeyed } = nvme;

const DATA_BLOCK = 0;
const OFFSET = 1;
const KEYED = 4;
const INVALIDATE = 15;

export class Slot {
  readonly request = new Request();
  /** Of its data in the pool; -1: none. */
  place = -1;
  remoteAddr = 0n;
  rkey = 0;
  /** The key is to be invalidated with the response. */
  invalidates = false;
  isKeyed = false;
  /** READs that have not come yet. */
  reads = 0;

  constructor(readonly index: number) {}

  begin(): void {
    this.place = -1;
    this.rkey = 0;
    this.invalidates = false;
    this.isKeyed = false;
    this.reads = 0;
  }

  /** Finds where the data of its command is, of which `carried` bytes lie behind the entry at `at` in `b`. */
  map(transport: TransportFacts, b: Uint8Array, at: number, carried: number): void {
    const { request } = this;
    const { sqe } = request;
    const kind = SGLDataBlock.get.type(sqe, SGL_AT);
    const subtype = SGLDataBlock.get.subtype(sqe, SGL_AT);
    if (kind === DATA_BLOCK && subtype === OFFSET) {
      const offset = SGLDataBlock.get.addr(sqe, SGL_AT);
      const length = SGLDataBlock.get.length(sqe, SGL_AT);
      request.length = length;
      const isInside = offset + BigInt(length) <= BigInt(carried);
      if (!isInside || length > transport.inlineBytes)
        return request.fail(STATUS.sglOffsetInvalid, SGL_AT);
      if (length > 0 && request.direction !== 'from-host')
        return request.fail(STATUS.invalidField, SGL_AT);
      request.data = b;
      request.at = at + SQE_SIZE + Number(offset);
      return;
    }
    if (kind !== KEYED || (subtype !== INVALIDATE && subtype !== 0))
      return request.fail(STATUS.sglTypeInvalid, SGL_AT + SGLDataBlock.at.type);
    request.length = SGLKeyed.get.length(sqe, SGL_AT);
    if (request.length > largestTransfer(transport))
      return request.fail(STATUS.sglLengthInvalid, SGL_AT);
    this.isKeyed = request.length > 0;
    this.remoteAddr = SGLKeyed.get.addr(sqe, SGL_AT);
    this.rkey = SGLKeyed.get.key(sqe, SGL_AT);
    this.invalidates = subtype === INVALIDATE;
  }
}
