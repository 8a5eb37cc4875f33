// Commands of one connection that are open, each in a slot with a number: the transfer tag of its R2T.

import { Request } from '../request.js';

/** What one R2T asked for: bytes of the command's data, in order. */
export interface Part {
  next: number;
  readonly end: number;
}

export class Slot {
  readonly request: Request;
  /** Its data came with the command. */
  inCapsule = false;
  /** Bytes that R2Ts have asked for, and those that came. */
  asked = 0;
  received = 0;
  /** R2Ts whose data is missing, each with a place of its own in the tags. */
  readonly parts: (Part | undefined)[] = [];
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
    slot.asked = 0;
    slot.received = 0;
    slot.parts.length = 0;
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
    slot.parts.length = 0;
    slot.budgeted = 0;
    this.#free.push(slot);
  }
}
