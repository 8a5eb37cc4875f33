// One end of a connection of a random program: what it posted and waits for, what must arrive, and the checks of every
// completion: none lost, none doubled, none out of order, each with what the model says.

import {
  type CompletionQueue,
  createCq,
  createSrq,
  emptyWc,
  pollCq,
  postRecv,
  postSrqRecv,
  type QueuePair,
  type SgeInput,
  type Srq,
  type Wc,
  type WcStatus,
} from '../../../src/rdma/index.js';
import type { Random } from '../../../src/time/index.js';
import { assert } from '../spec.js';
import { isPrefix, type Operation, reference } from './model.js';
import type { Piece, WorldHost } from './world.js';

export const SOURCE_BYTES = 16_000;
/** The peer writes here, and into a few words behind. */
export const TARGET_BYTES = 8000;
export const WORDS = 4;
export const RECEIVE_BYTES = 4000;
const WITH_INV = 8;
const QUEUE = 512;

/** A message's bytes in several places. */
export interface Scattered {
  readonly sgList: readonly SgeInput[];
  read(length: number): Uint8Array;
}

/** Room for `length` bytes in up to three places, whose order in memory is another than in the list. */
export function scatter(host: WorldHost, random: Random, length: number): Scattered {
  const cuts = [0, random.below(length + 1), random.below(length + 1), length].sort(
    (a, b) => a - b,
  );
  const places: Piece[] = [];
  for (const i of [2, 0, 1]) places[i] = host.take(cuts[i + 1]! - cuts[i]!);
  const used = places.filter((p) => p.bytes.length > 0);
  return {
    sgList: used.map(({ addr, bytes }) => ({ addr, length: bytes.length, lkey: host.mr.lkey })),
    read(count) {
      const whole = new Uint8Array(length);
      let at = 0;
      for (const { bytes } of used) {
        whole.set(bytes, at);
        at += bytes.length;
      }
      return whole.subarray(0, count);
    },
  };
}

/** Receive requests: a queue pair's own or a shared queue's. */
export class Inbox {
  readonly buffers = new Map<number, Scattered>();
  #next = 0;
  /** Of a queue of its own: the request that must be completed next. */
  due = 0;

  constructor(
    readonly host: WorldHost,
    readonly random: Random,
    readonly srq: Srq | null,
  ) {}

  post(qp: QueuePair | null, extra = 0): void {
    const wrId = this.#next++;
    const room = scatter(this.host, this.random, RECEIVE_BYTES + extra);
    this.buffers.set(wrId, room);
    const wr = { wrId, sgList: room.sgList };
    if (this.srq) postSrqRecv(this.srq, wr);
    else if (qp) postRecv(this.host.context, qp, wr);
  }

  /** A completion names a request that waits, in order where there is an order. */
  take(wrId: number): Scattered {
    const room = this.buffers.get(wrId);
    assert.ok(room, `receive request ${wrId} is completed twice, or was never posted`);
    this.buffers.delete(wrId);
    if (!this.srq) assert.is(wrId, this.due++, 'receive requests end in order');
    return room!;
  }
}

interface Entry {
  readonly wrId: number;
  readonly signaled: boolean;
  readonly op: Operation;
  /** What must come back into `sink`. */
  readonly answer: Uint8Array | null;
  readonly sink: Scattered | null;
  /** How it ends; other than success, it takes the queue pair with it. */
  readonly wanted: WcStatus;
  readonly confirmed: (() => void) | undefined;
}

export interface Expected {
  readonly bytes: Uint8Array | null;
  readonly length: number;
  readonly imm: number;
  readonly invalidates: boolean;
}

export const newInbox = (host: WorldHost, random: Random, shared: boolean, cq?: CompletionQueue) =>
  new Inbox(
    host,
    random,
    shared ? createSrq(host.pd, { maxWr: 64, maxSge: 4, ...(cq ? { cq } : {}) }) : null,
  );

export class Peer {
  readonly sendCq: CompletionQueue;
  readonly recvCq: CompletionQueue;
  qp!: QueuePair;
  /** Never changes: what is sent and read from here can be sent again at any time. */
  readonly source: Piece;
  /** The other end works on it. */
  readonly target: Piece;
  /** `target` after all that the other end posted, and after all that it knows to be done. */
  model: Uint8Array;
  known: Uint8Array;
  expected: Expected[] = [];
  arrived = 0;
  entries: Entry[] = [];
  posted = 0;
  nextId = 0;
  /** The next change must wait for a READ of what it changes. */
  fence = false;
  /** The first status other than success, of requests that were sent and of those that received. */
  broken: WcStatus | '' = '';
  #receiveBroken: WcStatus | '' = '';
  /** Endings other than success, for who counts them. */
  readonly endings: WcStatus[] = [];
  readonly #wc: Wc[] = [];

  constructor(
    readonly host: WorldHost,
    readonly random: Random,
    public inbox: Inbox,
    recvCq = createCq(host.context, QUEUE),
  ) {
    this.sendCq = createCq(host.context, QUEUE);
    this.recvCq = recvCq;
    this.source = host.take(SOURCE_BYTES);
    this.target = host.take(TARGET_BYTES + 8 * WORDS);
    for (let i = 0; i < SOURCE_BYTES; i++) this.source.bytes[i] = random.below(256);
    this.model = this.target.bytes.slice();
    this.known = this.model.slice();
  }

