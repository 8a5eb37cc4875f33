// What a server has acknowledged and not flushed. It may lose that when it crashes, and a new connection does not tell
// whether it has: so it is kept here, and sent once more (as NFS does with what is not committed, RFC 8881 18.32).

import type { Io } from '../volume.js';

/** From here on a flush is under way that nobody has asked for; */
const LONG_BYTES = 16 * 1024 * 1024;
const LONG_ENTRIES = 4096;
/** and here, further writes wait for it. */
const FULL = 2;

export interface Logged {
  readonly command: number;
  readonly offset: number;
  readonly length: number;
  readonly noHole: boolean;
  readonly data: Uint8Array | undefined;
  /** How many were logged before and with it. */
  readonly time: number;
}

export class WriteLog {
  #entries: Logged[] = [];
  #bytes = 0;
  #time = 0;

  /** Oldest first; those that overlap are in the order in which they were done. */
  get entries(): readonly Logged[] {
    return this.#entries;
  }

  /** A flush that is sent now covers all up to this. */
  get time(): number {
    return this.#time;
  }

  get isLong(): boolean {
    return this.#bytes >= LONG_BYTES || this.#entries.length >= LONG_ENTRIES;
  }

  get isFull(): boolean {
    return this.#bytes >= FULL * LONG_BYTES || this.#entries.length >= FULL * LONG_ENTRIES;
  }

  /** A write was acknowledged. One that is durable counts only where an older one would be sent again over it. */
  add(command: number, io: Io, data: Uint8Array | undefined): void {
    if (io.fua && this.#entries.length === 0) return;
    const { offset, length, noHole } = io;
    this.#entries.push({ command, offset, length, noHole, data, time: ++this.#time });
    this.#bytes += data?.length ?? 0;
  }

  /** All up to `time` is durable. */
  forget(time: number): void {
    const first = this.#entries.findIndex((entry) => entry.time > time);
    for (const { data } of this.#entries.splice(0, first < 0 ? this.#entries.length : first))
      this.#bytes -= data?.length ?? 0;
  }
}

/** Sends what was logged once more, in its order where it overlaps. */
export class Replay {
  readonly #entries: readonly Logged[];
  readonly #open = new Set<Logged>();
  #next = 0;

  constructor(
    log: WriteLog,
    readonly most: number,
    readonly send: (entry: Logged, io: Io) => void,
    readonly done: () => void,
    readonly failed: (error: number) => void,
  ) {
    this.#entries = [...log.entries];
  }

  go(): void {
    while (this.#next < this.#entries.length && this.#open.size < this.most) {
      const entry = this.#entries[this.#next]!;
      if (this.#overlapsOpen(entry)) return;
      this.#next++;
      this.#open.add(entry);
      const { offset, length, noHole, data } = entry;
      const bytes = data ?? NOTHING;
      const end = (error: number) => this.#ended(entry, error);
      this.send(entry, { offset, length, bytes, at: 0, fua: false, noHole, done: end });
    }
    if (this.#open.size === 0) this.done();
  }

  #ended(entry: Logged, error: number): void {
    this.#open.delete(entry);
    if (error === 0) this.go();
    else this.failed(error);
  }

  #overlapsOpen({ offset, length }: Logged): boolean {
    for (const open of this.#open)
      if (open.offset < offset + length && offset < open.offset + open.length) return true;
    return false;
  }
}

const NOTHING = new Uint8Array(0);
