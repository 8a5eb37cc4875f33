// Random verbs programs between two ends of a connection, against a model of a few lines: memory equal, every message exactly
// once and in order, no completion lost or doubled. Over which transport, and through what, is the test's business.

import {
  type CompletionQueue,
  type Context,
  type Mr,
  postRecv,
  postSend,
  type QueuePair,
  type SendWr,
  type Wc,
} from '../../src/rdma/index.js';
import type { Random } from '../../src/time/index.js';
import { assert } from './spec.js';

const FENCE = 1;
const SIGNALED = 2;
const RECV_BYTES = 4000;
const SOURCE_BYTES = 20000;
/** Requests of each side. */
const OPERATIONS = 60;
const MOST_POSTED = 16;

/** Bytes of a host that are registered with all rights. */
export interface Buffer {
  readonly addr: bigint;
  readonly bytes: Uint8Array;
  readonly mr: Mr;
}

/** Where a side's programs run. */
export interface ProgramHost {
  readonly context: Context;
  buffer(length: number): Buffer;
  poll(cq: CompletionQueue): readonly Wc[];
}

export interface ProgramEnd {
  readonly qp: QueuePair;
  readonly sendCq: CompletionQueue;
  readonly recvCq: CompletionQueue;
}

const piece = ({ addr, bytes, mr }: Buffer, at = 0, length = bytes.length - at) => ({
  addr: addr + BigInt(at),
  length,
  lkey: mr.lkey,
});

/** What one side does to the other, and what must come of it. */
export class Side {
  readonly source: Buffer;
  readonly sink: Buffer;
  /** Written and changed by the peer. */
  readonly target: Buffer;
  readonly inbox: Buffer[] = [];
  readonly model: Uint8Array;
  readonly expectDone: number[] = [];
  readonly done: number[] = [];
  readonly expectInbox: { length: number; imm: number; bytes: Uint8Array | null }[] = [];
  readonly checks: (() => void)[] = [];
  posted = 0;
  received = 0;
  readonly waiting: number[] = [];
  counter = 0n;

  constructor(
    readonly host: ProgramHost,
    readonly end: ProgramEnd,
    readonly random: Random,
  ) {
    this.source = host.buffer(SOURCE_BYTES);
    this.sink = host.buffer(SOURCE_BYTES);
    this.target = host.buffer(SOURCE_BYTES + 8);
    this.model = new Uint8Array(SOURCE_BYTES + 8);
    for (let i = 0; i < SOURCE_BYTES; i++) this.source.bytes[i] = random.below(256);
  }

  postReceive(): void {
    const buffer = this.host.buffer(RECV_BYTES);
    this.inbox.push(buffer);
    const half = this.random.below(RECV_BYTES);
    const sgList = [piece(buffer, 0, half), piece(buffer, half)];
    postRecv(this.host.context, this.end.qp, { wrId: this.inbox.length - 1, sgList });
  }
}

const lengths = [0, 1, 3, 1023, 1024, 1025, 2048, 3000, 4000];

function someRange(random: Random): { offset: number; length: number } {
  const length = lengths[random.below(lengths.length)]!;
  return { offset: random.below(SOURCE_BYTES - length), length };
}

/** What differs between transports. */
export interface Habits {
  readonly sendsWithImm: boolean;
  /** Nobody waits for a receive request: there must be one before the message comes. */
  readonly receivesFirst: boolean;
}

