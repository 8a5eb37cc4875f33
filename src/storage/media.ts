// A volume on media that take their time: so many requests at once, each so long, and no more bytes a second than there are.

import type { Nanos } from '../time/index.js';
import type { Clock } from './rate-limit.js';
import type { Extents, Io, Volume } from './volume.js';

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

export class MediaVolume implements Volume {
  readonly readsAtOnce = false;
  /** When each channel is free, and when all bytes that were asked for have passed. */
  readonly #free: Float64Array;
  #readsUntil = 0;
  #writesUntil = 0;

  constructor(
    readonly volume: Volume,
    readonly profile: MediaProfile,
    readonly clock: Clock,
  ) {
    this.#free = new Float64Array(profile.channels);
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
    const { readNs, readBitsPerSecond } = this.profile;
    const begins = this.#begins(readNs);
    this.#readsUntil = passed(this.#readsUntil, begins, io.length, readBitsPerSecond);
    this.clock.at(later(begins + readNs, this.#readsUntil), () => this.volume.read(io));
  }

  write(io: Io): void {
    const { readNs, readBitsPerSecond, writeNs, writeBitsPerSecond } = this.profile;
    const copied = this.volume.copiesBefore?.(io.offset, io.length) ?? 0;
    // What is copied first is read, then written with the rest.
    const ns = copied > 0 ? readNs + writeNs : writeNs;
    const begins = this.#begins(ns);
    if (copied > 0) this.#readsUntil = passed(this.#readsUntil, begins, copied, readBitsPerSecond);
    const from = copied > 0 ? Math.max(begins + readNs, this.#readsUntil) : begins;
    this.#writesUntil = passed(this.#writesUntil, from, copied + io.length, writeBitsPerSecond);
    // Bytes to write are the caller's again when this returns.
    const bytes = io.bytes.slice(io.at, io.at + io.length);
    const { offset, length, fua, noHole } = io;
    const held = { offset, length, bytes, at: 0, fua, noHole, done: io.done.bind(io) };
    this.clock.at(later(begins + ns, this.#writesUntil), () => this.volume.write(held));
  }

  flush(io: Io): void {
    this.volume.flush(io);
  }

  zero(io: Io): void {
    this.volume.zero(io);
  }

  trim(io: Io): void {
    this.volume.trim(io);
  }

  status(io: Io, extents: Extents): void {
    this.volume.status(io, extents);
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
