// A program that looks at its memory until a device has changed it, as perftest's write latency does: in virtual time
// somebody must say when to look again. Sees what DMA writes to a range, and raises a signal.

import { Signal } from '../cpu/index.js';
import { type Actor, DMA_WRITE } from '../memory/index.js';
import type { Host } from './host.js';

/** A range of memory with a signal that is raised when a device writes to it. */
export class MemorySignal {
  /** Raised when a device has written any of the range. */
  readonly signal = new Signal();
  /** The range itself. */
  readonly bytes: Uint8Array;
  readonly #host: Host;
  readonly #from: number;
  readonly #to: number;

  /** Watches `lengthBytes` at a virtual address of the host's programs, until `end`. */
  constructor(host: Host, address: bigint, lengthBytes: number) {
    this.#host = host;
    this.bytes = host.space.bytes(address, lengthBytes);
    this.#from = host.space.translate(address);
    this.#to = this.#from + lengthBytes;
    host.ledger.watch(this);
  }

  /** Told by the ledger of every move. */
  // hot
  moved(_actor: Actor, kind: number, _source: number, target: number, bytes: number): void {
    if (kind !== DMA_WRITE || target >= this.#to || target + bytes <= this.#from) return;
    this.signal.raise(this.#host.now);
  }

  end(): void {
    this.#host.ledger.unwatch(this);
  }
}
