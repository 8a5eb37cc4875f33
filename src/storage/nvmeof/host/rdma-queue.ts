// A host's end of one NVMe/RDMA queue, as Linux's driver has it: the data of each command lies in a region that is
// registered for it under a new key, and that the target invalidates with its answer; small writes go in the capsule.

import { nvme } from '../../../../protocols/index.js';
import { SQE_SIZE } from '../../../../protocols/nvme/sqe-header.js';
import type { Thread, Wait } from '../../../cpu/index.js';
import { type Computer, ConnectionWatch, makeReady } from '../../../host/index.js';
import { keyByte, keyIndex, keyOf, mapPages, PAGE_4K } from '../../../memory/index.js';
import type { CmEvent, CmId } from '../../../rdma/cm/index.js';
import {
  allocMr,
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
} from '../../../rdma/index.js';
import { after, type Nanos, NEVER, seconds } from '../../../time/index.js';
import { SGL_AT } from '../tcp/sgl.js';
import type { Command } from './command.js';

const { CQE, CQEResult, CQE_SIZE, SGLDataBlock, SGLKeyed } = nvme;

const OFFSET = 1;
const KEYED = 4;
const INVALIDATE = 15;
const LOCAL_WRITE = 1;
/** Local write, remote write and remote read. */
const RIGHTS = 7;
const BATCH = 16;
const KEY_BYTES = 256;
/** REG_MR and SEND of each command. */
const SENDS_EACH = 2;
/** A target that does not answer for so long is not there. */
const PATIENCE = seconds(10);
const GOODBYE = seconds(5);

export interface RdmaQueueOptions {
  readonly target: Uint8Array;
  readonly port: number;
  readonly qid: number;
  /** Commands at once, and one more: entries of the queue. */
  readonly entries: number;
  /** Data of one command at most. */
  readonly dataBytes: number;
  /** Data that may go in the capsule. */
  readonly inlineBytes: number;
}

/** A command's place: entry and inline data, completion, data with its region. */
interface Place {
  readonly index: number;
  readonly addr: bigint;
  readonly bytes: Uint8Array;
  readonly mr: Mr;
  command: Command | undefined;
  registered: boolean;
}

export class RdmaHostQueue {
  /** Why it can be used no more. */
  why = '';
  readonly #context: Context;
  readonly #pd: Pd;
  readonly #watch: ConnectionWatch;
  readonly #qp: QueuePair;
  readonly #id: CmId;
  readonly #capsule: number;
  readonly #addr: bigint;
  readonly #bytes: Uint8Array;
  readonly #mr: Mr;
  readonly #answersAt: number;
  readonly #places: Place[];
  readonly #free: Place[];
  readonly #open = new Map<number, Place>();

