// A host's end of one NVMe/RDMA queue, as Linux's driver has it: commands are sent by whoever submits them, data is moved
// by the NIC to and from the pages where it belongs, completions are served in the interrupt.

import { nvme } from '../../../../protocols/index.js';
import type { InterruptWork, Thread, Wait } from '../../../cpu/index.js';
import { type Actor, addressAfter, PAGE_4K, plainAddress } from '../../../memory/index.js';
import { type CmId, EventChannel } from '../../../rdma/cm/index.js';
import {
  ackCqEvents,
  allocMr,
  allocPd,
  type CompletionQueue,
  type Context,
  createCompChannel,
  createCq,
  createQp,
  deallocPd,
  deregMr,
  destroyCq,
  destroyQp,
  getCqEvent,
  getDmaMr,
  IBV_WC_WITH_INV,
  type Mr,
  modifyQp,
  openDevice,
  type Pd,
  pollCq,
  postRecv,
  postSend,
  type QueuePair,
  type RecvWr,
  regMr,
  reqNotifyCq,
  type SendWr,
  type Wc,
} from '../../../rdma/index.js';
import type { Nanos } from '../../../time/index.js';
import { Command, tagOf } from './command.js';
import type { HostQueue, QueueOptions } from './host-queue.js';
import { dial } from './rdma-connect.js';
import { CAPSULE, INLINE_SEGMENTS, RdmaPlace } from './rdma-place.js';

const { CQE, CQEResult, CQE_SIZE } = nvme;

const LOCAL_WRITE = 1;
/** Completions that one turn takes at most (IB_POLL_BUDGET_IRQ). */
const BATCH = 256;
/** REG_MR, SEND and LOCAL_INV of each command. */
const SENDS_EACH = 3;
/** Kinds of work requests, in the lowest digit of their identifiers. */
const RECEIVE = 0;
const SEND = 1;
const INVALIDATION = 2;
const KINDS = 3;
/** Another turn at once: a softirq goes on. */
const AT_ONCE = 0;

export class RdmaHostQueue implements HostQueue, InterruptWork {
  why = '';
  readonly qid: number;
  readonly commands: readonly Command[];
  readonly #options: QueueOptions;
  readonly #context: Context;
  readonly #pd: Pd;
  readonly #channel = createCompChannel();
  readonly #cq: CompletionQueue;
  readonly #events = new EventChannel();
  readonly #qp: QueuePair;
  readonly #id: CmId;
  readonly #addr: bigint;
  readonly #bytes: Uint8Array;
  readonly #mr: Mr;
  /** All memory, for gathering from wherever data lies (pd->local_dma_lkey). */
  readonly #dma: Mr;
  readonly #answersAt: number;
  readonly #places: RdmaPlace[];
  /** By place of the completion that they take. */
  readonly #receives: readonly RecvWr[];
  readonly #contexts = new Map<Actor, Context>();
  /** What was sent with more to follow. */
  #gathered: SendWr[] = [];
  readonly #wc: Wc[] = [];
  #count = 0;
  #closed = false;
  #isConnected = false;
  readonly #again: InterruptWork;

