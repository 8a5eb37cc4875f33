// The ledger: every move and every cost, written by the operation itself at the moment it happens. Counters by
// actor and kind are always on and allocate nothing; the log of events is there when asked for, and bounded.

import type { Nanos } from '../time/nanos.js';
import { UsageError } from './usage-error.js';

/** What can happen; the index in this list is the kind's number on the hot path. */
export const ledgerKinds = [
  'copy',
  'dma-read',
  'dma-write',
  'doorbell',
  'interrupt',
  'system-call',
  'context-switch',
  'checksum-pass',
  'exit-interrupt',
  'exit-window',
  'exit-hlt',
  'exit-vmcall',
  'exit-io',
  'exit-msr',
  'exit-ept',
  'exit-mmio',
  'injection',
  'page-fault',
  'page-walk',
  'dma-fault',
  'iotlb-miss',
] as const;
export type LedgerKind = (typeof ledgerKinds)[number];

export const COPY = 0;
export const DMA_READ = 1;
export const DMA_WRITE = 2;
export const DOORBELL = 3;
export const INTERRUPT = 4;
export const SYSTEM_CALL = 5;
export const CONTEXT_SWITCH = 6;
export const CHECKSUM_PASS = 7;
/** Of guests: why they left their core, interrupts given to them, pages that they touched first, walks of page tables. */
export const INJECTION = ledgerKinds.indexOf('injection');
export const PAGE_FAULT = ledgerKinds.indexOf('page-fault');
export const PAGE_WALK = ledgerKinds.indexOf('page-walk');
/** Of devices behind an IOMMU. */
export const DMA_FAULT = ledgerKinds.indexOf('dma-fault');
export const IOTLB_MISS = ledgerKinds.indexOf('iotlb-miss');
const KINDS = ledgerKinds.length;

/** Numbers that are kept of each kind of each actor: how many, their bytes, their time. */
const SUM = 3;
const BYTES = 1;
const TIME = 2;

/** Cores, devices and engines of the largest worlds; a leak of actors ends here. */
const MAX_ACTORS = 65536;
/** An event takes 64 bytes: a full log is 1 GiB. */
const MAX_EVENTS = 2 ** 24;
/** Every move is compared with every watched range. */
const MAX_WATCHES = 64;

/** A core, a device or an engine: a number that `Ledger.actor` gave out. */
export type Actor = number & { readonly unit: 'actor' };

/** No address: nothing in memory was touched on this side. */
export const NOWHERE = -1;

export interface LedgerTotal {
  readonly count: number;
  readonly bytes: number;
  readonly timeNs: number;
}

export interface LedgerEvent {
  readonly at: Nanos;
  readonly actor: string;
  readonly kind: LedgerKind;
  readonly bytes: number;
  readonly timeNs: number;
  /** Machine address that was read; -1 when none was. */
  readonly source: number;
  /** Machine address that was written; -1 when none was. */
  readonly target: number;
  /** What the bytes belong to, as the operation's caller numbers it; 0 when it does not say. */
  readonly flow: number;
}

/** Told of every move that touches memory; see watch.ts. */
export interface Watcher {
  moved(actor: Actor, kind: number, source: number, target: number, bytes: number): void;
}

export class Ledger {
  readonly #names: string[] = [];
  readonly #numbers = new Map<string, Actor>();
  /** Count, bytes and time of each kind of each actor, side by side. */
  #sums = new Float64Array(KINDS * SUM * 16);
  readonly #watchers: Watcher[] = [];
  /** Somebody wants to know where bytes were moved: the log, or a watch. */
  watched: boolean;
  readonly #capacity: number;
  readonly #log: Float64Array;
  #events = 0;

  /** @param keepEvents how many of the latest events to keep; 0 for counters only */
  constructor(keepEvents = 0) {
    if (!(keepEvents >= 0 && keepEvents <= MAX_EVENTS))
      throw new UsageError('EINVAL', `a log of ${keepEvents} events`);
    this.#capacity = keepEvents;
    this.watched = keepEvents > 0;
    this.#log = new Float64Array(keepEvents * EVENT);
  }

