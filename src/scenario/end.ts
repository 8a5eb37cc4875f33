// Everything that one side of a conversation needs, made in one go: a buffer that is registered, a completion queue, a
// queue pair. For scenarios that are about what happens between two of them.

import type { Host } from '../host/index.js';
import {
  IBV_ACCESS_LOCAL_WRITE,
  IBV_ACCESS_MW_BIND,
  IBV_ACCESS_REMOTE_ATOMIC,
  IBV_ACCESS_REMOTE_READ,
  IBV_ACCESS_REMOTE_WRITE,
} from '../memory/index.js';
import {
  allocPd,
  type CompletionQueue,
  type Context,
  createCq,
  createQp,
  emptyWc,
  type Mr,
  type Pd,
  pollCq,
  postRecv,
  postSend,
  type QpType,
  type QueuePair,
  regMr,
  type SendWr,
  type SgeInput,
  type Srq,
  type Wc,
} from '../rdma/index.js';
import type { Lab } from './lab.js';

/** What an end may have otherwise than usual. */
export interface EndOptions {
  readonly qpType?: QpType;
  /** Bytes of the registered buffer; 64 KiB unless given. */
  readonly bytes?: number;
  /** Rights to the buffer, IBV_ACCESS_*; all unless given. */
  readonly access?: number;
  /** Requests are taken from a queue that several queue pairs share. */
  readonly srq?: Srq;
  readonly pd?: Pd;
  readonly cq?: CompletionQueue;
  /** Entries of send and receive queue. */
  readonly depth?: number;
}

const DEFAULT_BYTES = 65_536;
const DEFAULT_DEPTH = 64;
const ALL =
  IBV_ACCESS_LOCAL_WRITE |
  IBV_ACCESS_REMOTE_WRITE |
  IBV_ACCESS_REMOTE_READ |
  IBV_ACCESS_REMOTE_ATOMIC |
  IBV_ACCESS_MW_BIND;
const MOST_COMPLETIONS = 256;

/** One side: its objects by libibverbs' names, and shortcuts for what is done most. */
export class End {
  readonly host: Host;
  readonly context: Context;
  readonly pd: Pd;
  readonly cq: CompletionQueue;
  readonly qp: QueuePair;
  readonly mr: Mr;
  /** Where the buffer begins, and the bytes that lie there. */
  readonly address: bigint;
  readonly bytes: Uint8Array;
  readonly #lab: Lab;

  constructor(lab: Lab, host: Host, options: EndOptions = {}) {
    const { bytes = DEFAULT_BYTES, depth = DEFAULT_DEPTH, qpType = 'IBV_QPT_RC', srq } = options;
    this.#lab = lab;
    this.host = host;
    this.context = options.pd?.context ?? lab.open(host);
    this.pd = options.pd ?? allocPd(this.context);
    this.cq = options.cq ?? createCq(this.context, 2 * depth);
    this.address = this.context.space.allocate(bytes);
    this.bytes = this.context.space.bytes(this.address, bytes);
    this.mr = regMr(this.pd, this.address, bytes, options.access ?? ALL);
    this.qp = createQp(this.pd, {
      qpType,
      sendCq: this.cq,
      recvCq: this.cq,
      cap: { maxSendWr: depth, maxRecvWr: depth, maxSendSge: 1, maxRecvSge: 1 },
      sqSigAll: true,
      ...(srq && { srq }),
    });
  }

  /** A part of the buffer as a scatter-gather element. */
  part(offset: number, length: number): SgeInput {
    return { addr: this.address + BigInt(offset), length, lkey: this.mr.lkey };
  }

  /** A place in the buffer as the other side names it. */
  remote(offset = 0): { readonly remoteAddr: bigint; readonly rkey: number } {
    return { remoteAddr: this.address + BigInt(offset), rkey: this.mr.rkey };
  }

  /** ibv_post_send. */
  send(wrs: SendWr | readonly SendWr[]): void {
    postSend(this.context, this.qp, wrs);
    this.#lab.settle(this.host);
  }

  /** ibv_post_recv of a part of the buffer. */
  receive(offset: number, length: number, wrId = 0): void {
    postRecv(this.context, this.qp, { wrId, sgList: [this.part(offset, length)] });
  }

  /** ibv_poll_cq until there is none left. */
  poll(): Wc[] {
    const wc = Array.from({ length: MOST_COMPLETIONS }, emptyWc);
    return wc.slice(0, pollCq(this.context, this.cq, MOST_COMPLETIONS, wc));
  }

  /** Writes text into the buffer; how many bytes it has. */
  write(offset: number, text: string): number {
    const bytes = new TextEncoder().encode(text);
    this.bytes.set(bytes, offset);
    return bytes.length;
  }

  /** Reads text from the buffer. */
  read(offset: number, length: number): string {
    return new TextDecoder().decode(this.bytes.slice(offset, offset + length));
  }
}
