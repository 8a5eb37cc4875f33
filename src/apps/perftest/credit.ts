// Credits of bandwidth tests by SEND over iWARP, which has no RNR: the receiver writes how many messages it has taken
// into the sender's memory, and the sender keeps within the receive requests (perftest's send_rcredit).

import { header, uint } from '../../../protocols/core/index.js';
import { IBV_ACCESS_LOCAL_WRITE, IBV_ACCESS_REMOTE_WRITE } from '../../memory/index.js';
import { type Context, IBV_SEND_SIGNALED, type Pd, postSend, regMr } from '../../rdma/index.js';
import type { Flow } from './endpoint.js';
import type { PerftestParameters } from './parameters.js';

const Count = header('Count', [uint(32, 'taken', 'messages so far')], { order: 'le' });
/** The receiver tells of every so many of its requests (perftest's credit_cnt: a third). */
const SHARE = 3;
/** Credit messages have work request ids of their own. */
export const CREDIT_ID = 2 ** 31;
/** Credit messages under way at most, in send queues and their completion queue. */
export const CREDIT_ROOM = 2 * SHARE;

/** A sender's view of what its peer has taken, and a receiver's way to tell. */
export class Credits {
  /** Bytes that go inline. */
  static readonly bytes = Count.size;
  /** For the peer: where it is to write. */
  readonly remote: { readonly remoteAddr: bigint; readonly rkey: number };
  readonly every: number;
  readonly #bytes: Uint8Array;
  readonly #own = new Uint8Array(Count.size);

  constructor(
    readonly context: Context,
    pd: Pd,
    readonly p: PerftestParameters,
  ) {
    const length = p.qps * Count.size;
    const addr = context.space.allocate(length, { contiguous: true });
    const mr = regMr(pd, addr, length, IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE);
    this.#bytes = context.space.bytes(addr, length);
    this.remote = { remoteAddr: addr, rkey: mr.rkey };
    this.every = Math.max(1, Math.floor(p.rxDepth / SHARE));
  }

  /** May a flow that has sent `sent` messages send `count` more? */
  // hot
  allows({ index }: Flow, sent: number, count: number): boolean {
    return sent + count - Count.get.taken(this.#bytes, index * Count.size) <= this.p.rxDepth;
  }

  /** Tells the peer, when it is time to. */
  // hot
  tell({ index, qp, peer }: Flow, taken: number): boolean {
    if (taken % this.every !== 0 || !peer?.credits) return false;
    Count.set.taken(this.#own, 0, taken);
    const { remoteAddr, rkey } = peer.credits;
    postSend(this.context, qp, {
      wrId: CREDIT_ID,
      opcode: 'IBV_WR_RDMA_WRITE',
      sendFlags: IBV_SEND_SIGNALED,
      inlineData: this.#own,
      rdma: { remoteAddr: remoteAddr + BigInt(index * Count.size), rkey },
    });
    return true;
  }
}

/** SENDs without acknowledgement of the receiver's queue need credits; latency tests wait for each message anyway. */
export const needsCredits = (p: PerftestParameters): boolean =>
  p.wire === 'iwarp' && p.verb === 'send' && p.metric === 'bw';
