// Selective repeat, an option of both ends that the standard does not have, after IRN (Mittal et al., SIGCOMM 2018): the
// responder keeps what comes behind a gap, the requester sends again only what is missing. Every packet is one of IBA's;
// what differs is a meaning: each packet that is kept is answered with a NAK for a PSN sequence error, whose PSN is the
// one still expected, and whose MSN field holds the PSN that was kept. An end without the option reads it as an
// ordinary NAK and goes back.

import type { FramePool } from '../frame/index.js';
import type { Nanos } from '../time/index.js';
import type { Engine } from './engine.js';
import { isReadLike, workKind } from './opcode-map.js';
import { Packet } from './packet.js';
import type { QueuePair } from './queue-pair.js';
import { askAgain, ReadRepeat } from './read-repeat.js';
import { writeRequest } from './request-packet.js';
import { acknowledge, takeRequest } from './responder.js';
import { NAK_PSN_SEQUENCE } from './verdict.js';
import { AETH, psnAdd, psnDiff, syndromeOf } from './wire.js';

const NONE = -1;
/** Frames that the queue pairs of one pool may keep between them: more would let a flood of gaps take all slots. */
const MOST_KEPT = 4096;

/** What a requester knows of a gap. PSNs below `next` have been sent again, those below `end` are missing or kept. */
export class Repeat {
  readonly #kept: Int32Array;
  /** Of responses. */
  readonly reads: ReadRepeat;
  /** PSNs that were sent again, and what was behind the newest PSN then. */
  readonly #again: Int32Array;
  readonly #againAt: Int32Array;
  next = 0;
  end = 0;
  /** Something below `end` may have to be sent again. */
  pending = false;
  /** The oldest is to be sent again: the timer fired, or a packet sent later than its repetition was kept. */
  headAgain = false;
  /** Behind the newest PSN when the timer fired; what is missing then shows when the oldest is acknowledged. */
  probeEnd = NONE;

  constructor(readonly window: number) {
    this.reads = new ReadRepeat(window);
    this.#kept = new Int32Array(window).fill(NONE);
    this.#again = new Int32Array(window).fill(NONE);
    this.#againAt = new Int32Array(window).fill(NONE);
  }

  // hot
  isKept(psn: number): boolean {
    return this.#kept[psn % this.window] === psn;
  }

  mark(psn: number): void {
    this.#kept[psn % this.window] = psn;
  }

  /** The packet goes out in its turn: nobody has it. */
  // hot
  unmark(psn: number): void {
    this.#kept[psn % this.window] = NONE;
    this.#again[psn % this.window] = NONE;
  }

  sentAgain(psn: number, newest: number): void {
    this.#again[psn % this.window] = psn;
    this.#againAt[psn % this.window] = newest;
  }

  /** `psn` is missing although it was sent again, and `kept`, which was first sent later, came: it is lost again. */
  isLostAgain(psn: number, kept: number): boolean {
    const at = psn % this.window;
    return this.#again[at] === psn && psnDiff(kept, this.#againAt[at]!) >= 0;
  }

  /** All before `unacked` was received. */
  // hot
  progressed(unacked: number): void {
    const end = this.probeEnd;
    if (end === NONE) return;
    this.probeEnd = NONE;
    if (psnDiff(end, unacked) <= 0) return;
    this.next = unacked;
    this.end = end;
    this.pending = true;
  }

  /** All from `psn` on is sent again in turn, whatever was kept. */
  clear(psn: number): void {
    this.reads.clear(psn);
    this.#kept.fill(NONE);
    this.#again.fill(NONE);
    this.probeEnd = NONE;
    this.next = psn;
    this.end = psn;
    this.pending = false;
    this.headAgain = false;
  }
}

const keptOf = new WeakMap<FramePool, { count: number }>();

/** Packets that came behind a gap. */
export class Kept {
  count = 0;
  readonly #slots: Int32Array;
  readonly #psns: Int32Array;
  readonly #all: { count: number };