  constructor(
    readonly host: Computer,
    readonly thread: Thread,
    readonly options: RdmaQueueOptions,
  ) {
    const { entries, dataBytes, inlineBytes } = options;
    this.#context = host.open(thread);
    this.#pd = allocPd(this.#context);
    this.#watch = new ConnectionWatch({
      host,
      thread,
      context: this.#context,
      entries: entries * (SENDS_EACH + 1) + BATCH,
      batch: BATCH,
      completed: (wc) => this.#completed(wc),
      hungUp: () => {
        this.why ||= 'the target hung up';
      },
    });
    this.#qp = createQp(this.#pd, {
      qpType: 'IBV_QPT_RC',
      sendCq: this.#watch.cq,
      recvCq: this.#watch.cq,
      cap: { maxSendWr: entries * SENDS_EACH, maxRecvWr: entries, maxSendSge: 1, maxRecvSge: 1 },
    });
    this.#capsule = SQE_SIZE + inlineBytes;
    this.#answersAt = entries * this.#capsule;
    const size = this.#answersAt + entries * CQE_SIZE;
    this.#addr = host.space.allocate(size, { contiguous: true });
    this.#bytes = host.space.bytes(this.#addr, size);
    this.#mr = regMr(this.#pd, this.#addr, size, LOCAL_WRITE);
    const pages = Math.ceil(dataBytes / PAGE_4K);
    this.#places = Array.from({ length: entries }, (_, index) => {
      const addr = host.space.allocate(pages * PAGE_4K, { contiguous: true });
      const bytes = host.space.bytes(addr, pages * PAGE_4K);
      const mr = allocMr(this.#pd, pages);
      return { index, addr, bytes, mr, command: undefined, registered: false };
    });
    this.#free = [...this.#places].reverse();
    this.#id = host.rdmaCm.createId('RDMA_PS_TCP', this.#watch.events);
  }

  /** Connects; what went wrong, or nothing. */
  *connect(): Generator<Wait, string, void> {
    const { rdmaCm } = this.host;
    const { thread, options } = this;
    rdmaCm.resolveAddr(thread.now, this.#id, options.target, options.port);
    let event = yield* this.#event();
    if (event?.type !== 'RDMA_CM_EVENT_ADDR_RESOLVED') return said(event);
    rdmaCm.resolveRoute(thread.now, this.#id);
    event = yield* this.#event();
    if (event?.type !== 'RDMA_CM_EVENT_ROUTE_RESOLVED') return said(event);
    const { qid, entries } = options;
    rdmaCm.connect(thread.now, this.#id, {
      qpn: this.#qp.qpn,
      privateData: nvme.RDMAReq.encode({ qid, hrqsize: entries, hsqsize: entries - 1 }),
      // What the target fetches by READ we answer; we read nothing of it.
      responderResources: this.host.device.profile.maxQpRdAtom,
      initiatorDepth: 0,
      retryCount: 7,
      rnrRetryCount: 7,
    });
    event = yield* this.#event();
    if (event?.type !== 'RDMA_CM_EVENT_CONNECT_RESPONSE') return said(event);
    const settings = event.settings!;
    if (!(yield* makeReady(this.host, thread, this.#qp, settings, RIGHTS)))
      return 'the target no longer answers';
    for (const { index } of this.#places) this.#receive(index);
    if (this.#id.state !== 'CONNECT') return 'the target hung up';
    rdmaCm.establish(thread.now, this.#id);
    return '';
  }

  *#event(): Generator<Wait, CmEvent | undefined, void> {
    const { host, thread } = this;
    const { events } = this.#watch;
    const until = after(thread.now, PATIENCE);
    for (;;) {
      const event = host.rdmaCm.event(thread.now, events);
      if (event || thread.now >= until) return event;
      yield thread.block(events.signal, until);
    }
  }

  #receive(index: number): void {
    const addr = this.#addr + BigInt(this.#answersAt + index * CQE_SIZE);
    postRecv(this.#context, this.#qp, {
      wrId: index,
      sgList: [{ addr, length: CQE_SIZE, lkey: this.#mr.lkey }],
    });
  }

  /** Commands that are under way. */
  get open(): number {
    return this.#open.size;
  }

  get isFull(): boolean {
    return this.#free.length <= 1; // a queue holds one command less than it has entries
  }

  /** Sends a command; its data pointer is filled in here. There must be room. */
  *submit(command: Command): Generator<Wait, void, void> {
    const place = this.#free.pop()!;
    place.command = command;
    command.ending = 'open';
    this.#open.set(command.cid, place);
    const at = place.index * this.#capsule;
    this.#bytes.set(command.sqe, at);
    const wrs: SendWr[] = [];
    const length = this.#point(place, at, wrs);
    wrs.push({
      wrId: this.#places.length,
      opcode: 'IBV_WR_SEND',
      sgList: [{ addr: this.#addr + BigInt(at), length, lkey: this.#mr.lkey }],
      sendFlags: IBV_SEND_SIGNALED,
    });
    yield this.thread.spend(wrs.length * this.host.cores.profile.postNs);
    if (this.#qp.state === 'RTS') postSend(this.#context, this.#qp, wrs);
    else this.why ||= 'the connection ended';
  }

  /** Fills in where the data is; bytes of the capsule. Registers what is not in it. */
  #point(place: Place, at: number, wrs: SendWr[]): number {
    const command = place.command!;
    const { length, data, direction } = command;
    const sglAt = at + SGL_AT;
    this.#bytes.fill(0, sglAt, sglAt + SGLKeyed.size);
    place.registered = false;
    if (length === 0) {
      SGLKeyed.set.type(this.#bytes, sglAt, KEYED);
      return SQE_SIZE;
    }
    const out = direction === 'from-host';
    const piece = data.subarray(command.at, command.at + length);
    if (out && this.options.qid > 0 && length <= this.options.inlineBytes) {
      SGLDataBlock.encode({ length, subtype: OFFSET }, this.#bytes, sglAt);
      this.#bytes.set(piece, at + SQE_SIZE);
      return SQE_SIZE + length;
    }
    if (out) place.bytes.set(piece);
    const key = this.#newKey(place, length);
    wrs.push({
      wrId: this.#places.length,
      opcode: 'IBV_WR_REG_MR',
      regMr: { mr: place.mr, key, access: RIGHTS },
    });
    const sgl = { addr: place.addr, length, key, type: KEYED, subtype: INVALIDATE };
    SGLKeyed.encode(sgl, this.#bytes, sglAt);
    place.registered = true;
    return SQE_SIZE;
  }

  /** A key that was not used lately, over the pages of the data (nvme_rdma_map_sg_fr). */
  #newKey({ mr, addr }: Place, length: number): number {
    const { keys } = this.host;
    const first = this.host.space.translate(addr);
    const pages = Array.from(
      { length: Math.ceil(length / PAGE_4K) },
      (_, i) => first + i * PAGE_4K,
    );
    mapPages(keys, mr.region, pages, PAGE_4K, 0, length, addr);
    return keyOf(keyIndex(mr.rkey), (keyByte(mr.rkey) + 1) % KEY_BYTES);
  }

  /** Waits until `isSo`, or until the connection has ended, or until then; commands complete meanwhile. */
  *until(isSo: () => boolean, end: Nanos = NEVER): Generator<Wait, boolean, void> {
    const { thread } = this;
    for (;;) {
      yield* this.#watch.poll();
      this.#watch.hear();
      if (isSo()) return true;
      if (this.why !== '' || thread.now >= end) return false;
      yield* this.#watch.wait(end);
    }
  }

  #completed({ status, opcode, wrId }: Wc): void {
    if (status !== 'IBV_WC_SUCCESS') {
      this.why ||= status === 'IBV_WC_WR_FLUSH_ERR' ? 'the connection ended' : status;
      return;
    }
    if (opcode !== 'IBV_WC_RECV') return;
    const at = this.#answersAt + wrId * CQE_SIZE;
    const cid = CQE.get.cid(this.#bytes, at + CQEResult.size);
    const place = this.#open.get(cid);
    if (!place) {
      this.why ||= `command ${cid} was answered, which is not open`;
      return;
    }
    const command = place.command!;
    command.complete(this.#bytes, at);
    this.#receive(wrId);
    if (command.direction === 'to-host' && command.succeeded)
      command.data.set(place.bytes.subarray(0, command.length), command.at);
    if (place.registered && place.mr.region.valid) this.#invalidate(place);
    this.#open.delete(cid);
    place.command = undefined;
    this.#free.unshift(place);
  }

  /** The target left the key to us (nvme_rdma_process_nvme_rsp). */
  #invalidate({ mr }: Place): void {
    if (this.#qp.state !== 'RTS') return;
    postSend(this.#context, this.#qp, {
      wrId: this.#places.length,
      opcode: 'IBV_WR_LOCAL_INV',
      invalidateRkey: mr.rkey,
      sendFlags: IBV_SEND_SIGNALED,
    });
  }

  /** Ends it: commands that are open are lost, which is not to say that they were not done. */
  *close(): Generator<Wait, void, void> {
    const { host, thread } = this;
    if (this.#id.state === 'CONNECT') {
      host.rdmaCm.disconnect(thread.now, this.#id);
      const end = after(thread.now, GOODBYE);
      yield* this.until(() => this.#id.state === 'DISCONNECTED', end);
    }
    this.why ||= 'closed';
    for (const { command } of this.#open.values()) command!.ending = 'lost';
    this.#open.clear();
    this.#watch.silence();
    if (this.#qp.state !== 'RESET') modifyQp(this.#context, this.#qp, { qpState: 'ERR' });
    host.rdmaCm.destroyId(thread.now, this.#id);
    destroyQp(this.#pd, this.#qp);
    this.#watch.destroy();
    deregMr(this.#mr);
    for (const { mr, addr, bytes } of this.#places) {
      deregMr(mr);
      host.space.unmap(addr, bytes.length);
    }
    host.space.unmap(this.#addr, this.#bytes.length);
    deallocPd(this.#pd);
  }
}

const sentences: Partial<Record<CmEvent['type'], string>> = {
  RDMA_CM_EVENT_ADDR_ERROR: 'nobody answers at this address',
  RDMA_CM_EVENT_UNREACHABLE: 'the target does not answer',
  RDMA_CM_EVENT_REJECTED: 'the target refuses the connection',
};

function said(event: CmEvent | undefined): string {
  if (!event) return 'the target does not answer';
  const isOfNvme = event.privateData.length >= nvme.RDMARej.size;
  const why = isOfNvme ? `, for reason ${nvme.RDMARej.get.sts(event.privateData, 0)}` : '';
  return `${sentences[event.type] ?? `${event.type} came instead`}${why}`;
}
