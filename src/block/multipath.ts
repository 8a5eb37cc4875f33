// Several ways to one disk as one block device: requests go by turns or by the first way that works; what a way loses is
// sent again over another, and waits where there is none (dm-multipath, queue_if_no_path).

import { Signal, type Thread, type Wait } from '../cpu/index.js';
import type { Computer } from '../host/index.js';
import { after, type Nanos, NEVER, seconds } from '../time/index.js';
import type { BlockDevice } from './device.js';
import { BlockRequest, type BlockStatus } from './request.js';

export type PathPolicy = 'round-robin' | 'failover';

export interface MultipathOptions {
  readonly name: string;
  readonly policy?: PathPolicy;
  /** How long a request waits for a way, when none works; then it fails. For ever unless given. */
  readonly noPathNs?: number;
  /** When a way that failed is tried again. */
  readonly retryNs?: number;
}

/** Ends of requests for which the way is to blame, not the disk. */
const WAY: readonly BlockStatus[] = ['BLK_STS_TRANSPORT', 'BLK_STS_OFFLINE', 'BLK_STS_TIMEOUT'];
const RETRY = seconds(5);

/** A request as it goes over one way. */
class Attempt extends BlockRequest {
  whole!: BlockRequest;
  path: BlockDevice | undefined;
  since: Nanos = NEVER;
}

export class Multipath implements BlockDevice {
  readonly name: string;
  readonly changed = new Signal();
  /** Requests that were sent again over another way. */
  failovers = 0;
  readonly #options: MultipathOptions;
  readonly #paths: BlockDevice[];
  readonly #failedUntil = new Map<BlockDevice, Nanos>();
  readonly #spare: Attempt[] = [];
  readonly #waiting: Attempt[] = [];
  readonly #work = new Signal();
  #next = 0;

  /** @throws RangeError where the ways do not lead to disks that are alike */
  constructor(host: Computer, paths: readonly BlockDevice[], options: MultipathOptions) {
    const [first] = paths;
    if (!first) throw new RangeError('there is no way to the disk');
    if (paths.some(({ blockBytes }) => blockBytes !== first.blockBytes))
      throw new RangeError('the ways lead to disks with different blocks');
    this.name = options.name;
    this.#options = options;
    this.#paths = [...paths];
    for (const path of paths) path.changed.feed(this.changed);
    host.spawn(`kmpathd ${options.name}`, (thread) => this.#serve(thread));
  }

  get paths(): readonly BlockDevice[] {
    return this.#paths;
  }

  /** One more way. */
  add(now: Nanos, path: BlockDevice): void {
    this.#paths.push(path);
    path.changed.feed(this.changed);
    this.#work.raise(now);
  }

  /** A way has gone for good; the last one stays, so that its disk is known to have gone. */
  remove(now: Nanos, path: BlockDevice): void {
    const index = this.#paths.indexOf(path);
    if (index >= 0 && this.#paths.length > 1) this.#paths.splice(index, 1);
    this.#work.raise(now);
  }

  get sizeBytes(): number {
    return Math.max(...this.paths.map(({ sizeBytes }) => sizeBytes));
  }

  get blockBytes(): number {
    return this.paths[0]!.blockBytes;
  }

  get maxTransferBytes(): number {
    return Math.min(...this.paths.map(({ maxTransferBytes }) => maxTransferBytes));
  }

  get maxDiscardBytes(): number {
    return Math.min(...this.paths.map(({ maxDiscardBytes }) => maxDiscardBytes));
  }

  get maxZeroBytes(): number {
    return Math.min(...this.paths.map(({ maxZeroBytes }) => maxZeroBytes));
  }

  get readOnly(): boolean {
    return this.paths.every(({ readOnly }) => readOnly);
  }

  get writeCache(): boolean {
    return this.paths.some(({ writeCache }) => writeCache);
  }

  *submit(thread: Thread, request: BlockRequest): Generator<Wait, void, void> {
    const attempt = this.#spare.pop() ?? this.#newAttempt();
    const { op, offset, length, segments, fua } = request;
    Object.assign(attempt, { whole: request, op, offset, length, segments, fua });
    attempt.since = thread.now;
    request.status = 'BLK_STS_OK';
    request.left = 1;
    if (!(yield* this.#go(thread, attempt))) this.#work.raise(thread.now);
  }

  #newAttempt(): Attempt {
    const attempt = new Attempt();
    attempt.done = (now) => this.#done(now, attempt);
    return attempt;
  }

  /** Sends it over a way; false when there is none, and it waits. */
  *#go(thread: Thread, attempt: Attempt): Generator<Wait, boolean, void> {
    const path = this.#choose(thread.now);
    if (!path) {
      this.#waiting.push(attempt);
      return false;
    }
    attempt.path = path;
    yield* path.submit(thread, attempt);
    return true;
  }

  #choose(now: Nanos): BlockDevice | undefined {
    const { length } = this.paths;
    const start = this.#options.policy === 'failover' ? 0 : this.#next++;
    for (let i = 0; i < length; i++) {
      const path = this.paths[(start + i) % length]!;
      if (path.sizeBytes > 0 && (this.#failedUntil.get(path) ?? 0) <= now) return path;
    }
    return undefined;
  }

  #done(now: Nanos, attempt: Attempt): void {
    if (!WAY.includes(attempt.status)) return this.#end(now, attempt, attempt.status);
    this.#failedUntil.set(attempt.path!, after(now, this.#options.retryNs ?? RETRY));
    this.failovers++;
    this.#waiting.push(attempt);
    this.#work.raise(now);
  }

  #end(now: Nanos, attempt: Attempt, status: BlockStatus): void {
    const { whole } = attempt;
    this.#spare.push(attempt);
    whole.end(now, status);
  }

  /** Sends again what a way has lost; fails what has waited for too long. */
  *#serve(thread: Thread): Generator<Wait, void, void> {
    const { noPathNs } = this.#options;
    for (;;) {
      for (const attempt of this.#waiting.splice(0)) {
        const isLate = noPathNs !== undefined && after(attempt.since, noPathNs) <= thread.now;
        if (isLate && !this.#choose(thread.now))
          this.#end(thread.now, attempt, 'BLK_STS_TRANSPORT');
        else yield* this.#go(thread, attempt);
      }
      yield thread.block(this.#work, this.#soonest(thread.now));
    }
  }

  /** When something may have changed for those that wait. */
  #soonest(now: Nanos): Nanos {
    const [oldest] = this.#waiting;
    if (!oldest) return NEVER;
    const { noPathNs = Infinity } = this.#options;
    const times = [...this.#failedUntil.values()].filter((at) => at > now);
    const late = oldest.since + noPathNs;
    return Math.min(...times, late > now ? late : Infinity, now + RETRY) as Nanos;
  }

  plug(thread: Thread): void {
    for (const path of this.paths) path.plug(thread);
  }

  *unplug(thread: Thread): Generator<Wait, void, void> {
    for (const path of this.paths) yield* path.unplug(thread);
  }
}
