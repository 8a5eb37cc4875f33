// The memory of a machine as whoever runs on it sees it, by physical addresses: that of a real machine, or what a guest
// takes for one. Kernels, address spaces and devices are written against this, and run on both.

import type { PageBytes } from './machine-memory.js';

export interface PhysicalMemory {
  /** Set by `locate`: where in the array that it answered the address lies, and where what lies together ends. */
  readonly at: number;
  readonly end: number;
  /** Set by `locate`: the machine address, which is the address itself unless a guest asked. */
  readonly machine: number;
  readonly nodeCount: number;
  nodeBytes(node: number): number;
  freeBytes(node: number): number;
  /**
   * Address of `count` contiguous zeroed pages, aligned to the page size. `use` says what for, in words.
   * @throws UsageError ENOMEM when the node has no such run
   */
  allocate(pageBytes: PageBytes, count?: number, node?: number, use?: string): number;
  /** Gives pages back; those that are pinned stay until their last pin goes. */
  free(address: number, lengthBytes: number): void;
  /** What whoever took the page at this address said that it is for; '' when nothing. */
  useOf(address: number): string;
  /** The pages of the range stay where they are until as many `unpin` calls came. */
  pin(address: number, lengthBytes: number): void;
  unpin(address: number, lengthBytes: number): void;
  /** Whether all of these bytes exist; for addresses that peers may have chosen. */
  holds(address: number, lengthBytes: number): boolean;
  /** The array in which the address lies; where in it, is `at`. */
  locate(address: number): Uint8Array<ArrayBuffer>;
  /** The bytes themselves, where they lie contiguously: for rings and tests. */
  view(address: number, lengthBytes: number): Uint8Array<ArrayBuffer>;
}
