// Time, for volumes that let operations wait: a world's own, or the machine's.

import type { Nanos } from '../time/index.js';

export interface Clock {
  now(): Nanos;
  /** Calls `then` at that time. */
  at(time: Nanos, then: () => void): void;
}
