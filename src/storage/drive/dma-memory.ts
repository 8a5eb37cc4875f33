// The memory of the machine as a drive reaches it: by DMA over its slot. Reading takes the drive's time; what it writes is on its
// way, and in memory when the link has carried it: a core that polls sees it then, and not before.

import { Signal } from '../../cpu/index.js';
import {
  type DmaEngine,
  type PhysicalMemory,
  physicalTranslation,
  type Translation,
} from '../../memory/index.js';
import type { ControllerMemory } from '../../nvme/index.js';
import { type Nanos, START } from '../../time/index.js';
import type { Calendar } from './calendar.js';
import type { FreshLines } from './fresh-lines.js';

export class DmaMemory implements ControllerMemory {
  /** The drive's time in what it does now. */
  now: Nanos = START;
  /** Something that was written can be seen. */
  readonly landed = new Signal();
  readonly #memory: PhysicalMemory;
  readonly #dma: DmaEngine;
  readonly #calendar: Calendar;
  readonly #all: Translation;

  constructor(
    memory: PhysicalMemory,
    dma: DmaEngine,
    calendar: Calendar,
    readonly fresh: FreshLines,
  ) {
    this.#memory = memory;
    this.#dma = dma;
    this.#calendar = calendar;
    this.#all = physicalTranslation(memory);
  }

  holds(address: number, lengthBytes: number): boolean {
    return this.#memory.holds(address, lengthBytes);
  }

  read(address: number, lengthBytes: number, into: Uint8Array, at: number): void {
    this.now = this.#dma.read(this.now, this.#all, address, lengthBytes, into, at);
  }

  write(address: number, bytes: Uint8Array, from: number, to: number): void {
    for (let done = from; done < to; ) {
      const place = address + done - from;
      this.#memory.locate(place);
      const length = Math.min(to - done, this.#memory.end - this.#memory.at);
      this.#send(place, bytes.slice(done, done + length));
      done += length;
    }
  }

  #send(address: number, bytes: Uint8Array): void {
    const began = this.now;
    const visible = this.#dma.send(began, this.#all, address, bytes.length);
    this.#calendar.at(visible, () => {
      this.#dma.land(visible, visible - began, this.#all, address, bytes, bytes.length);
      this.fresh.wrote(address, bytes.length);
      this.landed.raise(visible);
    });
  }

  /** Data, which nobody looks at before the completion that follows it over the link. */
  // hot
  writeData(address: number, bytes: Uint8Array, from: number, to: number): void {
    this.#dma.write(this.now, this.#all, address, bytes, from, to);
  }
}