  constructor(
    readonly window: number,
    readonly pool: FramePool,
  ) {
    this.#slots = new Int32Array(window).fill(NONE);
    this.#psns = new Int32Array(window).fill(NONE);
    const all = keptOf.get(pool) ?? { count: 0 };
    keptOf.set(pool, all);
    this.#all = all;
  }

  /** Keeps a copy of the packet; false when it cannot. */
  put(pkt: Packet): boolean {
    const at = pkt.psn % this.window;
    if (this.#psns[at] === pkt.psn) return true;
    this.#drop(at);
    if (this.#all.count >= MOST_KEPT) return false;
    const slot = this.pool.take();
    if (slot < 0) return false;
    this.pool.bytes(slot).set(pkt.bytes.subarray(pkt.at, pkt.end), this.pool.at(slot));
    this.pool.setLength(slot, pkt.end - pkt.at);
    this.#slots[at] = slot;
    this.#psns[at] = pkt.psn;
    this.count++;
    this.#all.count++;
    return true;
  }

  /** Takes the packet of that PSN out, or -1. Who takes the slot owns it. */
  take(psn: number): number {
    const at = psn % this.window;
    if (this.#psns[at] !== psn) return NONE;
    const slot = this.#slots[at]!;
    this.#slots[at] = NONE;
    this.#psns[at] = NONE;
    this.count--;
    this.#all.count--;
    return slot;
  }

  clear(): void {
    for (let at = 0; this.count > 0 && at < this.window; at++) this.#drop(at);
  }

  #drop(at: number): void {
    const psn = this.#psns[at]!;
    if (psn !== NONE) this.pool.release(this.take(psn));
  }
}

/** The queue pair begins a new life: with selective repeat, if the device has it. */
export function attachRepeat(dev: Engine, qp: QueuePair): void {
  const { selectiveRepeat } = dev.profile;
  if (!selectiveRepeat || !qp.reliable) return;
  qp.repeat = new Repeat(selectiveRepeat);
  qp.kept = new Kept(selectiveRepeat, dev.pool);
}

// Responder

/** A packet came behind a gap: kept and told, or lost if it lies beyond the window. */
export function keepAhead(dev: Engine, qp: QueuePair, kept: Kept, pkt: Packet): void {
  const ahead = psnDiff(pkt.psn, qp.expectedPsn);
  if (ahead >= kept.window || !kept.put(pkt)) return dev.counters.add('drop_beyond_window');
  dev.counters.add('out_of_seq_request');
  acknowledge(qp, syndromeOf('NAK', NAK_PSN_SEQUENCE), qp.expectedPsn);
  qp.lastResponse()!.msn = pkt.psn;
  dev.activate(qp);
}

const spare = new Packet();

/** The gap is filled: what was kept behind it is carried out, as far as nothing is missing. */
export function drainKept(dev: Engine, qp: QueuePair, kept: Kept, now: Nanos): void {
  const { pool } = dev;
  while (kept.count > 0) {
    const slot = kept.take(qp.expectedPsn);
    if (slot < 0) return;
    const at = pool.at(slot);
    spare.find(pool.bytes(slot), at, at + pool.length(slot), qp.path!.template.native);
    spare.read();
    const verdict = takeRequest(dev, qp, spare, now);
    pool.release(slot);
    if (verdict !== 'accept') return;
  }
}

// Requester

/**
 * A NAK for a sequence error: what was kept is not to be sent again, what lies before it and was not kept is lost.
 * @returns false when the peer has kept nothing: then all is sent again
 */
export function heardOfGap(dev: Engine, qp: QueuePair, repeat: Repeat, pkt: Packet): boolean {
  const psn = AETH.get.msn(pkt.bytes, pkt.aethAt);
  const isKept = psnDiff(psn, pkt.psn) > 0 && psnDiff(psn, qp.sentPsn) < 0;
  if (!isKept || psnDiff(psn, pkt.psn) >= repeat.window) return false;
  repeat.mark(psn);
  if (repeat.isKept(pkt.psn)) repeat.unmark(pkt.psn); // it was given up after all
  if (psnDiff(repeat.end, qp.unackedPsn) < 0) repeat.end = qp.unackedPsn;
  if (psnDiff(repeat.next, qp.unackedPsn) < 0) repeat.next = qp.unackedPsn;
  if (repeat.isLostAgain(qp.unackedPsn, psn)) repeat.headAgain = true;
  if (psnDiff(psn, repeat.end) > 0) repeat.end = psn;
  repeat.pending = true;
  dev.activate(qp);
  return true;
}

/** Nothing was heard for too long: the oldest is sent again, and its acknowledgement will tell what else is missing. */
export function resendUnheard(qp: QueuePair, repeat: Repeat): boolean {
  const oldest = jobAt(qp, qp.unackedPsn);
  if (oldest < 0 || isReadLike(workKind(qp.job(oldest).opcode))) return false;
  if (qp.sendPsn !== qp.sentPsn) return false; // it goes back already
  repeat.unmark(qp.unackedPsn);
  repeat.headAgain = true;
  repeat.probeEnd = qp.sentPsn;
  repeat.pending = true;
  return true;
}

/** Puts the next packet that is missing into a slot; -1 when there is none. */
export function resendLost(dev: Engine, qp: QueuePair, repeat: Repeat, now: Nanos): number {
  if (repeat.headAgain) {
    repeat.headAgain = false;
    const slot = resend(dev, qp, repeat, qp.unackedPsn, now);
    if (slot >= 0) return slot;
  }
  if (repeat.reads.pending) {
    const slot = askAgain(dev, qp, repeat.reads, now);
    if (slot >= 0) return slot;
    if (repeat.reads.pending) return NONE; // no room for it now
  }
  if (psnDiff(repeat.next, qp.unackedPsn) < 0) repeat.next = qp.unackedPsn;
  while (psnDiff(repeat.next, repeat.end) < 0 && psnDiff(repeat.next, qp.sendPsn) < 0) {
    const psn = repeat.next;
    const slot = repeat.isKept(psn) ? NONE : resend(dev, qp, repeat, psn, now);
    if (slot === NO_SLOT) return NONE;
    repeat.next = psnAdd(psn, 1);
    if (slot >= 0) return slot;
  }
  repeat.pending = false;
  return NONE;
}

/** There was no slot, or the job failed: it is not sent, and not over either. */
const NO_SLOT = -2;

function resend(dev: Engine, qp: QueuePair, repeat: Repeat, psn: number, now: Nanos): number {
  const index = jobAt(qp, psn);
  if (index < 0) return NONE;
  const job = qp.job(index);
  // A READ is one packet, which has the first of its PSNs.
  if (isReadLike(workKind(job.opcode)) && psn !== job.firstPsn) return NONE;
  const turn = qp.sendPsn;
  qp.sendPsn = psn;
  qp.sinceAckReq = dev.profile.packetsPerAckReq; // it asks how far the peer has come
  const slot = writeRequest(dev, qp, job, now);
  qp.sendPsn = turn;
  if (slot < 0) return NO_SLOT;
  repeat.sentAgain(psn, qp.sentPsn);
  dev.counters.add('sent_pkts');
  dev.counters.add('selective_retransmits');
  return slot;
}

/** The request that a PSN belongs to and that is not done; -1 when there is none. */
function jobAt(qp: QueuePair, psn: number): number {
  for (let i = qp.tail; i < qp.fetched; i++) {
    const job = qp.job(i);
    if (!job.begun) return NONE;
    if (job.packets === 0 || psnDiff(psn, job.endPsn) >= 0) continue;
    return job.done || psnDiff(psn, job.firstPsn) < 0 ? NONE : i;
  }
  return NONE;
}
