// The target's end of one NVMe/RDMA queue: capsules come by SEND, data is fetched by READ and returned by WRITE, and the
// completion follows by SEND, which invalidates the host's key where the host wants that. The order of WRITE and SEND is
// the fabric's affair, so that nothing waits between them.

import { nvme } from '../../../../protocols/index.js';
import { SQE_SIZE } from '../../../../protocols/nvme/sqe-header.js';
import type { Thread, Wait } from '../../../cpu/index.js';
import { type Computer, ConnectionWatch, makeReady } from '../../../host/index.js';
import { addressAfter, plainAddress } from '../../../memory/index.js';
import type { CmId, QueuePairSettings } from '../../../rdma/cm/index.js';
import {
  type Context,
  createQp,
  deregMr,
  destroyQp,
  IBV_SEND_SIGNALED,
  type Mr,
  MutableSge,
  modifyQp,
  type Pd,
  postRecv,
  postSend,
  type QueuePair,
  type RecvWr,
  regMr,
  SendRequest,
  type SendWr,
  type Wc,
} from '../../../rdma/index.js';
import type { Nanos } from '../../../time/index.js';
import type { Port } from '../port.js';
import { type Carrier, Queue } from '../queue.js';
import type { Request } from '../request.js';
import type { NvmeTarget } from '../target.js';
import type { DataPool } from './data-pool.js';
import { Slot } from './slot.js';

const { CQE_SIZE } = nvme;

/** READs and WRITEs of more are cut, as Linux's target does over rxe (32 scatter-gather entries of a page). */
const CHUNK = 1 << 17;
/** The largest transfer in chunks, and the SEND behind them. */
const SENDS_EACH = 9;
const LOCAL_WRITE = 1;
const BATCH = 16;
/** Kinds of work requests, in the lowest bits of their identifiers. */
const RECEIVE = 0;
const READ = 1;
const RESPONSE = 2;
const KINDS = 3;

export interface Shared {
  readonly target: NvmeTarget;
  readonly port: Port;
  readonly pd: Pd;
  readonly pool: DataPool;
}

export class RdmaConnection implements Carrier {
  readonly port: Port;
  readonly queue: Queue;
  readonly watch: ConnectionWatch;
  readonly context: Context;
  readonly qp: QueuePair;
  why = '';
  readonly #slots: Slot[];
  readonly #capsuleSize: number;
  readonly #addr: bigint;
  readonly #bytes: Uint8Array;
  readonly #mr: Mr;
  readonly #responsesAt: number;
  /** By slot: what takes its capsule. */
  readonly #receives: readonly RecvWr[];
  /** What is to be posted when the thread runs next. */
  readonly #answers: Request[] = [];
  readonly #fetches: Slot[] = [];

