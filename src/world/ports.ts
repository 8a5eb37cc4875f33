// What the simulation knows of every port and the wire that leaves by it, as numbers side by side: with hundreds of ports
// each frame finds other ones, and what a port needs should be two lines of a cache, not ten.

import type { Link } from '../fabric/link.js';
import type { Nanos } from '../time/index.js';

const NONE = -1;

/** Words of a port: the number of its station, its own there, the port at the other end, and flags. */
const PLACE = 0;
const NUMBER = 1;
const PEER = 2;
const FLAGS = 3;
const WORDS = 4;

/** Times of a port: when its wire is free, a bit's way, and how long the frame sent last occupied it. */
const FREE_AT = 0;
const DELAY = 1;
const LENGTH = 2;
const TOOK = 3;
const TIMES = 4;

// Flags.
/** An event says when the wire is free. */
export const BUSY = 1;
const DOWN = 2;
const WATCHED = 4;
/** What few ports have, and is to be looked up: taps, impairments, a link that has been down. */
export const SPECIAL = 8;
/** Its station cuts through: frames may have begun to leave as they came in. */
export const AHEAD = 16;
/** It is the second end of its link. */
const SECOND = 32;
/** Its station has a pipeline, and takes frames later than they come. */
const PIPED = 64;
/** The station at the other end has. */
export const PEER_PIPED = 128;

export class Ports {
  count = 0;
  #words = new Int32Array(0);
  #times = new Float64Array(0);
  readonly #links: (Link | undefined)[] = [];

  /** Adds the ports of a station; the first one's number is given. */
  add(place: number, ports: number): number {
    const first = this.count;
    this.count += ports;
    this.#words = grown(this.#words, new Int32Array(this.count * WORDS));
    this.#times = grown(this.#times, new Float64Array(this.count * TIMES));
    for (let port = 0; port < ports; port++) {
      const at = (first + port) * WORDS;
      this.#words[at + PLACE] = place;
      this.#words[at + NUMBER] = port;
      this.#words[at + PEER] = NONE;
    }
    return first;
  }

  /** Connects it to an `end` of a link that is up. */
  connect(
    port: number,
    link: Link,
    end: 0 | 1,
    peer: number,
    piped: boolean,
    peerPiped: boolean,
  ): void {
    this.#words[port * WORDS + PEER] = peer;
    this.#times[port * TIMES + DELAY] = link.delay;
    this.#times[port * TIMES + LENGTH] = NONE;
    this.#links[port] = link;
    this.#flag(port, SECOND, end === 1);
    this.#flag(port, PIPED, piped);
    this.#flag(port, PEER_PIPED, peerPiped);
  }

  // hot
  place(port: number): number {
    return this.#words[port * WORDS + PLACE]!;
  }

  /** The port's number at its station. */
  // hot
  number(port: number): number {
    return this.#words[port * WORDS + NUMBER]!;
  }

  /** The other end; -1 when nothing is connected. */
  // hot
  peer(port: number): number {
    return this.#words[port * WORDS + PEER]!;
  }

  link(port: number): Link | undefined {
    return this.#links[port];
  }

  end(port: number): 0 | 1 {
    return (this.#words[port * WORDS + FLAGS]! & SECOND) === 0 ? 0 : 1;
  }

  /** All flags: whoever asks for several looks once. */
  // hot
  flags(port: number): number {
    return this.#words[port * WORDS + FLAGS]!;
  }

  setBusy(port: number, busy: boolean): void {
    this.#flag(port, BUSY, busy);
  }

  // hot
  piped(port: number): boolean {
    return (this.#words[port * WORDS + FLAGS]! & PIPED) !== 0;
  }

  // hot
  down(port: number): boolean {
    return (this.#words[port * WORDS + FLAGS]! & DOWN) !== 0;
  }

  setDown(port: number, down: boolean): void {
    this.#flag(port, DOWN, down);
    this.#flag(port, SPECIAL, true);
  }

  // hot
  watched(port: number): boolean {
    return (this.#words[port * WORDS + FLAGS]! & WATCHED) !== 0;
  }

  setWatched(port: number): void {
    this.#flag(port, WATCHED, true);
    this.#flag(port, SPECIAL, true);
  }

  setSpecial(port: number): void {
    this.#flag(port, SPECIAL, true);
  }

  setAhead(port: number): void {
    this.#flag(port, AHEAD, true);
  }

  #flag(port: number, flag: number, on: boolean): void {
    const at = port * WORDS + FLAGS;
    const others = this.#words[at]! & ~flag;
    this.#words[at] = on ? others | flag : others;
  }

  /** Until when the frame sent last occupies the wire. */
  // hot
  freeAt(port: number): Nanos {
    return this.#times[port * TIMES + FREE_AT]! as Nanos;
  }

  /**
   * A frame of `length` bytes goes onto the wire at `start`.
   * @returns when its last bit is at the other end
   */
  // hot
  occupy(port: number, start: Nanos, length: number): Nanos {
    const times = this.#times;
    const at = port * TIMES;
    if (times[at + LENGTH] !== length) {
      times[at + LENGTH] = length; // most frames are as long as the one before
      times[at + TOOK] = this.#links[port]!.occupies(length);
    }
    const done = start + times[at + TOOK]!;
    times[at + FREE_AT] = done;
    return (done + times[at + DELAY]!) as Nanos;
  }
}

function grown<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}
