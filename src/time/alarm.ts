// The earliest of several instants. Numbers above 2^31, NEVER among them, are objects to V8 when a function that it has not
// joined to its caller returns them; a field of a number takes them as they are. Drivers ask what is asked at every event so.

import type { Machine } from './machine.js';
import { type Nanos, NEVER } from './nanos.js';

export class Alarm {
  at: Nanos = NEVER;

  // hot
  lower(at: Nanos): void {
    if (at < this.at) this.at = at;
  }
}

/** What tells an alarm when `expire` must next be called, beside what it has been told already. */
export interface Alarmed {
  soonest(alarm: Alarm): void;
}

type Asked = Alarmed | Pick<Machine, 'wakeAt' | 'soonest'>;

/** Tells `alarm` of a machine that may not know how to. */
// hot
export function tellOf(machine: Asked, alarm: Alarm): void {
  if (machine.soonest !== undefined) machine.soonest(alarm);
  else alarm.lower((machine as Pick<Machine, 'wakeAt'>).wakeAt());
}

const own = new Alarm();

/** `wakeAt` of what tells an alarm. */
export function soonestOf(machine: Alarmed): Nanos {
  const before = own.at; // of whoever asks on the way
  own.at = NEVER;
  machine.soonest(own);
  const { at } = own;
  own.at = before;
  return at;
}

/** Is it to be told the time? */
// hot
export function isDue(machine: Asked, now: Nanos): boolean {
  const before = own.at;
  own.at = NEVER;
  tellOf(machine, own);
  const due = own.at <= now;
  own.at = before;
  return due;
}