  constructor(
    readonly host: Computer,
    readonly thread: Thread,
    readonly shared: Shared,
    readonly depth: number,
  ) {
    this.port = shared.port;
    this.queue = new Queue(shared.target, this);
    this.context = host.open(thread);
    this.watch = new ConnectionWatch({
      host,
      thread,
      context: this.context,
      entries: depth * KINDS + BATCH,
      batch: BATCH,
      completed: (wc) => this.#completed(wc),
      hungUp: () => this.close('the host hung up'),
    });
    this.qp = createQp(shared.pd, {
      qpType: 'IBV_QPT_RC',
      sendCq: this.watch.cq,
      recvCq: this.watch.cq,
      cap: { maxSendWr: depth * SENDS_EACH, maxRecvWr: depth, maxSendSge: 1, maxRecvSge: 1 },
    });
    this.#capsuleSize = SQE_SIZE + this.port.transport.inlineBytes;
    this.#responsesAt = depth * this.#capsuleSize;
    const size = this.#responsesAt + depth * CQE_SIZE;
    this.#addr = host.space.allocate(size, { contiguous: true });
    this.#bytes = host.space.bytes(this.#addr, size);
    this.#mr = regMr(shared.pd, this.#addr, size, LOCAL_WRITE);
    const { lkey } = this.#mr;
    const first = plainAddress(this.#addr);
    this.#slots = Array.from({ length: depth }, (_, index) => {
      const at = addressAfter(first, this.#responsesAt + index * CQE_SIZE);
      const sgList = [new MutableSge(at, CQE_SIZE, lkey)];
      const wrId = index * KINDS + RESPONSE;
      return new Slot(index, new SendRequest('IBV_WR_SEND', wrId, IBV_SEND_SIGNALED, sgList));
    });
    this.#receives = this.#slots.map(({ index }) => {
      const at = addressAfter(first, index * this.#capsuleSize);
      const sgList = [{ addr: at, length: this.#capsuleSize, lkey }];
      return { wrId: index * KINDS + RECEIVE, sgList };
    });
  }

  /** The queue pair towards the host, with every receive posted: the first command may come before the RTU. */
  *ready(settings: QueuePairSettings): Generator<Wait, boolean, void> {
    if (!(yield* makeReady(this.host, this.thread, this.qp, settings, LOCAL_WRITE))) return false;
    for (const slot of this.#slots) this.#receive(slot);
    return true;
  }

  #receive({ index }: Slot): void {
    postRecv(this.context, this.qp, this.#receives[index]!);
  }

  /** Serves until the connection ends. */
  *serve(): Generator<Wait, void, void> {
    const { watch } = this;
    while (this.why === '') {
      yield* watch.poll();
      yield* this.#post();
      watch.hear();
      if (this.#answers.length + this.#fetches.length === 0 && this.why === '') yield* watch.wait();
    }
  }

  #completed({ status, wrId, byteLen }: Wc): void {
    if (status !== 'IBV_WC_SUCCESS') {
      this.close(status === 'IBV_WC_WR_FLUSH_ERR' ? 'the connection ended' : status);
      return;
    }
    if (this.why !== '') return;
    const slot = this.#slots[Math.floor(wrId / KINDS)]!;
    switch (wrId % KINDS) {
      case RECEIVE:
        return this.#command(slot, byteLen);
      case READ:
        slot.reads--;
        if (slot.reads === 0) this.queue.execute(this.thread.now, slot.request);
        return;
      default:
        return this.#release(slot);
    }
  }

  #command(slot: Slot, byteLen: number): void {
    const { now } = this.thread;
    const { request, index } = slot;
    const at = index * this.#capsuleSize;
    if (byteLen < SQE_SIZE) return this.close('a capsule is shorter than its entry');
    slot.begin();
    request.sqe.set(this.#bytes.subarray(at, at + SQE_SIZE));
    this.queue.accept(request);
    if (!request.failed) slot.map(this.port.transport, this.#bytes, at, byteLen - SQE_SIZE);
    if (!request.failed) this.queue.checkLength(request, request.length);
    if (request.failed || !slot.isKeyed) return this.queue.execute(now, request);
    if (!this.#place(slot)) this.shared.pool.wait(() => this.why !== '' || this.#place(slot));
  }

  /** Finds room for the data of a command, and goes on with it; false while there is none. */
  #place(slot: Slot): boolean {
    const { request } = slot;
    const place = this.shared.pool.take(request.length);
    if (place < 0) return false;
    slot.place = place;
    request.data = this.shared.pool.bytes;
    request.at = place;
    this.#fetches.push(slot);
    this.watch.news.raise(this.host.now);
    return true;
  }

  /** Posts what has gathered. */
  *#post(): Generator<Wait, void, void> {
    const { postNs } = this.host.cores.profile;
    for (let slot = this.#fetches.shift(); slot; slot = this.#fetches.shift()) {
      if (slot.request.direction === 'to-host') {
        this.queue.execute(this.thread.now, slot.request);
        continue;
      }
      yield this.thread.spend(postNs);
      const wrs: SendWr[] = [];
      this.#move(slot, 'IBV_WR_RDMA_READ', wrs);
      slot.reads = wrs.length;
      this.#send(wrs);
    }
    for (let request = this.#answers.shift(); request; request = this.#answers.shift()) {
      yield this.thread.spend(2 * postNs);
      const slot = this.#slots[request.place]!;
      if (this.why !== '') continue;
      const isRead = request.direction === 'to-host' && !request.failed && slot.isKeyed;
      const wrs: SendWr[] = [];
      if (isRead) this.#move(slot, 'IBV_WR_RDMA_WRITE', wrs);
      wrs.push(this.#response(slot));
      // Before the host can send the next: otherwise it would find nothing posted (nvmet_rdma_queue_response).
      this.#receive(slot);
      this.#send(wrs);
    }
  }

  #send(wrs: readonly SendWr[]): void {
    if (this.qp.state === 'RTS') postSend(this.context, this.qp, wrs);
  }

  /** The data of a command in chunks. READs tell when they have come, WRITEs do not. */
  // hot
  #move(slot: Slot, opcode: 'IBV_WR_RDMA_READ' | 'IBV_WR_RDMA_WRITE', wrs: SendWr[]): void {
    const { pool } = this.shared;
    const { length } = slot.request;
    for (let i = 0, done = 0; done < length; i++, done += CHUNK) {
      const wr = slot.piece(i);
      const [local] = wr.sgList as [MutableSge];
      wr.wrId = slot.index * KINDS + READ;
      wr.opcode = opcode;
      wr.sendFlags = opcode === 'IBV_WR_RDMA_READ' ? IBV_SEND_SIGNALED : 0;
      wr.rdma!.remoteAddr = addressAfter(slot.remoteAddr, done);
      wr.rdma!.rkey = slot.rkey;
      local.addr = addressAfter(pool.addr, slot.place + done);
      local.length = Math.min(CHUNK, length - done);
      local.lkey = pool.mr.lkey;
      wrs.push(wr);
    }
  }

  // hot
  #response({ index, request, response, rkey, invalidates, isKeyed }: Slot): SendWr {
    const at = this.#responsesAt + index * CQE_SIZE;
    this.queue.encodeCompletion(request, this.#bytes, at);
    response.opcode = invalidates && isKeyed ? 'IBV_WR_SEND_WITH_INV' : 'IBV_WR_SEND';
    response.invalidateRkey = rkey;
    return response;
  }

  #release(slot: Slot): void {
    if (slot.place >= 0) this.shared.pool.give(slot.place, slot.request.length);
    slot.place = -1;
  }