  /** Takes note of a request that is being posted towards `to`; answers its number. */
  note(
    to: Peer,
    signaled: boolean,
    op: Operation,
    sink: Scattered | null = null,
    wanted: WcStatus = 'IBV_WC_SUCCESS',
    confirmed?: () => void,
    answer: Uint8Array | null = reference(to.model, op),
  ): number {
    const wrId = this.nextId++;
    this.posted++;
    this.entries.push({ wrId, signaled, op, answer, sink, wanted, confirmed });
    return wrId;
  }

  /** Takes all completions there are. */
  collect(to: Peer, lossy: boolean): void {
    for (const wc of this.#poll(this.sendCq)) this.#sent(wc, to);
    for (const wc of this.#poll(this.recvCq)) this.#received(wc, lossy);
  }

  *#poll(cq: CompletionQueue): Generator<Wc> {
    const wc = this.#wc;
    wc[0] ??= emptyWc();
    while (pollCq(this.host.context, cq, 1, wc) === 1) yield wc[0];
  }

  #sent(wc: Wc, to: Peer): void {
    const index = this.entries.findIndex((e) => e.wrId === wc.wrId);
    assert.ok(index >= 0, `send request ${wc.wrId} is completed twice, or was never posted`);
    const before = this.entries.splice(0, index + 1);
    const entry = before.pop()!;
    for (const unsignaled of before) {
      assert.not(unsignaled.signaled, `the completion of ${unsignaled.wrId} is lost`);
      assert.is(this.broken, '', 'what is flushed is told of, one by one');
      this.#confirm(unsignaled, to);
    }
    assert.is(wc.qpNum, this.qp.qpn);
    if (wc.status === 'IBV_WC_SUCCESS') {
      assert.is(this.broken, '', 'nothing succeeds behind a failure');
      assert.ok(entry.signaled, 'nobody asked for this completion');
      return this.#confirm(entry, to);
    }
    this.endings.push(wc.status);
    const flushed = wc.status === 'IBV_WC_WR_FLUSH_ERR';
    if (this.broken !== '') assert.ok(flushed, `${wc.status} behind ${this.broken}`);
    else if (!flushed) assert.is(wc.status, entry.wanted);
    if (this.broken === '') this.broken = wc.status;
    this.unconfirmed.push(entry.op);
  }

  /** Operations that may have been carried out, when the connection broke. */
  unconfirmed: Operation[] = [];

  #confirm(entry: Entry, to: Peer): void {
    assert.is(entry.wanted, 'IBV_WC_SUCCESS', 'it must fail');
    reference(to.known, entry.op);
    if (entry.answer && entry.sink)
      assert.equal(entry.sink.read(entry.answer.length), entry.answer, 'what came back');
    entry.confirmed?.();
  }

  #received(wc: Wc, lossy: boolean): void {
    const room = this.inbox.take(wc.wrId);
    assert.is(wc.qpNum, this.qp.qpn, "no other queue pair's completions");
    if (wc.status !== 'IBV_WC_SUCCESS') {
      if (this.#receiveBroken !== '') assert.is(wc.status, 'IBV_WC_WR_FLUSH_ERR');
      this.#receiveBroken = wc.status;
      this.endings.push(wc.status);
      return;
    }
    assert.is(this.#receiveBroken, '', 'nothing is received behind a failure');
    if (lossy) return this.#one(wc, room);
    const expected = this.expected[this.arrived++];
    assert.ok(expected, 'nothing more was sent');
    assert.ok(matches(wc, room, expected!), `message ${this.arrived - 1} is another one`);
  }

  /** Over services that may lose, a message is one of those that were sent. */
  #one(wc: Wc, room: Scattered): void {
    this.arrived++;
    assert.ok(
      this.expected.some((e) => matches(wc, room, e)),
      'a message that nobody sent',
    );
  }

  /** Both ends are in error and all completions are in: the memory is what some first part of the requests made. */
  settle(to: Peer): void {
    assert.not(
      this.entries.some((e) => e.signaled),
      'all that was posted is flushed',
    );
    this.unconfirmed.push(...this.entries.splice(0).map((e) => e.op));
    assert.ok(
      isPrefix(to.known, this.unconfirmed, to.target.bytes),
      'memory of a broken connection',
    );
    this.unconfirmed = [];
    to.model = to.target.bytes.slice();
    to.known = to.model.slice();
    to.expected = [];
    to.arrived = 0;
    this.fence = false;
    this.broken = '';
    this.#receiveBroken = '';
  }
}

function matches(wc: Wc, room: Scattered, { bytes, length, imm, invalidates }: Expected): boolean {
  const datagram = wc.srcQp !== 0 ? 40 : 0;
  return (
    wc.byteLen === length + datagram &&
    wc.immData === imm &&
    (wc.wcFlags & WITH_INV) === (invalidates ? WITH_INV : 0) &&
    (bytes === null ||
      room
        .read(wc.byteLen)
        .subarray(datagram)
        .every((b, i) => b === bytes[i]))
  );
}
