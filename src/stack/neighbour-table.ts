// Who has which link address: ARP's and neighbour discovery's table of a host, without the messages themselves.
// Bounded: what a flood of strangers brings pushes out what is idle, never what is in use.

import {
  type Alarm,
  after,
  type Nanos,
  NEVER,
  ns,
  type Random,
  seconds,
  soonestOf,
} from '../time/index.js';
import { keyOf, sameBytes } from './address.js';
import { type NeighbourEvent, type NeighbourState, transitions } from './neighbour-state.js';

/** RFC 4861 10, the node constants. */
const MAX_SOLICITATIONS = 3;
const RETRANS_TIME = seconds(1);
const REACHABLE_TIME = seconds(30);
const DELAY_FIRST_PROBE_TIME = seconds(5);
/** Neighbours kept; Linux's gc_thresh3 is 1024 as well. */
const MOST_NEIGHBOURS = 1024;

export interface Neighbour {
  readonly ip: Uint8Array;
  readonly key: string;
  /** Undefined while it is not known. */
  readonly mac: Uint8Array | undefined;
  readonly state: NeighbourState;
}

interface Entry extends Neighbour {
  mac: Uint8Array | undefined;
  state: NeighbourState;
  timerAt: Nanos;
  solicited: number;
}

/** What the host has to do: ask for the neighbour, send what waited for it, or give that up. */
export interface NeighbourTask {
  readonly what: 'solicit' | 'resolved' | 'failed';
  readonly neighbour: Neighbour;
}

/** What a message says of its sender's link address. */
export type Told = 'answer' | 'answer without override' | 'unasked';

export class NeighbourTable {
  /** Neighbours that found no place. */
  refused = 0;
  /** Questions that were answered, or given up: who keeps frames until then looks again when it has changed. */
  settled = 0;
  readonly #entries = new Map<string, Entry>();
  readonly #tasks: NeighbourTask[] = [];
  #wakeAt: Nanos = NEVER;
  #stale = false;

  constructor(
    readonly random: Random,
    readonly most = MOST_NEIGHBOURS,
  ) {}

  get size(): number {
    return this.#entries.size;
  }

  get(ip: Uint8Array): Neighbour | undefined {
    return this.#entries.get(keyOf(ip));
  }

  /** The link address to send to; undefined while it is being asked for, or when there is no place to do so. */
  lookup(now: Nanos, ip: Uint8Array): Uint8Array | undefined {
    const entry = this.#entries.get(keyOf(ip)) ?? this.#create(ip, 'FAILED');
    if (!entry) return undefined;
    this.#apply(now, entry, 'used');
    return entry.mac;
  }

  /** A message from `ip` gave its link address. `create` says whether one that is not known is kept. */
  tell(now: Nanos, ip: Uint8Array, mac: Uint8Array, how: Told, create: boolean): void {
    const entry = this.#entries.get(keyOf(ip)) ?? (create ? this.#create(ip, 'FAILED') : undefined);
    if (!entry) return;
    const same = entry.mac !== undefined && sameBytes(entry.mac, mac);
    if (how === 'answer without override' && !same) this.#apply(now, entry, 'doubted', mac);
    else if (how !== 'unasked') this.#apply(now, entry, 'answered', mac);
    else if (!same) this.#apply(now, entry, 'told', mac);
  }

  /** A layer above knows that the neighbour answers (RFC 4861 7.3.1). */
  confirm(now: Nanos, ip: Uint8Array): void {
    const entry = this.#entries.get(keyOf(ip));
    if (entry) this.#apply(now, entry, 'confirmed');
  }

  get hasTask(): boolean {
    return this.#tasks.length > 0;
  }

  /** What is to be done, oldest first. */
  takeTask(): NeighbourTask | undefined {
    return this.#tasks.shift();
  }

  // hot
  soonest(alarm: Alarm): void {
    if (this.#stale) this.#reckon();
    alarm.lower(this.#wakeAt);
  }

  #reckon(): void {
    this.#stale = false;
    this.#wakeAt = NEVER;
    for (const { timerAt } of this.#entries.values()) {
      if (timerAt < this.#wakeAt) this.#wakeAt = timerAt;
    }
  }

  wakeAt(): Nanos {
    return soonestOf(this);
  }

  expire(now: Nanos): void {
    if (this.wakeAt() > now) return;
    for (const entry of this.#entries.values()) {
      if (entry.timerAt > now) continue;
      const left = entry.solicited < MAX_SOLICITATIONS;
      entry.timerAt = NEVER;
      this.#stale = true;
      this.#apply(now, entry, left ? 'time' : 'exhausted');
    }
  }

  #apply(now: Nanos, entry: Entry, event: NeighbourEvent, mac?: Uint8Array): void {
    const transition = transitions[entry.state][event];
    if (!transition) return;
    const { to, learn, solicit } = transition;
    const waited = entry.mac === undefined;
    if (to !== entry.state || event === 'answered') entry.solicited = 0;
    if (learn && mac) entry.mac = mac.slice();
    if (to === 'FAILED') entry.mac = undefined;
    entry.state = to;
    entry.timerAt = this.#timer(now, to);
    this.#stale = true;
    if (solicit) {
      entry.solicited++;
      this.#tasks.push({ what: 'solicit', neighbour: entry });
    }
    if (waited && entry.mac) this.#settle('resolved', entry);
    if (to === 'FAILED') this.#settle('failed', entry);
  }

  #settle(what: 'resolved' | 'failed', neighbour: Neighbour): void {
    this.settled++;
    this.#tasks.push({ what, neighbour });
  }

  #timer(now: Nanos, state: NeighbourState): Nanos {
    switch (state) {
      case 'INCOMPLETE':
      case 'PROBE':
        return after(now, RETRANS_TIME);
      case 'REACHABLE': // between 0.5 and 1.5 times the base (RFC 4861 6.3.2), lest all hosts ask at once
        return after(now, ns(Math.round(REACHABLE_TIME * (0.5 + this.random.unit()))));
      case 'DELAY':
        return after(now, DELAY_FIRST_PROBE_TIME);
      default:
        return NEVER;
    }
  }

  #create(ip: Uint8Array, state: NeighbourState): Entry | undefined {
    if (this.#entries.size >= this.most && !this.#evict()) {
      this.refused++;
      return undefined;
    }
    const key = keyOf(ip);
    const entry: Entry = {
      ip: ip.slice(),
      key,
      mac: undefined,
      state,
      timerAt: NEVER,
      solicited: 0,
    };
    this.#entries.set(key, entry);
    return entry;
  }

  /** Makes room: the oldest that failed or that nobody has used since. */
  #evict(): boolean {
    for (const { state, key } of this.#entries.values()) {
      if (state === 'STALE' || state === 'FAILED') return this.#entries.delete(key);
    }
    return false;
  }
}