  // Carrier

  respond(_now: Nanos, request: Request): void {
    if (this.why !== '') {
      // A volume was still at it when the connection ended.
      if (this.#closed) this.#release(this.#slots[request.place]!);
      return;
    }
    this.#answers.push(request);
    this.watch.news.raise(this.host.now);
  }

  close(why: string): void {
    if (this.why !== '') return;
    this.why = why;
    this.watch.news.raise(this.host.now);
  }

  #closed = false;

  /**
   * Everything goes back, and the host is told if it does not know, as the state of the connection demands. Data that a volume
   * is still at stays until it is done.
   */
  end(id: CmId): void {
    const { host, context, thread } = this;
    this.why ||= 'the target ends';
    this.#closed = true;
    this.queue.lost(thread.now, this.why);
    this.watch.silence();
    if (this.qp.state !== 'RESET') modifyQp(context, this.qp, { qpState: 'ERR' });
    host.rdmaCm.destroyId(thread.now, id);
    destroyQp(this.shared.pd, this.qp);
    this.watch.destroy();
    deregMr(this.#mr);
    for (const slot of this.#slots) if (!this.#isExecuted(slot)) this.#release(slot);
    host.space.unmap(this.#addr, this.#bytes.length);
  }

  /** A volume is at it, and will respond. */
  #isExecuted(slot: Slot): boolean {
    return slot.request.open && slot.reads === 0 && !this.#fetches.includes(slot);
  }
}
