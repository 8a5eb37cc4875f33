// A volume on media that take their time: so many requests at once, each so long, and no more bytes a second than there are.

import type { Nanos } from '../time/index.js';
import type { Clock } from './clock.js';
import { heldWrite, type Io, type Volume } from './volume.js';
import { VolumeFilter } from './volume-filter.js';
import { Waiting } from './waiting.js';

export interface MediaProfile {
  readonly name: string;
  /** A request of the smallest size, when nothing else is asked. */
  readonly readNs: number;
  readonly writeNs: number;
  /** Requests that are served at once. */
  readonly channels: number;
  readonly readBitsPerSecond: number;
  readonly writeBitsPerSecond: number;
}

const NS_BITS = 8e9;

export class MediaVolume extends VolumeFilter {
  /** When each channel is free, and when all bytes that were asked for have passed. */
  readonly #free: Float64Array;
  readonly #waiting: Waiting;
  #readsUntil = 0;
  #writesUntil = 0;

  constructor(
    volume: Volume,
    readonly profile: MediaProfile,
    readonly clock: Clock,
  ) {
    super(volume);
    this.#free = new Float64Array(profile.channels);
    this.#waiting = new Waiting(clock);
  }

  override read(io: Io): void {
    const { readNs, readBitsPerSecond } = this.profile;
    const begins = this.#begins(readNs);
    this.#readsUntil = passed(this.#readsUntil, begins, io.length, readBitsPerSecond);
    this.#waiting.until(later(begins + readNs, this.#readsUntil), io, () => this.volume.read(io));
  }

  override write(io: Io): void {
    const { readNs, readBitsPerSecond, writeNs, writeBitsPerSecond } = this.profile;
    const copied = this.copiesBefore(io.offset, io.length);
    // What is copied first is read, then written with the rest.
    const ns = copied > 0 ? readNs + writeNs : writeNs;
    const begins = this.#begins(ns);
    if (copied > 0) this.#readsUntil = passed(this.#readsUntil, begins, copied, readBitsPerSecond);
    const from = copied > 0 ? Math.max(begins + readNs, this.#readsUntil) : begins;
    this.#writesUntil = passed(this.#writesUntil, from, copied + io.length, writeBitsPerSecond);
    const held = heldWrite(io);
    this.#waiting.until(later(begins + ns, this.#writesUntil), io, () => this.volume.write(held));
  }

  /** What was not yet read or written is not; the medium's time is gone all the same. */
  override cancel(io: Io): boolean {
    return this.#waiting.cancel(io) || super.cancel(io);
  }

  /** When the channel that is free first begins, which then is busy for so long. */
  #begins(ns: number): number {
    let first = 0;
    for (let i = 1; i < this.#free.length; i++) if (this.#free[i]! < this.#free[first]!) first = i;
    const begins = Math.max(this.clock.now(), this.#free[first]!);
    this.#free[first] = begins + ns;
    return begins;
  }
}

/** When so many bytes have passed that may begin now, behind those before them. */
const passed = (until: number, now: number, bytes: number, bitsPerSecond: number): number =>
  Math.max(until, now) + (bytes * NS_BITS) / bitsPerSecond;

const later = (a: number, b: number): Nanos => Math.ceil(Math.max(a, b)) as Nanos;
