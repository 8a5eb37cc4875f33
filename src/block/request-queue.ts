// A block device made of a driver: block requests are checked, split, merged while a thread is plugged, given tags of the
// hardware queue of their core, sent, timed, sent again, ended. What Linux's blk-mq does without a scheduler ('none').

import { Signal, type Thread, type Wait } from '../cpu/index.js';
import type { Computer } from '../host/index.js';
import { blockLinux } from '../profiles/block.js';
import { after, earlier, type Nanos, NEVER, seconds } from '../time/index.js';
import type { BlockDevice } from './device.js';
import type { BlockDriver, DriverRequest } from './driver.js';
import type { HardwareQueue } from './hardware-queue.js';
import type { BlockProfile } from './profile.js';
import { type BlockRequest, type BlockStatus, movesData } from './request.js';
import { addSegments, mergesAt, mostBytes, pieceLength } from './split.js';

/** Requests that a plug holds at most (BLK_MAX_REQUEST_COUNT). */
const PLUGGED = 32;
/** How far back in a plug a request to merge with is looked for: the last of each run that goes on at once. */
const LOOKED_AT = 4;
const TIMEOUT = seconds(30);

export interface QueueOptions {
  /** '/dev/qbd1' */
  readonly name: string;
  readonly sizeBytes: number;
  readonly readOnly?: boolean;
  /** A request that is not over by then is the driver's to look after; 30 s unless given. */
  readonly timeoutNs?: number;
  readonly profile?: BlockProfile;
}

/** What became of the requests so far. */
export interface QueueCounts {
  /** Block requests, those that were merged into others, and pieces that others were split into. */
  requests: number;
  merged: number;
  split: number;
  /** Driver's requests that were sent, and sent again; timeouts; those that waited for a tag. */
  sent: number;
  requeued: number;
  timeouts: number;
  waited: number;
}

export class RequestQueue implements BlockDevice {
  readonly name: string;
  readonly changed = new Signal();
  readonly counts: QueueCounts = {
    ...{ requests: 0, merged: 0, split: 0 },
    ...{ sent: 0, requeued: 0, timeouts: 0, waited: 0 },
  };
  readonly hardware: readonly HardwareQueue[];
  /** By hardware queue: to be sent again, or for the first time, when this is started; oldest first. */
  readonly #held: readonly DriverRequest[][];
  readOnly: boolean;
  #sizeBytes: number;
  #gone: BlockStatus | undefined;
  #stopped = false;
  readonly #profile: BlockProfile;
  readonly #timeoutNs: number;
  readonly #plugs = new Map<Thread, DriverRequest[]>();
  /** For the queue's own thread: queues to be started, the clock to be set. */
  readonly #work = new Signal();
  #checkAt: Nanos = NEVER;

