// A stream socket over RDMA, as librdmacm's rsocket makes one: what is sent is copied into a registered buffer and written with
// immediate data into the peer's ring, from which its reader copies it. Nothing of that enters a kernel unless somebody has to sleep.

import type { Thread, Wait } from '../../cpu/index.js';
import { type Computer, ConnectionWatch, makeReady } from '../../host/index.js';
import { copy } from '../../memory/index.js';
import {
  type CmEvent,
  type CmId,
  EventChannel,
  type QueuePairSettings,
} from '../../rdma/cm/index.js';
import {
  allocPd,
  type Context,
  createQp,
  IBV_SEND_SIGNALED,
  type Mr,
  postRecv,
  postSend,
  type QueuePair,
  regMr,
  type SendWr,
  type Wc,
} from '../../rdma/index.js';
import { after, us } from '../../time/index.js';
import { countOf, DATA, FREED, immediateOf, kindOf, StreamOffer } from './message.js';

/** rsocket's own: RS_QP_SIZE, buffers of 128 KiB, up to 64 bytes inline, 10 us of polling before a thread sleeps. */
const QUEUE = 384;
const BUFFER_BYTES = 131_072;
const INLINE_BYTES = 64;
const POLLING = us(10);
/** Receive requests beyond the peer's credits: for what it says of its own buffer. */
const RESERVE = 8;
const RIGHTS = 3; // local write, remote write

/** What a call takes in the library, in cycles of its core. */
export interface StreamCosts {
  /** Finding the socket; its locks; managing its buffers. */
  readonly call: number;
  readonly lock: number;
  readonly buffers: number;
}

export class RSocket {
  /** Nanoseconds so far. */
  readonly spent = { call: 0, lock: 0, buffers: 0 };
  readonly #watch: ConnectionWatch;
  readonly #context: Context;
  readonly #qp: QueuePair;
  readonly #sendAt: bigint;
  readonly #receiveAt: bigint;
  readonly #sendMr: Mr;
  readonly #receiveMr: Mr;
  #id: CmId | null = null;
  #peer = { address: 0n, rkey: 0, bytes: 1, credits: 0 };
  #over = false;
  // Counters of bytes that never go back, and of WRITEs.
  #written = 0;
  #acknowledged = 0;
  #freedByPeer = 0;
  #arrived = 0;
  #taken = 0;
  #told = 0;
  #unreported = 0;
  #credits = 0;
  /** Receive requests that are to be posted again. */
  #used = 0;

