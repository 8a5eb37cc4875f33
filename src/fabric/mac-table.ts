// Which port an Ethernet address was last seen at (IEEE 802.1Q 8.8): learned from sources, forgotten with age.
// Keys are 48-bit numbers, together with the VLAN; the table is bounded, and the oldest entry makes room.

import type { Nanos } from '../time/index.js';

interface Entry {
  port: number;
  seen: Nanos;
}

/** IEEE 802.1Q table 8-6: 300 seconds. */
const AGEING_NS = 300e9;

/** Addresses fit 48 bits and VLANs 12: together more than a double holds, so the VLAN selects a table. */
export class MacTable {
  readonly #tables = new Map<number, Map<number, Entry>>();
  #size = 0;

  constructor(
    readonly most = 32_768,
    readonly ageingNs = AGEING_NS,
  ) {}

  get size(): number {
    return this.#size;
  }

  // hot
  learn(now: Nanos, vlan: number, address: number, port: number): void {
    let table = this.#tables.get(vlan);
    if (table === undefined) {
      table = new Map();
      this.#tables.set(vlan, table);
    }
    const entry = table.get(address);
    if (entry !== undefined) {
      entry.port = port;
      entry.seen = now;
      return;
    }
    if (this.#size >= this.most) this.#forgetOldest();
    table.set(address, { port, seen: now });
    this.#size++;
  }

  /** The port, or -1 when the address is not known (any more). */
  // hot
  port(now: Nanos, vlan: number, address: number): number {
    const entry = this.#tables.get(vlan)?.get(address);
    if (entry === undefined || now - entry.seen > this.ageingNs) return -1;
    return entry.port;
  }

  /** Forgets all addresses of a port, as when its link goes down. */
  forget(port: number): void {
    for (const table of this.#tables.values()) {
      for (const [address, entry] of table) {
        if (entry.port === port && table.delete(address)) this.#size--;
      }
    }
  }

  #forgetOldest(): void {
    let oldest: { table: Map<number, Entry>; address: number; seen: number } | undefined;
    for (const table of this.#tables.values()) {
      for (const [address, { seen }] of table) {
        if (!oldest || seen < oldest.seen) oldest = { table, address, seen };
      }
    }
    if (oldest?.table.delete(oldest.address)) this.#size--;
  }
}
