// What everything that lives in time looks like from outside: time goes in, a wake-up time comes out. Nothing
// behind this interface has a clock, a timer, a promise or a random source of its own.

import type { Alarm } from './alarm.js';
import type { Nanos } from './nanos.js';

export interface Machine {
  /** When `expire` must next be called; NEVER when nothing waits. May move when the machine is called. */
  wakeAt(): Nanos;
  /** The same, told to an alarm where it is earlier than what that knows: for those who are asked at every event. */
  soonest?(alarm: Alarm): void;
  /** Time has come to `now`: does everything that is due. */
  expire(now: Nanos): void;
}
