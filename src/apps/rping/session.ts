// What both sides of rping need of a connection: queue pair and buffers, completions that are waited for by events as
// rping does, and the end of it when the peer hangs up. A failure is a sentence, and ends the session.

import type { Thread, Wait } from '../../cpu/index.js';
import { type Computer, ConnectionWatch, makeReady } from '../../host/index.js';
import type { CmId, QueuePairSettings } from '../../rdma/cm/index.js';
import {
  allocPd,
  type Context,
  createQp,
  deallocPd,
  deregMr,
  destroyQp,
  IBV_SEND_SIGNALED,
  type Mr,
  modifyQp,
  type Pd,
  postRecv,
  postSend,
  type QueuePair,
  regMr,
  type SendWr,
  type Wc,
} from '../../rdma/index.js';
import { type Nanos, NEVER } from '../../time/index.js';
import { RpingInfo } from './message.js';

/** RPING_SQ_DEPTH; one receive is posted at a time. */
const SEND_QUEUE = 16;
const RECEIVE_QUEUE = 2;
const LOCAL_WRITE = 1;
const RIGHTS = 7; // local write, remote write and remote read
/** Completions taken at a time. */
const BATCH = 4;

/** A buffer with its region. */
export interface Buffer {
  readonly addr: bigint;
  readonly bytes: Uint8Array;
  readonly mr: Mr;
}

/** Where a buffer of the peer's is. */
export interface Remote {
  readonly remoteAddr: bigint;
  readonly rkey: number;
  readonly size: number;
}

export class Session {
  readonly watch: ConnectionWatch;
  /** The peer hung up, or nothing more can be done. */
  over = false;
  failure = '';
  /** What the peer said, in order. */
  readonly infos: Remote[] = [];
  /** Completions so far, by what they complete. */
  readonly done = { IBV_WC_SEND: 0, IBV_WC_RDMA_READ: 0, IBV_WC_RDMA_WRITE: 0 };
  readonly context: Context;
  readonly qp: QueuePair;
  readonly received: Buffer;
  readonly sent: Buffer;
  /** Where the data goes to and comes from. */
  readonly data: Buffer;
  readonly #pd: Pd;
  readonly #buffers: Buffer[] = [];

  constructor(
    readonly host: Computer,
    readonly thread: Thread,
    readonly size: number,
  ) {
    this.context = host.open(thread);
    this.#pd = allocPd(this.context);
    this.watch = new ConnectionWatch({
      host,
      thread,
      context: this.context,
      entries: 2 * SEND_QUEUE,
      batch: BATCH,
      completed: (wc) => this.#completed(wc),
      hungUp: () => {
        this.over = true;
      },
    });
    this.qp = createQp(this.#pd, {
      qpType: 'IBV_QPT_RC',
      sendCq: this.watch.cq,
      recvCq: this.watch.cq,
      cap: { maxSendWr: SEND_QUEUE, maxRecvWr: RECEIVE_QUEUE, maxSendSge: 1, maxRecvSge: 1 },
    });
    this.received = this.buffer(RpingInfo.size, LOCAL_WRITE);
    this.sent = this.buffer(RpingInfo.size, 0);
    this.data = this.buffer(size, RIGHTS);
  }

  buffer(size: number, rights = RIGHTS): Buffer {
    const { space } = this.host;
    const addr = space.allocate(size, { contiguous: true });
    const mr = regMr(this.#pd, addr, size, rights);
    const buffer = { addr, bytes: space.bytes(addr, size), mr };
    this.#buffers.push(buffer);
    return buffer;
  }

  /** The queue pair as the settings say, with a receive request posted. False when the peer cannot be reached. */
  *ready(settings: QueuePairSettings): Generator<Wait, boolean, void> {
    if (!(yield* makeReady(this.host, this.thread, this.qp, settings, RIGHTS))) return false;
    this.#expectInfo();
    return true;
  }

  #expectInfo(): void {
    postRecv(this.context, this.qp, { sgList: [listOf(this.received, RpingInfo.size)] });
  }

  /** Tells the peer where a buffer is; of none, that it may go on. */
  *tell(buffer?: Buffer): Generator<Wait, void, void> {
    const size = buffer ? this.size : 0;
    const fields = buffer ? { buf: buffer.addr, rkey: buffer.mr.rkey, size } : {};
    RpingInfo.encode(fields, this.sent.bytes);
    yield* this.post({ opcode: 'IBV_WR_SEND', sgList: [listOf(this.sent, RpingInfo.size)] });
  }

  *move(
    opcode: 'IBV_WR_RDMA_READ' | 'IBV_WR_RDMA_WRITE',
    remote: Remote,
    length: number,
  ): Generator<Wait, void, void> {
    yield* this.post({ opcode, rdma: remote, sgList: [listOf(this.data, length)] });
  }

  *post(wr: SendWr): Generator<Wait, void, void> {
    yield this.thread.spend(this.host.cores.profile.postNs);
    // The queue pair may have failed meanwhile: `until` says so.
    if (this.qp.state === 'RTS')
      postSend(this.context, this.qp, { ...wr, sendFlags: IBV_SEND_SIGNALED });
  }

  /** Waits until it is so. False when the session ended before, or at `end`. */
  *until(isSo: () => boolean, end: Nanos = NEVER): Generator<Wait, boolean, void> {
    const { thread, watch } = this;
    for (;;) {
      yield* watch.poll();
      watch.hear();
      if (isSo()) return true;
      if (this.over || this.failure !== '' || thread.now >= end) return false;
      yield* watch.wait(end);
    }
  }

  #completed({ status, opcode, byteLen }: Wc): void {
    if (status === 'IBV_WC_WR_FLUSH_ERR') {
      this.over = true;
    } else if (status !== 'IBV_WC_SUCCESS') {
      this.failure ||= `a work request ended with ${status}`;
    } else if (opcode === 'IBV_WC_RECV') {
      this.#informed(byteLen);
    } else if (opcode in this.done) {
      this.done[opcode as keyof typeof this.done]++;
    }
  }

  #informed(byteLen: number): void {
    if (byteLen !== RpingInfo.size) {
      this.failure ||= `a message of ${byteLen} bytes came, rping's have ${RpingInfo.size}`;
      return;
    }
    const { buf, rkey, size } = RpingInfo.decode(this.received.bytes, 0);
    this.infos.push({ remoteAddr: buf, rkey, size });
    this.#expectInfo();
  }

  /** Everything goes back, and the peer is told if it does not know. */
  close(id: CmId): void {
    const { host, context, thread } = this;
    this.watch.silence();
    if (this.qp.state !== 'RESET') modifyQp(context, this.qp, { qpState: 'ERR' });
    host.rdmaCm.destroyId(thread.now, id);
    destroyQp(this.#pd, this.qp);
    this.watch.destroy();
    for (const { mr, addr, bytes } of this.#buffers) {
      deregMr(mr);
      host.space.unmap(addr, bytes.length);
    }
    deallocPd(this.#pd);
  }
}

const listOf = ({ addr, mr }: Buffer, length: number) => ({ addr, length, lkey: mr.lkey });