/** Posts one random request, and tells the model. */
function act(side: Side, peer: Side, habits: Habits): void {
  const { random, source } = side;
  const wrId = side.posted++;
  const { offset, length } = someRange(random);
  const from = piece(source, offset, length);
  const bytes = source.bytes.slice(offset, offset + length);
  const signaled = random.chance(0.6) || wrId % 4 === 3;
  if (signaled) side.expectDone.push(wrId);
  const sendFlags = (signaled ? SIGNALED : 0) + (random.chance(0.2) ? FENCE : 0);
  const to = random.below(SOURCE_BYTES - length);
  const rdma = { remoteAddr: peer.target.addr + BigInt(to), rkey: peer.target.mr.rkey };
  const post = (wr: SendWr) => postSend(side.host.context, side.end.qp, { ...wr, wrId, sendFlags });
  const immData = random.below(1000);
  switch (random.below(6)) {
    case 0:
      peer.expectInbox.push({ length, imm: 0, bytes });
      return post({ opcode: 'IBV_WR_SEND', sgList: [from] });
    case 1:
      peer.expectInbox.push({ length, imm: habits.sendsWithImm ? immData : 0, bytes });
      if (!habits.sendsWithImm) return post({ opcode: 'IBV_WR_SEND', sgList: [from] });
      return post({ opcode: 'IBV_WR_SEND_WITH_IMM', sgList: [from], immData });
    case 2:
      peer.model.set(bytes, to);
      return post({ opcode: 'IBV_WR_RDMA_WRITE', sgList: [from], rdma });
    case 3:
      peer.model.set(bytes, to);
      peer.expectInbox.push({ length, imm: immData, bytes: null });
      return post({ opcode: 'IBV_WR_RDMA_WRITE_WITH_IMM', sgList: [from], rdma, immData });
    case 4: {
      // The source never changes, so that a READ may be carried out at any time.
      const read = { remoteAddr: peer.source.addr + BigInt(offset), rkey: peer.source.mr.rkey };
      const expected = peer.source.bytes.slice(offset, offset + length);
      const place = side.host.buffer(Math.max(length, 8));
      side.checks.push(() => assert.equal(place.bytes.subarray(0, length), expected));
      return post({ opcode: 'IBV_WR_RDMA_READ', sgList: [piece(place, 0, length)], rdma: read });
    }
    default: {
      const place = side.host.buffer(8);
      const was = peer.counter;
      const add = BigInt(1 + random.below(1000));
      peer.counter += add;
      side.checks.push(() => assert.is(word(place.bytes, 0), was));
      const remoteAddr = peer.target.addr + BigInt(SOURCE_BYTES);
      const atomic = { remoteAddr, rkey: peer.target.mr.rkey, compareAdd: add };
      return post({ opcode: 'IBV_WR_ATOMIC_FETCH_AND_ADD', sgList: [piece(place)], atomic });
    }
  }
}

const word = (b: Uint8Array, at: number): bigint =>
  new DataView(b.buffer, b.byteOffset, b.byteLength).getBigUint64(at, true);

/** Takes what has completed, from one queue or from two. */
export function collect(side: Side): void {
  const { sendCq, recvCq } = side.end;
  for (const cq of sendCq === recvCq ? [sendCq] : [sendCq, recvCq])
    for (const wc of side.host.poll(cq)) {
      assert.is(wc.status, 'IBV_WC_SUCCESS');
      if (wc.opcode.startsWith('IBV_WC_RECV')) arrived(side, wc);
      else side.done.push(wc.wrId);
    }
}

function arrived(side: Side, wc: Wc): void {
  const expected = side.expectInbox[side.received];
  assert.ok(expected, 'nothing more was sent');
  assert.is(wc.wrId, side.received);
  assert.is(wc.byteLen, expected.length);
  assert.is(wc.immData, expected.imm);
  if (expected.bytes) {
    assert.equal(side.inbox[wc.wrId]!.bytes.subarray(0, wc.byteLen), expected.bytes);
  }
  side.received++;
}

/** Both sides post what they may at this moment; receive requests come late at times, where senders wait for them. */
export function post(sides: readonly [Side, Side], random: Random, habits: Habits): void {
  for (const [i, side] of sides.entries()) {
    const peer = sides[1 - i]!;
    if (habits.receivesFirst)
      while (peer.inbox.length < peer.expectInbox.length + 2) peer.postReceive();
    const { qp } = side.end;
    if (side.posted < OPERATIONS && qp.posted - qp.freed < MOST_POSTED) act(side, peer, habits);
    if (side.inbox.length < side.expectInbox.length + 2 && random.chance(0.7)) side.postReceive();
  }
}

export const areDone = (sides: readonly Side[]): boolean =>
  sides.every(({ posted, end }) => posted === OPERATIONS && end.qp.tail === end.qp.posted);

/** Everything has happened that must, and nothing else. */
export function judge(side: Side): void {
  assert.equal(side.done, side.expectDone);
  assert.is(side.received, side.expectInbox.length);
  assert.is(word(side.target.bytes, SOURCE_BYTES), side.counter);
  assert.equal(side.target.bytes.subarray(0, SOURCE_BYTES), side.model.subarray(0, SOURCE_BYTES));
  for (const check of side.checks) check();
  assert.is(side.end.qp.state, 'RTS');
}
