// A host that sends the frames it is given, one after the other, and keeps what it gets.

import type { FramePool, Station } from '../../../src/frame/index.js';
import { type Nanos, NEVER } from '../../../src/time/index.js';

export class Probe implements Station {
  readonly ports = 1;
  readonly got: Uint8Array[] = [];
  readonly at: Nanos[] = [];
  readonly #toSend: Uint8Array[] = [];
  #told = true;

  constructor(
    readonly name: string,
    readonly pool: FramePool,
  ) {}

  send(bytes: Uint8Array): void {
    this.#toSend.push(bytes);
    this.#told = false;
  }

  receive(now: Nanos, _port: number, slot: number): void {
    const at = this.pool.at(slot);
    this.got.push(this.pool.bytes(slot).slice(at, at + this.pool.length(slot)));
    this.at.push(now);
    this.pool.release(slot);
  }

  takeReady(): number {
    if (this.#told) return -1;
    this.#told = true;
    return 0;
  }

  transmit(): number {
    const bytes = this.#toSend.shift();
    if (!bytes) return -1;
    const slot = this.pool.take();
    this.pool.bytes(slot).set(bytes, this.pool.at(slot));
    this.pool.setLength(slot, bytes.length);
    return slot;
  }

  wakeAt(): Nanos {
    return NEVER;
  }

  expire(): void {}
}