  constructor(
    readonly host: Computer,
    readonly thread: Thread,
    readonly costs: StreamCosts,
  ) {
    const { space } = host;
    this.#context = host.open(thread);
    const pd = allocPd(this.#context);
    this.#watch = new ConnectionWatch({
      host,
      thread,
      context: this.#context,
      entries: 2 * QUEUE,
      batch: 16,
      completed: (wc) => this.#completed(wc),
      hungUp: () => {
        this.#over = true;
      },
    });
    const { cq } = this.#watch;
    this.#qp = createQp(pd, {
      qpType: 'IBV_QPT_RC',
      sendCq: cq,
      recvCq: cq,
      cap: {
        maxSendWr: QUEUE,
        maxRecvWr: QUEUE + RESERVE,
        maxSendSge: 1,
        maxRecvSge: 1,
        maxInlineData: INLINE_BYTES,
      },
    });
    this.#sendAt = space.allocate(BUFFER_BYTES, { contiguous: true });
    this.#receiveAt = space.allocate(BUFFER_BYTES, { contiguous: true });
    this.#sendMr = regMr(pd, this.#sendAt, BUFFER_BYTES, 1);
    this.#receiveMr = regMr(pd, this.#receiveAt, BUFFER_BYTES, RIGHTS);
  }

  get #offer(): Uint8Array {
    const { rkey } = this.#receiveMr;
    const fields = { address: this.#receiveAt, rkey, bytes: BUFFER_BYTES, credits: QUEUE };
    const bytes = new Uint8Array(StreamOffer.size);
    StreamOffer.encode(fields, bytes);
    return bytes;
  }

  *#ready(
    settings: QueuePairSettings | undefined,
    privateData: Uint8Array,
  ): Generator<Wait, boolean, void> {
    if (!settings || privateData.length < StreamOffer.size) return false;
    this.#peer = StreamOffer.decode(privateData, 0);
    this.#credits = this.#peer.credits;
    if (!(yield* makeReady(this.host, this.thread, this.#qp, settings, RIGHTS))) return false;
    for (let i = 0; i < QUEUE + RESERVE; i++) postRecv(this.#context, this.#qp, { sgList: [] });
    return true;
  }

  *#next(channel: EventChannel): Generator<Wait, CmEvent, void> {
    for (;;) {
      const event = this.host.rdmaCm.event(this.thread.now, channel);
      if (event) return event;
      yield this.thread.block(channel.signal);
    }
  }

  /** rconnect(3): false when there is nobody. */
  *connect(target: Uint8Array, port: number): Generator<Wait, boolean, void> {
    const { rdmaCm } = this.host;
    const { thread } = this;
    const { events } = this.#watch;
    const id = rdmaCm.createId('RDMA_PS_TCP', events);
    this.#id = id;
    rdmaCm.resolveAddr(thread.now, id, target, port);
    if ((yield* this.#next(events)).type !== 'RDMA_CM_EVENT_ADDR_RESOLVED') return false;
    rdmaCm.resolveRoute(thread.now, id);
    if ((yield* this.#next(events)).type !== 'RDMA_CM_EVENT_ROUTE_RESOLVED') return false;
    const depth = { responderResources: 1, initiatorDepth: 1, retryCount: 7, rnrRetryCount: 7 };
    rdmaCm.connect(thread.now, id, { qpn: this.#qp.qpn, ...depth, privateData: this.#offer });
    const answer = yield* this.#next(events);
    if (answer.type !== 'RDMA_CM_EVENT_CONNECT_RESPONSE') return false;
    if (!(yield* this.#ready(answer.settings, answer.privateData))) return false;
    rdmaCm.establish(thread.now, id);
    return true;
  }

  /** rlisten(3) and raccept(3) of one connection. */
  *accept(port: number): Generator<Wait, boolean, void> {
    const { rdmaCm } = this.host;
    const { thread } = this;
    const channel = new EventChannel();
    const listening = rdmaCm.createId('RDMA_PS_TCP', channel);
    rdmaCm.bindAddr(listening, undefined, port);
    rdmaCm.listen(listening);
    const { id, settings, privateData } = yield* this.#next(channel);
    rdmaCm.destroyId(thread.now, listening);
    this.#id = id;
    id.channel = this.#watch.events;
    if (!(yield* this.#ready(settings, privateData))) return false;
    const depth = { responderResources: 1, initiatorDepth: 1 };
    rdmaCm.accept(thread.now, id, { qpn: this.#qp.qpn, ...depth, privateData: this.#offer });
    return true;
  }

  /** Takes a part of a call's time, and remembers whose it was. */
  #spend(part: keyof StreamCosts): number {
    const ns = (this.costs[part] * 1e9) / this.host.cores.profile.hertz;
    this.spent[part] += ns;
    return ns;
  }

  #enter(): Wait {
    return this.thread.spend(this.#spend('call') + this.#spend('lock'));
  }

  /** rsend(3): all of it, or -1 when the peer has gone. */
  *send(from: bigint, length: number): Generator<Wait, number, void> {
    yield this.#enter();
    for (let done = 0; done < length; ) {
      if (this.#over) return -1;
      const piece = Math.min(length - done, this.#room);
      if (piece === 0) {
        yield* this.#wait(() => this.#room > 0 || this.#over);
        continue;
      }
      const took = this.#copy(from + BigInt(done), this.#sendAt, this.#written, piece, 'in');
      yield this.thread.spend(this.#spend('buffers') + took);
      yield* this.#write(piece);
      done += piece;
    }
    return length;
  }

  /** Bytes that may be written next: without a break in either ring, and with a credit. */
  get #room(): number {
    if (this.#credits === 0) return 0;
    const { bytes } = this.#peer;
    const free = (size: number, given: number): number =>
      Math.min(size - (this.#written - given), size - (this.#written % size));
    return Math.min(free(BUFFER_BYTES, this.#acknowledged), free(bytes, this.#freedByPeer));
  }

  *#write(length: number): Generator<Wait, void, void> {
    const { address, rkey, bytes } = this.#peer;
    const at = this.#sendAt + BigInt(this.#written % BUFFER_BYTES);
    const rdma = { remoteAddr: address + BigInt(this.#written % bytes), rkey };
    const data: Partial<SendWr> =
      length <= INLINE_BYTES
        ? { inlineData: this.host.space.bytes(at, length) }
        : { sgList: [{ addr: at, length, lkey: this.#sendMr.lkey }] };
    this.#written += length;
    yield* this.#post({ rdma, immData: immediateOf(DATA, length), wrId: length, ...data });
  }

  *#post(wr: Partial<SendWr>): Generator<Wait, void, void> {
    this.#credits--;
    yield this.thread.spend(this.host.cores.profile.postNs);
    if (this.#qp.state !== 'RTS') return;
    const opcode = 'IBV_WR_RDMA_WRITE_WITH_IMM';
    postSend(this.#context, this.#qp, { opcode, sendFlags: IBV_SEND_SIGNALED, ...wr });
  }

  /** rrecv(3): what is there, at most `length`; 0 when the peer has gone, -1 when there is nothing and it may not wait. */
  *recv(into: bigint, length: number, waits = true): Generator<Wait, number, void> {
    yield this.#enter();
    if (this.#arrived === this.#taken) {
      yield* this.#poll();
      if (!waits && this.#arrived === this.#taken) return -1;
      yield* this.#wait(() => this.#arrived > this.#taken || this.#over);
    }
    const there = Math.min(
      this.#arrived - this.#taken,
      length,
      BUFFER_BYTES - (this.#taken % BUFFER_BYTES),
    );
    if (there === 0) return 0;
    const took = this.#copy(into, this.#receiveAt, this.#taken, there, 'out');
    this.#taken += there;
    yield this.thread.spend(this.#spend('buffers') + took);
    if (2 * (this.#taken - this.#told) >= BUFFER_BYTES || 2 * this.#unreported >= QUEUE)
      yield* this.#tell();
    return there;
  }

  /** Room and credits that are free again: a WRITE of nothing, with both in its immediate data. */
  *#tell(): Generator<Wait, void, void> {
    const freed = this.#taken - this.#told;
    const { address, rkey } = this.#peer;
    this.#told = this.#taken;
    this.#credits++; // it goes to the peer's reserve
    const rdma = { remoteAddr: address, rkey };
    yield* this.#post({
      rdma,
      immData: immediateOf(FREED, freed * CREDIT_SPAN + this.#unreported),
      wrId: 0,
    });
    this.#unreported = 0;
  }

  #copy(user: bigint, ring: bigint, place: number, length: number, way: 'in' | 'out'): number {
    const { space, ledger, cores } = this.host;
    const at = ring + BigInt(place % BUFFER_BYTES);
    const copier = {
      ledger,
      core: this.thread.actor,
      bitsPerSecond: cores.profile.copyBitsPerSecond,
    };
    const { now } = this.thread;
    return way === 'in'
      ? copy(now, copier, space, user, space, at, length)
      : copy(now, copier, space, at, space, user, length);
  }

  /** Takes completions; receive requests that they used are posted again. */
  *#poll(): Generator<Wait, void, void> {
    yield* this.#watch.poll();
    if (this.#used === 0) return;
    yield this.thread.spend(this.host.cores.profile.postNs);
    for (; this.#used > 0; this.#used--) postRecv(this.#context, this.#qp, { sgList: [] });
  }

  /** Polls for a while, and then sleeps for news. */
  *#wait(isSo: () => boolean): Generator<Wait, void, void> {
    const until = after(this.thread.now, POLLING);
    for (;;) {
      yield* this.#poll();
      if (isSo()) return;
      this.#watch.hear();
      if (this.thread.now < until) yield this.thread.spin(this.#watch.cq.signal, until);
      else yield* this.#watch.wait();
    }
  }

  #completed({ status, opcode, immData, wrId }: Wc): void {
    if (status !== 'IBV_WC_SUCCESS') {
      this.#over = true;
      return;
    }
    if (opcode !== 'IBV_WC_RECV_RDMA_WITH_IMM') {
      this.#acknowledged += wrId;
      return;
    }
    this.#used++;
    const count = countOf(immData);
    if (kindOf(immData) === DATA) {
      this.#arrived += count;
      this.#unreported++;
      return;
    }
    this.#freedByPeer += Math.floor(count / CREDIT_SPAN);
    this.#credits += count % CREDIT_SPAN;
  }

  /** rclose(3). */
  close(): void {
    this.#over = true;
    this.#watch.silence();
    if (this.#id) this.host.rdmaCm.destroyId(this.thread.now, this.#id);
  }
}

/** Room for the credits below the bytes that are told with them. */
const CREDIT_SPAN = 1024;
