// What the key table allowed lately, so that the next packet of a message need not have all of it looked up again: the
// same key, by the same domain, for the same rights, reaches the same bytes until something in the table changes.

import { IBV_ACCESS_REMOTE_ATOMIC } from './access.js';
import { NO_VERSION } from './hold.js';
import type { ProtectionDomain, Region, Window } from './region.js';
import type { Translation } from './translation.js';

export class Grant {
  /** Of the table when it was granted. */
  version = NO_VERSION;
  key = -1;
  rights = -1;
  pd: ProtectionDomain | null = null;
  /** The queue pair that it is for, where that matters (windows of type 2B); -1 for all. */
  qp = -1;
  /** Virtual address of the first byte, and how many the key reaches. */
  startHigh = 0;
  startLow = 0;
  lengthBytes = 0;
  /** Where these begin in the region. */
  base = 0;
  region: Region | null = null;
  translation: Translation | null = null;

  // hot
  serves(version: number, key: number, pd: ProtectionDomain, qp: number, rights: number): boolean {
    return (
      this.version === version &&
      this.key === key &&
      this.rights === rights &&
      this.pd === pd &&
      (this.qp < 0 || this.qp === qp)
    );
  }

  ofRegion(version: number, region: Region, rights: number): void {
    // All of a machine's memory has holes, which are looked for each time.
    const keeps = region.kind === 'physical' ? NO_VERSION : version;
    this.#be(keeps, region.lkey, region.pd, rights, region);
    this.qp = -1;
    this.startHigh = region.startHigh;
    this.startLow = region.startLow;
    this.lengthBytes = region.lengthBytes;
    this.base = 0;
  }

  ofWindow(version: number, window: Window, region: Region, rights: number): void {
    this.#be(version, window.rkey, window.pd, rights, region);
    this.qp = window.qp;
    this.startHigh = window.startHigh;
    this.startLow = window.startLow;
    this.lengthBytes = window.lengthBytes;
    this.base = window.offset;
  }

  #be(version: number, key: number, pd: ProtectionDomain, rights: number, region: Region): void {
    // Atomic operations must lie on eight bytes, each of them.
    this.version = (rights & IBV_ACCESS_REMOTE_ATOMIC) === 0 ? version : NO_VERSION;
    this.key = key;
    this.rights = rights;
    this.pd = pd;
    this.region = region;
    this.translation = region.translation;
  }
}

/** Keys with the same last bits of their index share a place. */
const PLACES = 16;
const KEY_BITS = 8;

export class Grants {
  readonly #places: readonly Grant[] = Array.from({ length: PLACES }, () => new Grant());

  // hot
  at(key: number): Grant {
    return this.#places[(key >>> KEY_BITS) & (PLACES - 1)]!;
  }
}
