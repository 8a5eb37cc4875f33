// One thread of a block job: keeps so many requests under way on its part of the disk, and holds what it reads against what
// it wrote. As fio with an asynchronous engine: one system call hands over what there is, and the thread sleeps until
// something is done.

import { type BlockDevice, BlockRequest } from '../../block/index.js';
import { Signal, type Thread, type Wait } from '../../cpu/index.js';
import type { Computer } from '../../host/index.js';
import { after, type Nanos, NEVER, type Random } from '../../time/index.js';
import { DataBuffer } from './buffer.js';
import { Contents } from './contents.js';
import type { BlockJobParameters } from './parameters.js';
import type { Tape } from './tape.js';

/** Puts bytes at an offset of the disk, within the call. */
export type Precondition = (offset: number, bytes: Uint8Array) => void;

/** A request of the job's, with its buffer. */
interface Slot {
  readonly request: BlockRequest;
  readonly buffer: DataBuffer;
  busy: boolean;
  begunAt: Nanos;
  generation: number;
}

/** A free place is sought so often; then whatever comes first is waited for. */
const TRIES = 32;
const PERCENT = 100;

export class Job {
  readonly #contents: Contents;
  readonly #slots: readonly Slot[];
  readonly #news = new Signal();
  readonly #over: Slot[] = [];
  readonly #random: Random;
  /** First byte of its part of the disk. */
  readonly #from: number;
  /** Requests that still go before what counts; none does while the disk is filled. */
  #toWarmUp = Number.POSITIVE_INFINITY;
  #writes = 0;
  #cursor = 0;
  #underWay = 0;
  #nextAt: Nanos;