  /** The number of the actor with this name; the same name gets the same number. */
  actor(name: string): Actor {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    if (this.#names.length === MAX_ACTORS) throw new UsageError('ENOMEM', `${MAX_ACTORS} actors`);
    const actor = this.#names.push(name) - 1;
    if (this.#names.length * KINDS * SUM > this.#sums.length) this.#grow();
    this.#numbers.set(name, actor as Actor);
    return actor as Actor;
  }

  nameOf(actor: Actor): string {
    return this.#names[actor] ?? '';
  }

  get actors(): readonly string[] {
    return this.#names;
  }

  // hot
  /** Something happened that moves nothing in memory: a doorbell, an interrupt, a system call, a switch. */
  record(
    now: Nanos,
    actor: Actor,
    kind: number,
    bytes: number,
    timeNs: number,
    flow: number,
  ): void {
    this.#sums[placeOf(actor, kind) + BYTES]! += bytes;
    this.operation(actor, kind, timeNs);
    if (this.#capacity > 0) this.#keep(now, actor, kind, bytes, timeNs, NOWHERE, NOWHERE, flow);
  }

  // hot
  /** One operation is over, whatever number of pieces it moved. */
  operation(actor: Actor, kind: number, timeNs: number): void {
    const place = placeOf(actor, kind);
    this.#sums[place]! += 1;
    this.#sums[place + TIME]! += timeNs;
  }

  // hot
  /**
   * Bytes were moved that lie contiguously: from `source`, to `target`, machine addresses or NOWHERE. Written
   * after the move, a piece at a time; `operation` counts the whole.
   */
  piece(
    now: Nanos,
    actor: Actor,
    kind: number,
    bytes: number,
    timeNs: number,
    source: number,
    target: number,
    flow: number,
  ): void {
    this.#sums[placeOf(actor, kind) + BYTES]! += bytes;
    if (this.watched) this.#show(now, actor, kind, bytes, timeNs, source, target, flow);
  }

  // hot
  /** One operation of one piece, where nobody wants to know more. */
  single(actor: Actor, kind: number, bytes: number, timeNs: number): void {
    const place = placeOf(actor, kind);
    const sums = this.#sums;
    sums[place]! += 1;
    sums[place + BYTES]! += bytes;
    sums[place + TIME]! += timeNs;
  }

  #show(
    now: Nanos,
    actor: Actor,
    kind: number,
    bytes: number,
    timeNs: number,
    source: number,
    target: number,
    flow: number,
  ): void {
    if (this.#capacity > 0) this.#keep(now, actor, kind, bytes, timeNs, source, target, flow);
    for (const watcher of this.#watchers) watcher.moved(actor, kind, source, target, bytes);
  }

  /** Sums of one kind, by one actor or by all. */
  total(kind: LedgerKind, actor?: Actor): LedgerTotal {
    const k = ledgerKinds.indexOf(kind);
    const sum = { count: 0, bytes: 0, timeNs: 0 };
    for (let a = 0; a < this.#names.length; a++) {
      if (actor !== undefined && a !== actor) continue;
      const place = placeOf(a, k);
      sum.count += this.#sums[place]!;
      sum.bytes += this.#sums[place + BYTES]!;
      sum.timeNs += this.#sums[place + TIME]!;
    }
    return sum;
  }

  /** Counters begin again at zero, so that a measurement can leave out what came before. */
  clear(): void {
    this.#sums.fill(0);
    this.#events = 0;
  }

  /** Events that no longer fit the log and are gone. */
  get lost(): number {
    return Math.max(0, this.#events - this.#capacity);
  }

  /** The events that are kept, oldest first. */
  *events(): Generator<LedgerEvent> {
    for (let i = this.lost; i < this.#events; i++) {
      const at = (i % this.#capacity) * EVENT;
      const [now, actor, kind, bytes, timeNs, source, target, flow] = this.#log.subarray(
        at,
        at + EVENT,
      ) as unknown as [Nanos, Actor, number, number, number, number, number, number];
      const names = { actor: this.nameOf(actor), kind: ledgerKinds[kind]! };
      yield { at: now, ...names, bytes, timeNs, source, target, flow };
    }
  }

  /** Kept events that read or wrote anything of the machine addresses `from` to `to` (exclusive). */
  touched(from: number, to: number): LedgerEvent[] {
    if (this.#capacity === 0) throw new UsageError('EINVAL', 'this ledger keeps no events');
    const meets = (address: number, bytes: number) =>
      address !== NOWHERE && address < to && address + bytes > from;
    return [...this.events()].filter((e) => meets(e.source, e.bytes) || meets(e.target, e.bytes));
  }

  watch(watcher: Watcher): void {
    if (this.#watchers.length === MAX_WATCHES)
      throw new UsageError('ENOMEM', `${MAX_WATCHES} ranges are watched`);
    this.#watchers.push(watcher);
    this.watched = true;
  }

  unwatch(watcher: Watcher): void {
    const index = this.#watchers.indexOf(watcher);
    if (index >= 0) this.#watchers.splice(index, 1);
    this.watched = this.#capacity > 0 || this.#watchers.length > 0;
  }

  #keep(
    now: number,
    actor: number,
    kind: number,
    bytes: number,
    timeNs: number,
    source: number,
    target: number,
    flow: number,
  ): void {
    const log = this.#log;
    const at = (this.#events % this.#capacity) * EVENT;
    log[at] = now;
    log[at + 1] = actor;
    log[at + 2] = kind;
    log[at + 3] = bytes;
    log[at + 4] = timeNs;
    log[at + 5] = source;
    log[at + 6] = target;
    log[at + 7] = flow;
    this.#events++;
  }

  #grow(): void {
    const grown = new Float64Array(this.#sums.length * 2);
    grown.set(this.#sums);
    this.#sums = grown;
  }
}

/** Numbers that an event takes in the log. */
const EVENT = 8;

/** Where the numbers of a kind of an actor begin. */
const placeOf = (actor: number, kind: number): number => (actor * KINDS + kind) * SUM;
