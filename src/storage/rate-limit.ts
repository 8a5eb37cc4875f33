// A volume that does no more than so many operations and bytes a second: what comes too early waits its turn. It has no
// clock of its own, so that it works in virtual time and in real time.

import type { Nanos } from '../time/index.js';
import type { Extents, Io, Volume } from './volume.js';

export interface Limits {
  readonly bytesPerSecond?: number;
  readonly opsPerSecond?: number;
  /** After idling, so much time's worth may go at once. */
  readonly burstNs?: number;
}

/** The world's time. */
export interface Clock {
  now(): Nanos;
  /** Calls `then` at that time. */
  at(time: Nanos, then: () => void): void;
}

const BURST_NS = 100_000_000;
const SECOND = 1e9;

type Kind = 'read' | 'write' | 'zero' | 'trim';

export class RateLimited implements Volume {
  readonly readsAtOnce = false;
  /** When all that was let through so far is paid for. */
  #paidAt = Number.NEGATIVE_INFINITY;
  readonly #burstNs: number;

  constructor(
    readonly volume: Volume,
    readonly limits: Limits,
    readonly clock: Clock,
  ) {
    this.#burstNs = limits.burstNs ?? BURST_NS;
  }

  get size(): number {
    return this.volume.size;
  }

  get readOnly(): boolean {
    return this.volume.readOnly;
  }

  get preferredBlock(): number {
    return this.volume.preferredBlock;
  }

  get minimumBlock(): number {
    return this.volume.minimumBlock ?? 1;
  }

  read(io: Io): void {
    this.#limit('read', io, io.length);
  }

  write(io: Io): void {
    this.#limit('write', io, io.length);
  }

  zero(io: Io): void {
    this.#limit('zero', io, 0);
  }

  trim(io: Io): void {
    this.#limit('trim', io, 0);
  }

  /** Moves no data, and what waits was not acknowledged: it need not wait for it. */
  flush(io: Io): void {
    this.volume.flush(io);
  }

  status(io: Io, extents: Extents): void {
    this.volume.status(io, extents);
  }

  #limit(kind: Kind, io: Io, bytes: number): void {
    const now = this.clock.now();
    const { bytesPerSecond = Infinity, opsPerSecond = Infinity } = this.limits;
    const cost = Math.max((bytes / bytesPerSecond) * SECOND, SECOND / opsPerSecond);
    const begins = Math.max(this.#paidAt, now - this.#burstNs);
    this.#paidAt = begins + cost;
    if (begins <= now) return this.volume[kind](io);
    // Bytes to write are the caller's again when this returns.
    const data = kind === 'write' ? io.bytes.slice(io.at, io.at + io.length) : undefined;
    const held = data ? { ...io, bytes: data, at: 0, done: io.done.bind(io) } : io;
    this.clock.at(Math.ceil(begins) as Nanos, () => this.volume[kind](held));
  }
}
