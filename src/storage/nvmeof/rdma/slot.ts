// A command of an RDMA queue: its receive buffer, its completion, and where its data is, here and at the host.

import { HalvesLE } from '../../../../protocols/core/hex.js';
import { nvme } from '../../../../protocols/index.js';
import { SQE_SIZE } from '../../../../protocols/nvme/sqe-header.js';
import { type Address, addressOf } from '../../../memory/index.js';
import { MutableSge, SendRequest } from '../../../rdma/index.js';
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
  readonly request: Request;
  /** Of its data in the pool; -1: none. */
  place = -1;
  remoteAddr: Address = 0;
  rkey = 0;
  /** The key is to be invalidated with the response. */
  invalidates = false;
  isKeyed = false;
  /** READs that have not come yet. */
  reads = 0;

  /** READs or WRITEs of its data, as many as a transfer ever took. */
  readonly #pieces: SendRequest[] = [];

  constructor(
    readonly index: number,
    /** What sends its completion. */
    readonly response: SendRequest,
  ) {
    this.request = new Request(index);
  }

  // hot
  piece(i: number): SendRequest {
    const known = this.#pieces[i];
    if (known) return known;
    const piece = new SendRequest('IBV_WR_RDMA_READ', 0, 0, [new MutableSge(0, 0, 0)]);
    piece.rdma = { remoteAddr: 0, rkey: 0 };
    this.#pieces.push(piece);
    return piece;
  }

  begin(): void {
    this.place = -1;
    this.rkey = 0;
    this.invalidates = false;
    this.isKeyed = false;
    this.reads = 0;
  }

  /** Finds where the data of its command is, of which `carried` bytes lie behind the entry in `b`. */
  map(transport: TransportFacts, b: Uint8Array, capsuleAt: number, carried: number): void {
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
      request.at = capsuleAt + SQE_SIZE + Number(offset);
      return;
    }
    if (kind !== KEYED || (subtype !== INVALIDATE && subtype !== 0))
      return request.fail(STATUS.sglTypeInvalid, SGL_AT + SGLDataBlock.at.type);
    request.length = SGLKeyed.get.length(sqe, SGL_AT);
    if (request.length > largestTransfer(transport))
      return request.fail(STATUS.sglLengthInvalid, SGL_AT);
    this.isKeyed = request.length > 0;
    const at = SGL_AT + SGLKeyed.at.addr;
    this.remoteAddr = addressOf(HalvesLE.get.high(sqe, at), HalvesLE.get.low(sqe, at));
    this.rkey = SGLKeyed.get.key(sqe, SGL_AT);
    this.invalidates = subtype === INVALIDATE;
  }
}
