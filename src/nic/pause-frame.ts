// PFC frames as ports send them (IEEE 802.1Q 36), and how long what they say lasts.

import { build, eth, macControl, PFC, pfc } from '../../protocols/index.js';
import type { FramePool } from '../frame/index.js';
import { after, type Nanos, NEVER } from '../time/index.js';

/** From when on a sender of a lossless priority is paused. */
export interface PfcThresholds {
  /** Bytes of one priority from one port at which the sender is paused, and at which it goes on. */
  readonly xoff: number;
  readonly xon: number;
  /** Bytes kept free beyond, a port and priority, for what is on its way when the pause is sent. */
  readonly headroom: number;
}

/** Longest pause that PFC can ask for (802.1Q 36.1): 65,535 times 512 bits. */
export const LONGEST_QUANTA = 0xffff;
const QUANTUM_BITS = 512;

/** Nanoseconds that `quanta` of 512 bits take. */
export const quantaNs = (quanta: number, rate: number): number =>
  Math.ceil((quanta * QUANTUM_BITS * 1e9) / rate);

/** A PFC frame that pauses nothing yet; switches and NICs fill in class and time. */
const template = build([
  eth({ dst: '01:80:c2:00:00:01', src: '02:00:00:00:00:00' }),
  macControl(),
  pfc(),
]).bytes;

/** A PFC frame for one priority in a slot of its own; -1 when the pool has none. 0 quanta let it go on. */
export function pauseFrame(pool: FramePool, priority: number, quanta: number): number {
  const slot = pool.take();
  if (slot < 0) return -1;
  const at = pool.at(slot);
  pool.bytes(slot).set(template, at);
  pool.setLength(slot, template.length);
  const body = at + template.length - PFC.size;
  PFC.set[`e${priority as 0}`](pool.bytes(slot), body, 1);
  PFC.set[`time${priority as 0}`](pool.bytes(slot), body, quanta);
  return slot;
}

/** Which senders are stopped now. What they were told runs out, so that it must be said again until they may go on. */
export class Stops {
  readonly stopped: Uint8Array;
  count = 0;
  /** When all that are stopped must be told again. */
  againAt: Nanos = NEVER;
  readonly #interval: number;

  constructor(cells: number, rate: number) {
    this.stopped = new Uint8Array(cells);
    this.#interval = Math.floor(quantaNs(LONGEST_QUANTA, rate) / 2);
  }

  stop(now: Nanos, cell: number): void {
    this.stopped[cell] = 1;
    this.count++;
    if (this.againAt === NEVER) this.againAt = after(now, this.#interval);
  }

  go(cell: number): void {
    this.stopped[cell] = 0;
    this.count--;
    if (this.count === 0) this.againAt = NEVER;
  }

  /** Calls `tell` for each that is stopped, when it is time. */
  remind(now: Nanos, tell: (cell: number) => void): void {
    if (this.againAt > now) return;
    this.againAt = after(now, this.#interval);
    for (let cell = 0; cell < this.stopped.length; cell++) {
      if (this.stopped[cell] === 1) tell(cell);
    }
  }
}
