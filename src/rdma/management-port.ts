// Queue pair 1 for whoever speaks management datagrams (IBA 13.4; docs/rdma-rules.md 5.7): MADs of 256 bytes go out to a
// path and come in with where they came from. Built on the verbs, as the kernel's MAD layer is.

import { type AhAttr, gidOf, isMapped } from './address.js';
import type { CompletionQueue, Wc } from './completion-queue.js';
import { IBV_SEND_SIGNALED, IBV_WC_GRH } from './constant.js';
import { GSI_QKEY } from './datagram.js';
import { IBV_ACCESS_LOCAL_WRITE } from './memory-parts.js';
import type { Ah, Context, Mr, Pd } from './objects.js';
import { postRecv, postSend } from './post-verbs.js';
import type { QueuePair } from './queue-pair.js';
import { createQp, modifyQp } from './queue-pair-verbs.js';
import { allocPd, createAh, createCq, destroyAh, pollCq, regMr } from './verbs.js';
import { GRH, IPv4 } from './wire.js';

export const MAD_BYTES = 256;
const GSI_QPN = 1;
/** MADs that may wait in either direction; Linux posts 512 receives (IB_MAD_QP_RECV_SIZE). */
const QUEUE = 128;
const SLOT = 512;
const NO_IPV4_AT = GRH.size - IPv4.size;

export interface ReceivedMad {
  /** The 256 bytes, valid until the next call. */
  readonly bytes: Uint8Array;
  /** The way back to the sender. */
  readonly from: AhAttr;
  /** The GID that it was sent to. */
  readonly localGid: Uint8Array | undefined;
  readonly srcQp: number;
}

export class ManagementPort {
  readonly qp: QueuePair;
  readonly pd: Pd;
  readonly #context: Context;
  readonly #cq: CompletionQueue;
  readonly #sendCq: CompletionQueue;
  readonly #base: bigint;
  readonly #memory: Uint8Array;
  readonly #mr: Mr;
  readonly #ahs: Ah[] = [];
  readonly #wc: Wc[] = [];
  #next = 0;

  constructor(context: Context) {
    this.#context = context;
    this.pd = allocPd(context);
    this.#cq = createCq(context, 2 * QUEUE);
    this.#sendCq = createCq(context, 2 * QUEUE);
    const length = 2 * QUEUE * SLOT;
    this.#base = context.space.allocate(length, { contiguous: true });
    this.#memory = context.space.bytes(this.#base, length);
    this.#mr = regMr(this.pd, this.#base, length, IBV_ACCESS_LOCAL_WRITE);
    this.qp = createQp(this.pd, {
      qpType: 'IBV_QPT_GSI',
      sendCq: this.#sendCq,
      recvCq: this.#cq,
      cap: { maxSendWr: QUEUE, maxRecvWr: QUEUE, maxSendSge: 1, maxRecvSge: 1, maxInlineData: 0 },
    });
    modifyQp(context, this.qp, { qpState: 'INIT', pkeyIndex: 0, qkey: GSI_QKEY });
    modifyQp(context, this.qp, { qpState: 'RTR' });
    modifyQp(context, this.qp, { qpState: 'RTS', sqPsn: 0 });
    for (let i = 0; i < QUEUE; i++) this.#post(i);
  }

  #list(slot: number, length: number) {
    return [{ addr: this.#base + BigInt(slot * SLOT), length, lkey: this.#mr.lkey }];
  }

  #post(slot: number): void {
    postRecv(this.#context, this.qp, { wrId: slot, sgList: this.#list(slot, SLOT) });
  }

  /** Sends a MAD; false when too many wait already. @throws UsageError when the path leads nowhere */
  send(to: AhAttr, mad: Uint8Array, remoteQpn = GSI_QPN): boolean {
    this.#reap();
    if (this.#ahs.length === QUEUE) return false;
    const ah = createAh(this.pd, to);
    const slot = QUEUE + this.#next;
    this.#next = (this.#next + 1) % QUEUE;
    this.#memory.fill(0, slot * SLOT, slot * SLOT + MAD_BYTES);
    this.#memory.set(mad.subarray(0, MAD_BYTES), slot * SLOT);
    postSend(this.#context, this.qp, {
      opcode: 'IBV_WR_SEND',
      sgList: this.#list(slot, MAD_BYTES),
      sendFlags: IBV_SEND_SIGNALED,
      ud: { ah, remoteQpn, remoteQkey: GSI_QKEY },
    });
    this.#ahs.push(ah);
    return true;
  }

  /** Address handles of what has been sent are done with. */
  #reap(): void {
    const count = pollCq(this.#context, this.#sendCq, QUEUE, this.#wc);
    for (const ah of this.#ahs.splice(0, count)) destroyAh(ah);
  }

  /** Has a MAD arrived? */
  // hot
  get waiting(): boolean {
    return this.#cq.peek() >= 0;
  }

  /** The next MAD; undefined when none waits. Others' sizes are dropped. */
  receive(): ReceivedMad | undefined {
    this.#reap();
    while (pollCq(this.#context, this.#cq, 1, this.#wc) === 1) {
      const [wc] = this.#wc;
      const slot = wc!.wrId;
      const at = slot * SLOT;
      const head = this.#memory.slice(at, at + GRH.size);
      const bytes = this.#memory.slice(at + GRH.size, at + GRH.size + MAD_BYTES);
      this.#post(slot);
      if (wc!.status !== 'IBV_WC_SUCCESS' || wc!.byteLen !== GRH.size + MAD_BYTES) continue;
      return { bytes, ...origin(this.#context, wc!, head), srcQp: wc!.srcQp };
    }
    return undefined;
  }
}

/** ib_init_ah_attr_from_wc: the way back, from the GRH or the IP header in front of the data. */
function origin(
  { device }: Context,
  wc: Wc,
  head: Uint8Array,
): { from: AhAttr; localGid: Uint8Array | undefined } {
  const link = { dlid: wc.slid, sl: wc.sl };
  if (Math.floor(wc.wcFlags / IBV_WC_GRH) % 2 === 0) return { from: link, localGid: undefined };
  const overIpv4 = IPv4.get.version(head, NO_IPV4_AT) === 4 && GRH.get.ipVer(head, 0) !== 6;
  const gid = (field: 'src' | 'dst'): Uint8Array => {
    if (!overIpv4) {
      const at = field === 'src' ? GRH.at.sgid : GRH.at.dgid;
      return head.slice(at, at + 16);
    }
    const mapped = gidOf('0.0.0.0');
    const at = NO_IPV4_AT + IPv4.at[field];
    mapped.set(head.subarray(at, at + 4), 12);
    return mapped;
  };
  const localGid = gid('dst');
  const sgidIndex = device.address.gids.findIndex(
    (g) => isMapped(g.bytes) === isMapped(localGid) && g.bytes.every((b, i) => b === localGid[i]),
  );
  const grh = { dgid: gid('src'), sgidIndex: Math.max(0, sgidIndex) };
  return { from: { ...link, grh }, localGid };
}