  constructor(thread: Thread, options: QueueOptions) {
    const { computer, entries, dataBytes, qid, core } = options;
    this.#options = options;
    this.qid = qid;
    this.#context = computer.open(thread);
    this.#pd = allocPd(this.#context);
    const count = entries * (SENDS_EACH + 1);
    this.#cq = createCq(this.#context, count, this.#channel, core);
    this.#channel.work = this;
    this.#again = {
      entryNs: AT_ONCE,
      run: () => this.run(),
      done: (now) => this.done(now),
    };
    this.#qp = createQp(this.#pd, {
      qpType: 'IBV_QPT_RC',
      sendCq: this.#cq,
      recvCq: this.#cq,
      cap: {
        maxSendWr: entries * SENDS_EACH,
        maxRecvWr: entries,
        maxSendSge: 1 + INLINE_SEGMENTS,
        maxRecvSge: 1,
      },
    });
    this.#answersAt = entries * CAPSULE;
    const size = this.#answersAt + entries * CQE_SIZE;
    const { space } = computer;
    this.#addr = space.allocate(size, { contiguous: true, use: 'nvme capsules' });
    this.#bytes = space.bytes(this.#addr, size);
    this.#mr = regMr(this.#pd, this.#addr, size, LOCAL_WRITE);
    this.#dma = getDmaMr(this.#pd, 0);
    const pages = Math.ceil(dataBytes / PAGE_4K) + 1;
    this.commands = Array.from({ length: entries }, (_, tag) => new Command(tag));
    const first = plainAddress(this.#addr);
    const keys = { capsules: this.#mr.lkey, data: this.#dma.lkey };
    this.#places = this.commands.map((command) => {
      const at = command.tag * CAPSULE;
      const mr = allocMr(this.#pd, pages);
      const id = command.tag * KINDS;
      const ids = { send: id + SEND, invalidation: id + INVALIDATION };
      const addr = addressAfter(first, at);
      return new RdmaPlace(command, addr, at, mr, keys, ids);
    });
    this.#receives = this.commands.map(({ tag }) => {
      const addr = addressAfter(first, this.#answersAt + tag * CQE_SIZE);
      const sgList = [{ addr, length: CQE_SIZE, lkey: this.#mr.lkey }];
      return { wrId: tag * KINDS + RECEIVE, sgList };
    });
    this.#id = computer.rdmaCm.createId('RDMA_PS_TCP', this.#events);
  }

  *connect(thread: Thread): Generator<Wait, string, void> {
    const { computer, owner } = this.#options;
    const receive = () => {
      for (const { index } of this.#places) this.#receive(this.#context, index);
      reqNotifyCq(this.#cq);
    };
    const why = yield* dial(
      computer,
      thread,
      this.#id,
      this.#events,
      this.#qp,
      this.#options,
      receive,
    );
    this.why = why;
    if (why === '') {
      this.#isConnected = true;
      this.#events.signal.feed(owner.news);
    }
    return why;
  }

  #receive(context: Context, index: number): void {
    postRecv(context, this.#qp, this.#receives[index]!);
  }

  /** A context whose work is booked on the core of this actor. */
  #contextOf(actor: Actor): Context {
    let context = this.#contexts.get(actor);
    if (!context) {
      const { device, space } = this.#options.computer;
      context = openDevice(device, space, actor);
      this.#contexts.set(actor, context);
    }
    return context;
  }

  // hot
  *send(thread: Thread, command: Command, last: boolean): Generator<Wait, void, void> {
    const { computer, qid, inlineBytes } = this.#options;
    const place = this.#places[command.tag]!;
    const wrs = this.#gathered;
    const before = wrs.length;
    command.ending = 'open';
    place.busy = true;
    place.waits = 2;
    this.#bytes.set(command.sqe, place.at);
    const inline = qid > 0 ? inlineBytes : 0;
    const { send } = place;
    place.point(this.#bytes, computer.keys, inline);
    if (place.registered) wrs.push(place.register);
    wrs.push(send);
    yield thread.spend((wrs.length - before) * computer.cores.profile.postNs);
    if (last) this.#post(thread);
  }

  *commit(thread: Thread): Generator<Wait, void, void> {
    this.#post(thread);
    yield thread.spend(0); // the doorbell is part of what posting took
  }

  /** One doorbell for all that was gathered. */
  // hot
  #post(thread: Thread): void {
    if (this.#gathered.length === 0) return;
    const wrs = this.#gathered;
    this.#gathered = [];
    // What cannot be sent any more is lost with the queue, of which its owner has heard.
    if (this.#qp.state === 'RTS') postSend(this.#contextOf(thread.actor), this.#qp, wrs);
    else if (!this.#closed) this.#fail(thread.now, 'the connection ended');
  }

  // InterruptWork: completions, served on the core of the queue

  // hot
  run(): number {
    if (this.#closed) return 0;
    const { computer } = this.#options;
    const { pollNs, postNs, emptyPollNs } = computer.cores.profile;
    for (let cq = getCqEvent(this.#channel); cq; cq = getCqEvent(this.#channel)) ackCqEvents(cq, 1);
    this.#count = pollCq(this.#context, this.#cq, BATCH, this.#wc);
    let took = emptyPollNs;
    for (let i = 0; i < this.#count; i++)
      took += pollNs + (this.#wc[i]!.opcode === 'IBV_WC_RECV' ? postNs + COMPLETE_NS : 0);
    return took;
  }

  // hot
  done(now: Nanos): void {
    const count = this.#count;
    this.#count = 0;
    for (let i = 0; i < count && !this.#closed; i++) this.#completed(now, this.#wc[i]!);
    if (this.#closed) return;
    reqNotifyCq(this.#cq);
    if (this.#cq.peek() < 0) return;
    // Came between looking and asking to be told (IB_CQ_REPORT_MISSED_EVENTS).
    const { computer, core } = this.#options;
    this.#cq.armed = 'no';
    computer.cores.interrupt(now, core % computer.cores.cores.length, this.#again);
  }

  // hot
  #completed(now: Nanos, wc: Wc): void {
    const { status, wrId } = wc;
    if (status !== 'IBV_WC_SUCCESS')
      return this.#fail(now, status === 'IBV_WC_WR_FLUSH_ERR' ? 'the connection ended' : status);
    const index = Math.floor(wrId / KINDS);
    if (wrId % KINDS === RECEIVE) return this.#answered(now, index, wc);
    this.#over(now, this.#places[index]!);
  }

  // hot
  #answered(now: Nanos, index: number, { byteLen, wcFlags, immData }: Wc): void {
    const at = this.#answersAt + index * CQE_SIZE;
    const cid = CQE.get.cid(this.#bytes, at + CQEResult.size);
    const place = this.#places[tagOf(cid)];
    if (byteLen !== CQE_SIZE || !place?.busy || place.command.cid !== cid)
      return this.#fail(now, `command ${cid} was answered, which is not open`);
    place.command.complete(this.#bytes, at);
    if (this.#qp.state === 'RTS') this.#receive(this.#core(), index);
    const { mr } = place;
    const hasInvalidated = wcFlags % (2 * IBV_WC_WITH_INV) >= IBV_WC_WITH_INV;
    if (hasInvalidated && immData !== mr.rkey)
      return this.#fail(now, `the target invalidated key ${immData}, which is not the command's`);
    if (place.registered && mr.region.valid) this.#invalidate(place);
    this.#over(now, place);
  }

  #core(): Context {
    const { computer, core } = this.#options;
    const { cores } = computer.cores;
    return this.#contextOf(cores[core % cores.length]!.actor);
  }

  /** The target left the key to us (nvme_rdma_process_nvme_rsp): the data is ours again when it is invalid. */
  #invalidate(place: RdmaPlace): void {
    if (this.#qp.state !== 'RTS') return;
    place.waits++;
    place.invalidate.invalidateRkey = place.mr.rkey;
    postSend(this.#core(), this.#qp, place.invalidate);
  }

  /** One of those that the command waits for has come. */
  // hot
  #over(now: Nanos, place: RdmaPlace): void {
    place.waits--;
    if (place.waits > 0) return;
    place.busy = false;
    place.command.done(now, place.command);
  }

  #fail(now: Nanos, why: string): void {
    if (this.why !== '') return;
    this.why = why;
    this.#options.owner.failed(now, this);
  }

  hear(now: Nanos): void {
    const { rdmaCm } = this.#options.computer;
    for (;;) {
      const event = rdmaCm.event(now, this.#events);
      if (!event) return;
      if (event.type !== 'RDMA_CM_EVENT_ESTABLISHED') this.#fail(now, 'the target hung up');
    }
  }

  *close(thread: Thread): Generator<Wait, void, void> {
    if (this.#closed) return;
    const { computer, owner } = this.#options;
    this.#closed = true;
    this.why ||= 'closed';
    this.#events.signal.unfeed(owner.news);
    const isConnected = this.#isConnected && this.#id.state === 'CONNECT';
    if (isConnected) computer.rdmaCm.disconnect(thread.now, this.#id);
    if (this.#qp.state !== 'RESET') modifyQp(this.#context, this.#qp, { qpState: 'ERR' });
    computer.rdmaCm.destroyId(thread.now, this.#id);
    destroyQp(this.#pd, this.#qp);
    for (let cq = getCqEvent(this.#channel); cq; cq = getCqEvent(this.#channel)) ackCqEvents(cq, 1);
    destroyCq(this.#context, this.#cq);
    for (const { mr } of this.#places) deregMr(mr);
    deregMr(this.#mr);
    deregMr(this.#dma);
    computer.space.unmap(this.#addr, this.#bytes.length);
    deallocPd(this.#pd);
    for (const { command, busy } of this.#places) if (busy) command.ending = 'lost';
    yield thread.spend(0); // what ending a connection takes of a core is not known
  }
}

/** Of the block layer and the driver, for each command that is over; fitted (XRP has 113 ns for the driver of PCIe). */
const COMPLETE_NS = 250;