  constructor(
    readonly host: Computer,
    readonly driver: BlockDriver,
    options: QueueOptions,
  ) {
    this.name = options.name;
    this.#sizeBytes = options.sizeBytes;
    this.readOnly = options.readOnly ?? false;
    this.#profile = options.profile ?? blockLinux;
    this.#timeoutNs = options.timeoutNs ?? TIMEOUT;
    this.hardware = driver.hardware;
    this.#held = driver.hardware.map(() => []);
    host.spawn(`kblockd ${options.name}`, (thread) => this.#serve(thread));
  }

  get sizeBytes(): number {
    return this.#gone ? 0 : this.#sizeBytes;
  }

  get blockBytes(): number {
    return this.driver.limits.blockBytes;
  }

  get maxTransferBytes(): number {
    return this.driver.limits.maxTransferBytes;
  }

  get writeCache(): boolean {
    return this.driver.limits.writeCache;
  }

  get maxDiscardBytes(): number {
    return this.driver.limits.maxDiscardBytes;
  }

  get maxZeroBytes(): number {
    return this.driver.limits.maxZeroBytes;
  }

  /** Requests that have a tag, of whichever device that shares them. */
  get busy(): number {
    return this.hardware.reduce((sum, { busy }) => sum + busy, 0);
  }

  // BlockDevice

  // hot
  *submit(thread: Thread, request: BlockRequest): Generator<Wait, void, void> {
    const { driver } = this;
    this.counts.requests++;
    request.status = 'BLK_STS_OK';
    request.left = 1;
    const refusal = this.#refuses(request);
    if (refusal !== undefined) {
      yield thread.spend(this.#profile.submitNs);
      return request.end(thread.now, refusal);
    }
    let done = 0;
    do {
      const length = pieceLength(request, done, driver.limits);
      if (length === 0 && request.length > 0) {
        request.end(thread.now, 'BLK_STS_INVAL');
        return;
      }
      if (done > 0) this.counts.split++;
      request.left++;
      yield* this.#place(thread, request, done, length);
      done += length;
    } while (done < request.length);
    request.end(thread.now, 'BLK_STS_OK');
  }

  /** Why a request is not taken; BLK_STS_OK where there is nothing to do. */
  #refuses(request: BlockRequest): BlockStatus | undefined {
    const { op, offset, length, segments } = request;
    if (this.#gone) return this.#gone;
    if (op === 'flush') return this.driver.limits.writeCache ? undefined : 'BLK_STS_OK';
    const { blockBytes } = this;
    const isInside = offset >= 0 && length > 0 && offset + length <= this.#sizeBytes;
    if (!isInside || offset % blockBytes !== 0 || length % blockBytes !== 0) return 'BLK_STS_INVAL';
    if (op !== 'read' && this.readOnly) return 'BLK_STS_PROTECTION';
    if (mostBytes(request, this.driver.limits) === 0) return 'BLK_STS_NOTSUPP';
    let bytes = 0;
    for (let i = 0; i < segments.length; i++) bytes += segments[i]!.length;
    return movesData(op) && bytes !== length ? 'BLK_STS_INVAL' : undefined;
  }

  /** One piece of a request: into a request that is plugged, or into one of its own. */
  // hot
  *#place(
    thread: Thread,
    request: BlockRequest,
    from: number,
    length: number,
  ): Generator<Wait, void, void> {
    const { mergeNs, submitNs, splitNs } = this.#profile;
    const plug = this.#plugs.get(thread);
    if (plug && this.#merge(plug, request, from, length)) {
      this.counts.merged++;
      yield thread.spend(mergeNs);
      return;
    }
    yield thread.spend(from === 0 ? submitNs : splitNs);
    const queue = this.hardware[thread.core % this.hardware.length]!;
    if (!queue.hasFree) yield* this.#waitForTag(thread, queue);
    if (this.#gone) return request.end(thread.now, this.#gone);
    const made = queue.take();
    made.device = this;
    made.op = request.op;
    made.fua = request.fua;
    made.offset = request.offset + from;
    made.length = length;
    made.parts.push(request);
    if (movesData(request.op)) addSegments(made.segments, request, from, length);
    if (!plug) return yield* this.#issue(thread, made, true);
    made.state = 'plugged';
    plug.push(made);
    if (plug.length >= PLUGGED) yield* this.#send(thread, plug);
  }

  #merge(
    plug: readonly DriverRequest[],
    request: BlockRequest,
    from: number,
    length: number,
  ): boolean {
    const last = Math.max(0, plug.length - LOOKED_AT);
    for (let i = plug.length - 1; i >= last; i--) {
      const earlier = plug[i]!;
      const where = mergesAt(earlier, request, from, length, this.driver.limits);
      if (where === undefined) continue;
      earlier.length += length;
      if (where === 'back') {
        earlier.parts.push(request);
        earlier.segments.push(...request.segments);
      } else {
        earlier.offset = request.offset + from;
        earlier.parts.unshift(request);
        earlier.segments.unshift(...request.segments);
      }
      return true;
    }
    return false;
  }

  *#waitForTag(thread: Thread, queue: HardwareQueue): Generator<Wait, void, void> {
    this.counts.waited++;
    // What waits for this thread would never come back (blk_mq_get_tag flushes the plug before it sleeps).
    const plug = this.#plugs.get(thread);
    if (plug) yield* this.#send(thread, plug);
    queue.waiters++;
    while (!queue.hasFree && !this.#gone) yield thread.block(queue.freed);
    queue.waiters--;
  }

  plug(thread: Thread): void {
    if (!this.#plugs.has(thread)) this.#plugs.set(thread, []);
  }

  *unplug(thread: Thread): Generator<Wait, void, void> {
    const plug = this.#plugs.get(thread);
    this.#plugs.delete(thread);
    if (plug) yield* this.#send(thread, plug);
  }

  *#send(thread: Thread, list: DriverRequest[]): Generator<Wait, void, void> {
    const sent = list.splice(0);
    for (let i = 0; i < sent.length; i++)
      yield* this.#issue(thread, sent[i]!, i === sent.length - 1);
  }

  /** Hands a request to the driver, or keeps it. */
  // hot
  *#issue(thread: Thread, request: DriverRequest, last: boolean): Generator<Wait, void, void> {
    if (this.#gone) return this.complete(thread.now, request, this.#gone);
    if (this.#stopped || this.#held[request.queue]!.length > 0) {
      this.#hold(request);
      if (last && !this.#stopped) yield* this.driver.commit(thread, request.queue);
      return;
    }
    this.#start(thread.now, request);
    const status = yield* this.driver.queueRequest(thread, request, last);
    if (status === 'BLK_STS_OK') return;
    if (status === 'BLK_STS_RESOURCE') this.#hold(request);
    else this.complete(thread.now, request, status);
    if (last) yield* this.driver.commit(thread, request.queue);
  }

  // hot
  #start(now: Nanos, request: DriverRequest): void {
    this.counts.sent++;
    request.state = 'started';
    request.startedAt = now;
    request.deadline = after(now, this.#timeoutNs);
    if (this.#checkAt !== NEVER) return;
    this.#checkAt = request.deadline;
    this.#work.raise(now);
  }

  #hold(request: DriverRequest): void {
    request.state = 'held';
    this.#held[request.queue]!.push(request);
  }

  // For the driver

  /** A request is over. */
  // hot
  complete(now: Nanos, request: DriverRequest, status: BlockStatus): void {
    const queue = this.hardware[request.queue]!;
    const { parts } = request;
    const ended = parts.length === 1 ? undefined : parts.slice();
    const only = parts[0]!;
    queue.give(request);
    if (queue.waiters > 0) queue.freed.raise(now);
    if (ended) for (const part of ended) part.end(now, status);
    else only.end(now, status);
  }

  /** What ending a request takes of a core. */
  get completeNs(): number {
    return this.#profile.completeNs;
  }

  /** A request that nobody knows the end of is sent again when the queue is started, before those that came later. */
  requeue(now: Nanos, request: DriverRequest): void {
    if (request.state !== 'started') return;
    if (this.#gone) return this.complete(now, request, this.#gone);
    this.counts.requeued++;
    request.retries++;
    const held = this.#held[request.queue]!;
    const { startedAt } = request;
    const at = held.findIndex((other) => other.retries === 0 || other.startedAt > startedAt);
    request.state = 'held';
    held.splice(at < 0 ? held.length : at, 0, request);
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  /** Nothing more goes to the driver (blk_mq_quiesce_queue). */
  stop(): void {
    this.#stopped = true;
  }

  start(now: Nanos): void {
    this.#stopped = false;
    this.#work.raise(now);
  }

  resize(now: Nanos, sizeBytes: number): void {
    if (this.#sizeBytes === sizeBytes) return;
    this.#sizeBytes = sizeBytes;
    this.changed.raise(now);
  }

  /** The device goes: what is held, and what still comes, ends so. What was sent is the driver's to end. */
  remove(now: Nanos, status: BlockStatus = 'BLK_STS_OFFLINE'): void {
    if (this.#gone) return;
    this.#gone = status;
    for (const held of this.#held)
      for (const request of held.splice(0)) this.complete(now, request, status);
    for (const { freed } of this.hardware) freed.raise(now);
    this.#work.raise(now);
    this.changed.raise(now);
  }

  /** The queue's own thread: starts what is held, looks for requests that take too long. */
  *#serve(thread: Thread): Generator<Wait, void, void> {
    while (!this.#gone) {
      for (const held of this.#held) yield* this.#restart(thread, held);
      if (this.#checkAt <= thread.now) this.#check(thread.now);
      if (!this.#gone) yield thread.block(this.#work, this.#checkAt);
    }
  }

  *#restart(thread: Thread, held: DriverRequest[]): Generator<Wait, void, void> {
    while (held.length > 0 && !this.#stopped) {
      const request = held.shift()!;
      const isLast = held.length === 0;
      this.#start(thread.now, request);
      const status = yield* this.driver.queueRequest(thread, request, isLast);
      if (status === 'BLK_STS_OK') continue;
      if (status !== 'BLK_STS_RESOURCE') {
        this.complete(thread.now, request, status);
        continue;
      }
      request.state = 'held';
      held.unshift(request);
      return;
    }
  }

  /** Requests beyond their time; when to look next. */
  #check(now: Nanos): void {
    let next: Nanos = NEVER;
    for (const { requests } of this.hardware)
      for (const request of requests) {
        if (request.state !== 'started' || request.device !== this) continue;
        if (request.deadline <= now) {
          this.counts.timeouts++;
          request.deadline = after(now, this.#timeoutNs);
          if (this.driver.timedOut(now, request)) continue;
        }
        next = earlier(next, request.deadline);
      }
    this.#checkAt = next;
  }
}
