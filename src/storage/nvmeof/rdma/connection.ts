// The target's end of one NVMe/RDMA queue: capsules come by SEND, data is fetched by READ and returned by WRITE, and the
// completion follows by SEND, which invalidates the host's key where the host wants that. The order of WRITE and SEND is
// the fabric's affair, so that nothing waits between them.

import { nvme } from '../../../../protocols/index.js';
import { SQE_SIZE } from '../../../../protocols/nvme/sqe-header.js';
import { Signal, type Thread, type Wait } from '../../../cpu/index.js';
import { type Host, makeReady } from '../../../host/index.js';
import { type CmId, EventChannel, type QueuePairSettings } from '../../../rdma/cm/index.js';
import {
  ackCqEvents,
  type CompletionQueue,
  type Context,
  createCompChannel,
  createCq,
  createQp,
  deregMr,
  destroyCq,
  destroyQp,
  getCqEvent,
  IBV_SEND_SIGNALED,
  type Mr,
  modifyQp,
  type Pd,
  pollCq,
  postRecv,
  postSend,
  type QueuePair,
  regMr,
  reqNotifyCq,
  type SendWr,
  type Wc,
} from '../../../rdma/index.js';
import { type Nanos, NEVER } from '../../../time/index.js';
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
  readonly events = new EventChannel();
  readonly context: Context;
  readonly qp: QueuePair;
  why = '';
  readonly #cq: CompletionQueue;
  readonly #channel = createCompChannel();
  readonly #news = new Signal();
  readonly #slots: Slot[];
  readonly #of = new Map<Request, Slot>();
  readonly #capsuleSize: number;
  readonly #addr: bigint;
  readonly #bytes: Uint8Array;
  readonly #mr: Mr;
  readonly #responsesAt: number;
  /** What is to be posted when the thread runs next. */
  readonly #answers: Request[] = [];
  readonly #fetches: Slot[] = [];
  readonly #wc: Wc[] = [];

  constructor(
    readonly host: Host,
    readonly thread: Thread,
    readonly shared: Shared,
    readonly depth: number,
  ) {
    this.port = shared.port;
    this.queue = new Queue(shared.target, this);
    this.context = host.open(thread);
    this.#cq = createCq(this.context, depth * KINDS + BATCH, this.#channel);
    this.qp = createQp(shared.pd, {
      qpType: 'IBV_QPT_RC',
      sendCq: this.#cq,
      recvCq: this.#cq,
      cap: { maxSendWr: depth * SENDS_EACH, maxRecvWr: depth, maxSendSge: 1, maxRecvSge: 1 },
    });
    this.#capsuleSize = SQE_SIZE + this.port.transport.inlineBytes;
    this.#responsesAt = depth * this.#capsuleSize;
    const size = this.#responsesAt + depth * CQE_SIZE;
    this.#addr = host.space.allocate(size, { contiguous: true });
    this.#bytes = host.space.bytes(this.#addr, size);
    this.#mr = regMr(shared.pd, this.#addr, size, LOCAL_WRITE);
    this.#slots = Array.from({ length: depth }, (_, i) => new Slot(i));
    for (const slot of this.#slots) this.#of.set(slot.request, slot);
    this.#channel.signal.feed(this.#news);
    this.events.signal.feed(this.#news);
  }

  /** The queue pair towards the host, with every receive posted: the first command may come before the RTU. */
  *ready(settings: QueuePairSettings): Generator<Wait, boolean, void> {
    if (!(yield* makeReady(this.host, this.thread, this.qp, settings, LOCAL_WRITE))) return false;
    for (const slot of this.#slots) this.#receive(slot);
    return true;
  }

  #receive({ index }: Slot): void {
    const addr = this.#addr + BigInt(index * this.#capsuleSize);
    postRecv(this.context, this.qp, {
      wrId: index * KINDS + RECEIVE,
      sgList: [{ addr, length: this.#capsuleSize, lkey: this.#mr.lkey }],
    });
  }

  /** Serves until the connection ends. */
  *serve(): Generator<Wait, void, void> {
    const { thread } = this;
    while (this.why === '') {
      yield* this.#poll();
      yield* this.#post();
      this.#hear();
      if (this.#answers.length + this.#fetches.length > 0 || this.why !== '') continue;
      reqNotifyCq(this.#cq);
      if (this.#cq.peek() >= 0) continue; // came between looking and asking to be told
      yield thread.block(this.#news, NEVER);
      for (let cq = getCqEvent(this.#channel); cq; cq = getCqEvent(this.#channel))
        ackCqEvents(cq, 1);
    }
    this.queue.lost(thread.now, this.why);
  }

  *#poll(): Generator<Wait, void, void> {
    const { pollNs, emptyPollNs } = this.host.cores.profile;
    for (;;) {
      const count = pollCq(this.context, this.#cq, BATCH, this.#wc);
      yield this.thread.spend(count === 0 ? emptyPollNs : count * pollNs);
      if (count === 0) return;
      for (let i = 0; i < count; i++) this.#completed(this.#wc[i]!);
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
    this.queue.accept(now, request);
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
    this.#news.raise(this.host.now);
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
      const wrs = this.#moves(slot, 'IBV_WR_RDMA_READ');
      slot.reads = wrs.length;
      this.#send(wrs);
    }
    for (let request = this.#answers.shift(); request; request = this.#answers.shift()) {
      yield this.thread.spend(2 * postNs);
      const slot = this.#of.get(request)!;
      if (this.why !== '') continue;
      const isRead = request.direction === 'to-host' && !request.failed && slot.isKeyed;
      const wrs = isRead ? this.#moves(slot, 'IBV_WR_RDMA_WRITE') : [];
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
  #moves({ place, index, remoteAddr, rkey, request }: Slot, opcode: SendWr['opcode']): SendWr[] {
    const { pool } = this.shared;
    const wrs: SendWr[] = [];
    for (let done = 0; done < request.length; done += CHUNK) {
      const length = Math.min(CHUNK, request.length - done);
      const local = { addr: pool.addr + BigInt(place + done), length, lkey: pool.mr.lkey };
      wrs.push({
        wrId: index * KINDS + READ,
        opcode,
        sgList: [local],
        rdma: { remoteAddr: remoteAddr + BigInt(done), rkey },
        sendFlags: opcode === 'IBV_WR_RDMA_READ' ? IBV_SEND_SIGNALED : 0,
      });
    }
    return wrs;
  }

  #response({ index, request, rkey, invalidates, isKeyed }: Slot): SendWr {
    const at = this.#responsesAt + index * CQE_SIZE;
    this.queue.encodeCompletion(request, this.#bytes, at);
    const wr = {
      wrId: index * KINDS + RESPONSE,
      sgList: [{ addr: this.#addr + BigInt(at), length: CQE_SIZE, lkey: this.#mr.lkey }],
      sendFlags: IBV_SEND_SIGNALED,
    };
    return invalidates && isKeyed
      ? { ...wr, opcode: 'IBV_WR_SEND_WITH_INV', invalidateRkey: rkey }
      : { ...wr, opcode: 'IBV_WR_SEND' };
  }

  #release(slot: Slot): void {
    if (slot.place >= 0) this.shared.pool.give(slot.place, slot.request.length);
    slot.place = -1;
  }

  /** Did the host hang up? */
  #hear(): void {
    const { rdmaCm } = this.host;
    for (;;) {
      const event = rdmaCm.event(this.thread.now, this.events);
      if (!event) return;
      if (event.type !== 'RDMA_CM_EVENT_ESTABLISHED') this.close('the host hung up');
    }
  }

  // Carrier

  respond(_now: Nanos, request: Request): void {
    if (this.why !== '') {
      // A volume was still at it when the connection ended.
      if (this.#closed) this.#release(this.#of.get(request)!);
      return;
    }
    this.#answers.push(request);
    this.#news.raise(this.host.now);
  }

  close(why: string): void {
    if (this.why !== '') return;
    this.why = why;
    this.#news.raise(this.host.now);
  }

  #closed = false;

  /** Everything goes back, and the host is told if it does not know. Data that a volume is still at stays until it is done. */
  end(id: CmId): void {
    const { host, context, thread } = this;
    this.#closed = true;
    this.#channel.signal.unfeed(this.#news);
    this.events.signal.unfeed(this.#news);
    if (this.qp.state !== 'RESET') modifyQp(context, this.qp, { qpState: 'ERR' });
    if (id.state === 'CONNECT') host.rdmaCm.disconnect(thread.now, id);
    host.rdmaCm.destroyId(thread.now, id);
    destroyQp(this.shared.pd, this.qp);
    for (let cq = getCqEvent(this.#channel); cq; cq = getCqEvent(this.#channel)) ackCqEvents(cq, 1);
    destroyCq(context, this.#cq);
    deregMr(this.#mr);
    for (const slot of this.#slots) if (!slot.request.open || slot.reads > 0) this.#release(slot);
    host.space.unmap(this.#addr, this.#bytes.length);
  }
}
