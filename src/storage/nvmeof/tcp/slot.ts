// Commands of one connection that are open, each in a slot with a number: the transfer tag of its R2T.

import { Request } from '../request.js';

export class Slot {
  readonly request: Request;
  /** Its data came with the command. */
  inCapsule = false;
  /** R2T was sent, and data is missing. */
  awaits = false;
  received = 0;
  /** Bytes that it takes of the connection's budget. */
  budgeted = 0;

  constructor(readonly tag: number) {
    this.request = new Request(tag);
  }
}

export class Slots {
  readonly #all: Slot[] = [];
  readonly #free: Slot[] = [];

  /** As many are made as were ever open at once; the queue's size bounds them. */
  take(): Slot {
    const slot = this.#free.pop() ?? this.#make();
    slot.inCapsule = false;
    slot.awaits = false;
    slot.received = 0;
    slot.budgeted = 0;
    return slot;
  }

  #make(): Slot {
    const slot = new Slot(this.#all.length);
    this.#all.push(slot);
    return slot;
  }

  at(tag: number): Slot | undefined {
    return this.#all[tag];
  }

  of(request: Request): Slot {
    return this.#all[request.place]!;
  }

  release(slot: Slot): void {
    slot.awaits = false;
    slot.budgeted = 0;
    this.#free.push(slot);
  }
}
