// A volume that does no more than so many operations and bytes a second: what comes too early waits its turn. It has no
// clock of its own, so that it works in virtual time and in real time.

import type { Nanos } from '../time/index.js';
import type { Clock } from './clock.js';
import { heldWrite, type Io, type Volume } from './volume.js';
import { VolumeFilter } from './volume-filter.js';
import { Waiting } from './waiting.js';

export type { Clock } from './clock.js';

export interface Limits {
  readonly bytesPerSecond?: number;
  readonly opsPerSecond?: number;
  /** After idling, so much time's worth may go at once. */
  readonly burstNs?: number;
}

const BURST_NS = 100_000_000;
const SECOND = 1e9;

type Kind = 'read' | 'write' | 'zero' | 'trim';

/** A flush moves no data, and what waits was not acknowledged: it goes by. */
export class RateLimited extends VolumeFilter {
  /** When all that was let through so far is paid for. */
  #paidAt = Number.NEGATIVE_INFINITY;
  readonly #burstNs: number;
  readonly #waiting: Waiting;

  constructor(
    volume: Volume,
    readonly limits: Limits,
    readonly clock: Clock,
  ) {
    super(volume);
    this.#burstNs = limits.burstNs ?? BURST_NS;
    this.#waiting = new Waiting(clock);
  }

  override read(io: Io): void {
    this.#limit('read', io, io.length);
  }

  override write(io: Io): void {
    this.#limit('write', io, io.length);
  }

  override zero(io: Io): void {
    this.#limit('zero', io, 0);
  }

  override trim(io: Io): void {
    this.#limit('trim', io, 0);
  }

  #limit(kind: Kind, io: Io, bytes: number): void {
    const now = this.clock.now();
    const { bytesPerSecond = Infinity, opsPerSecond = Infinity } = this.limits;
    const cost = Math.max((bytes / bytesPerSecond) * SECOND, SECOND / opsPerSecond);
    const begins = Math.max(this.#paidAt, now - this.#burstNs);
    this.#paidAt = begins + cost;
    if (begins <= now) return this.volume[kind](io);
    const held = kind === 'write' ? heldWrite(io) : io;
    this.#waiting.until(Math.ceil(begins) as Nanos, io, () => this.volume[kind](held));
  }

  override cancel(io: Io): boolean {
    return this.#waiting.cancel(io) || super.cancel(io);
  }
}