  constructor(
    readonly computer: Computer,
    readonly device: BlockDevice,
    readonly p: BlockJobParameters,
    index: number,
    random: Random,
    readonly tape: Tape,
    readonly precondition?: Precondition,
  ) {
    this.#from = index * p.areaBytes;
    this.#random = random.fork(`job ${index}`);
    const { blockBytes } = device;
    this.#contents = new Contents(
      this.#random.bits(),
      blockBytes,
      this.#from / blockBytes,
      p.areaBytes / blockBytes,
    );
    const largest = Math.max(...p.blockSizes);
    this.#slots = Array.from({ length: p.depth }, () => this.#slot(largest));
    this.#nextAt = computer.now;
  }

  #slot(largest: number): Slot {
    const slot: Slot = {
      request: new BlockRequest(),
      buffer: new DataBuffer(this.computer, largest),
      busy: false,
      begunAt: this.computer.now,
      generation: 0,
    };
    slot.request.done = (now) => {
      this.#over.push(slot);
      this.#news.raise(now);
    };
    return slot;
  }

  *run(thread: Thread): Generator<Wait, void, void> {
    if (this.p.reads && this.p.verify) yield* this.#prefill(thread);
    yield* this.tape.ready(thread);
    this.#toWarmUp = this.p.warmUp;
    if (this.#toWarmUp === 0) this.tape.warm(thread.now);
    for (;;) {
      if (!this.tape.isOver) yield* this.#hand(thread);
      if (this.#underWay === 0 && this.tape.isOver) break;
      if (this.#over.length === 0) {
        const pause = this.#nextAt > thread.now && !this.tape.isOver ? this.#nextAt : NEVER;
        yield thread.block(this.#news, pause);
      }
      this.#reap(thread);
    }
  }

  /** Every block of the part is written once, with requests as large as there are, so that reads have something to find. */
  *#prefill(thread: Thread): Generator<Wait, void, void> {
    if (this.precondition) return this.#putInPlace(this.precondition);
    const largest = Math.max(...this.p.blockSizes);
    const slot = this.#slots[0]!;
    for (let at = 0; at < this.p.areaBytes && !this.tape.isOver; at += largest) {
      this.#prepare(slot, 'write', at, largest, thread.now);
      yield thread.systemCall();
      yield* this.device.submit(thread, slot.request);
      while (this.#over.length === 0) yield thread.block(this.#news);
      this.#reap(thread);
    }
  }

  #putInPlace(precondition: Precondition): void {
    const contents = this.#contents;
    const bytes = new Uint8Array(contents.blockBytes);
    const generation = contents.begin();
    for (let block = 0; block < contents.blocks; block++) {
      contents.fill(bytes, 0, block, generation);
      precondition(this.#from + block * contents.blockBytes, bytes);
    }
    contents.wrote(0, contents.blocks, generation);
  }

  /** Hands over as many requests as may be under way, in one system call. */
  *#hand(thread: Thread): Generator<Wait, void, void> {
    const chosen: Slot[] = [];
    for (const slot of this.#slots) {
      if (slot.busy || this.#nextAt > thread.now) continue;
      if (!this.#choose(slot, thread.now)) break;
      chosen.push(slot);
    }
    if (chosen.length === 0) return;
    yield thread.systemCall();
    if (chosen.length > 1) this.device.plug(thread);
    for (const { request } of chosen) yield* this.device.submit(thread, request);
    if (chosen.length > 1) yield* this.device.unplug(thread);
  }

  /** Decides what the next request is; false where its place is taken by one that is under way. */
  #choose(slot: Slot, now: Nanos): boolean {
    const { p } = this;
    const random = this.#random;
    if (p.flushEvery > 0 && this.#writes >= p.flushEvery && this.device.writeCache) {
      this.#writes = 0;
      this.#prepare(slot, 'flush', 0, 0, now);
      return true;
    }
    const length = p.blockSizes[p.blockSizes.length > 1 ? random.below(p.blockSizes.length) : 0]!;
    const isRead = p.reads && (!p.writes || random.below(PERCENT) < p.readPercent);
    const offset = this.#place(length);
    if (offset < 0) return false;
    this.#prepare(slot, isRead ? 'read' : 'write', offset, length, now);
    return true;
  }

  /** A place on the part of the disk that no request under way touches; -1 where none was found. */
  #place(length: number): number {
    const { isRandom, areaBytes } = this.p;
    const places = areaBytes / length;
    for (let tries = 0; tries < TRIES; tries++) {
      const offset = isRandom ? this.#random.below(Math.floor(places)) * length : this.#cursor;
      const from = offset + length > areaBytes ? 0 : offset;
      if (this.#isFree(from, length)) {
        this.#cursor = from + length;
        return from;
      }
      if (!isRandom) break;
    }
    return -1;
  }

  #isFree(offset: number, length: number): boolean {
    const at = this.#from + offset;
    return this.#slots.every(
      ({ busy, request }) =>
        !busy || request.offset >= at + length || request.offset + request.length <= at,
    );
  }

  #prepare(
    slot: Slot,
    op: 'read' | 'write' | 'flush',
    offset: number,
    length: number,
    now: Nanos,
  ): void {
    const { request, buffer } = slot;
    request.op = op;
    request.offset = op === 'flush' ? 0 : this.#from + offset;
    request.length = length;
    request.segments = op === 'flush' ? [] : buffer.segments(length);
    request.fua = op === 'write' && this.p.fua;
    slot.busy = true;
    slot.begunAt = now;
    this.#underWay++;
    if (op === 'write') {
      this.#writes++;
      slot.generation = this.#contents.begin();
      buffer.fill(this.#contents, offset / this.device.blockBytes, length, slot.generation);
    } else if (op === 'read' && this.p.verify) buffer.clear(length);
  }

  #reap({ now }: Thread): void {
    for (let slot = this.#over.shift(); slot; slot = this.#over.shift()) this.#finish(slot, now);
  }

  #finish(slot: Slot, now: Nanos): void {
    const { request, buffer, generation, begunAt } = slot;
    const { op, length, status } = request;
    const { blockBytes } = this.device;
    const block = (request.offset - this.#from) / blockBytes;
    const blocks = length / blockBytes;
    slot.busy = false;
    this.#underWay--;
    this.#nextAt = after(now, this.p.thinkNs);
    if (status !== 'BLK_STS_OK') {
      if (op === 'write') this.#contents.failed(block, blocks, generation);
      this.tape.failed(now, `${op} of ${length} bytes at ${request.offset}: ${status}`);
      return;
    }
    if (op === 'write') this.#contents.wrote(block, blocks, generation);
    if (op === 'read' && this.p.verify)
      this.tape.verified(blocks, buffer.wrong(this.#contents, block, length));
    if (op !== 'read' && op !== 'write') return;
    if (this.#toWarmUp === 0) this.tape.ended(now, op, length, now - begunAt);
    else if (--this.#toWarmUp === 0) this.tape.warm(now);
  }
}
