// Enhanced transmission selection (IEEE 802.1Q 37, once 802.1Qaz): traffic classes that share what strict priorities leave of
// a port, in proportion, and take over what others do not use. By start-time fair queuing (Goyal, Vin and Cheng 1997):
// each class has a virtual time that its bytes push on, the faster the smaller its share, and the class that is furthest
// behind goes next. That is fair to the frame for frames of any length, where round robin is so a round.

import { PRIORITIES } from './priority.js';

/** A traffic class: some priorities, and its part of the bandwidth. */
export interface TrafficClass {
  readonly priorities: readonly number[];
  /** Percent; those of all classes make 100. */
  readonly share: number;
}

const WHOLE = 100;

export class BandwidthShares {
  /** A bit for each priority that is in a class. */
  readonly #sharing: number;
  /** A bit for each of its priorities, by class. */
  readonly #members: readonly number[];
  readonly #shares: readonly number[];
  readonly #classOf = new Int8Array(PRIORITIES);
  /** By port and class: the virtual time at which its next frame starts. */
  readonly #starts: Float64Array;
  /** By port: the virtual time of the frame that was taken last. */
  readonly #now: Float64Array;

  /** @throws RangeError when the classes are none */
  constructor(
    readonly classes: readonly TrafficClass[],
    ports: number,
  ) {
    let seen = 0;
    for (const [i, { priorities, share }] of classes.entries()) {
      if (!(share > 0)) throw new RangeError(`a traffic class has a share above 0, not ${share}`);
      if (priorities.length === 0) throw new RangeError('a traffic class has a priority at least');
      for (const priority of priorities) {
        if (!Number.isInteger(priority) || priority < 0 || priority >= PRIORITIES)
          throw new RangeError(`there are priorities 0 to ${PRIORITIES - 1}, no ${priority}`);
        if ((seen & (1 << priority)) !== 0)
          throw new RangeError(`priority ${priority} is in two traffic classes`);
        seen |= 1 << priority;
        this.#classOf[priority] = i;
      }
    }
    const sum = classes.reduce((all, { share }) => all + share, 0);
    if (sum !== WHOLE) throw new RangeError(`shares of traffic classes make 100 %, not ${sum}`);
    this.#sharing = seen;
    this.#members = classes.map(({ priorities }) => priorities.reduce((m, p) => m | (1 << p), 0));
    this.#shares = classes.map(({ share }) => share);
    this.#starts = new Float64Array(ports * classes.length);
    this.#now = new Float64Array(ports);
  }

  /** Priorities that are in no class go first, the highest before the others. */
  // hot
  isStrict(priority: number): boolean {
    return (this.#sharing & (1 << priority)) === 0;
  }

  /** Which of the priorities in `ready`, none of them strict, goes next at `port`: the highest of its class. */
  // hot
  choose(port: number, ready: number): number {
    const count = this.#members.length;
    let best = -1;
    let earliest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < count; i++) {
      if ((ready & this.#members[i]!) === 0) continue;
      const start = this.#start(port, i);
      if (start >= earliest) continue;
      earliest = start;
      best = i;
    }
    return 31 - Math.clz32(ready & this.#members[best]!);
  }

  /** A class that had nothing to send for a while has saved up nothing. */
  // hot
  #start(port: number, index: number): number {
    const start = this.#starts[port * this.#members.length + index]!;
    const now = this.#now[port]!;
    return start > now ? start : now;
  }

  /** A frame of that priority, which is in a class, goes. */
  // hot
  sent(port: number, priority: number, bytes: number): void {
    const index = this.#classOf[priority]!;
    const start = this.#start(port, index);
    this.#now[port] = start;
    this.#starts[port * this.#members.length + index] = start + bytes / this.#shares[index]!;
  }
}
