// What both kinds of virtqueue have in common: where they lie, what was negotiated, and the two sides as their users see
// them.

import type { PhysicalBytes } from '../../memory/physical-bytes.js';
import type { Chain } from './chain.js';
import type { Refusals } from './refusal.js';

/** What of the negotiated features changes rings (virtio 1.2, 6). */
export interface RingFeatures {
  readonly packed: boolean;
  readonly eventIndex: boolean;
  readonly indirect: boolean;
  readonly inOrder: boolean;
}

/** A queue's three areas in guest memory (2.6), as the driver gave them. */
export interface QueuePlace {
  readonly size: number;
  readonly descriptors: number;
  readonly driver: number;
  readonly device: number;
}

export interface QueueOptions extends QueuePlace {
  readonly memory: PhysicalBytes;
  readonly features: RingFeatures;
}

/** Of a driver: where tables for indirect descriptors lie, one for each descriptor of the ring. */
export interface IndirectTables {
  readonly address: number;
  /** Descriptors of each. */
  readonly entries: number;
}

/** What is found at the next place of a ring. */
export type Taken = 'chain' | 'empty' | 'broken';

/** A driver's side of a queue. */
export interface DriverQueue {
  readonly size: number;
  readonly refusals: Refusals;
  /** Buffers that the device has. */
  readonly outstanding: number;
  /** Set by `take`: what `add` was told, and how many bytes the device has written. */
  readonly token: number;
  readonly written: number;
  /** Makes a buffer available; false when the ring has no room for it. */
  add(chain: Chain, token: number): boolean;
  /** Must the device be told of what was added since it was last asked? */
  needsKick(): boolean;
  /** The next buffer that the device is through with. */
  take(): Taken;
  /** No interrupts until `arm`. */
  disarm(): void;
  /** Interrupt when `ahead` buffers more than the next one are used; true when there is something to take already. */
  arm(ahead?: number): boolean;
}

/** A device's side of a queue. */
export interface DeviceQueue {
  readonly size: number;
  readonly refusals: Refusals;
  /** The next available buffer. */
  take(into: Chain): Taken;
  /** The device is through with a buffer, by its `id` and `slots`. The driver sees it after `flush`. */
  give(id: number, slots: number, written: number, writable: number): void;
  /** Shows the driver what was given back; must it be interrupted? */
  flush(): boolean;
  /** No kicks until `arm`; true from that when there is something to take already. */
  disarm(): void;
  arm(): boolean;
}

const WRAP = 65536;

// hot
/** How far `a` is ahead of `b`, both of 16 bits. */
export const ahead = (a: number, b: number): number => (a - b + 2 * WRAP) % WRAP;

// hot
/** Has the index `event` been passed on the way from `old` to `now`? (2.7.7.2, virtio_ring.h: vring_need_event) */
export const passes = (event: number, now: number, old: number): boolean =>
  ahead(now, event + 1) < ahead(now, old);
