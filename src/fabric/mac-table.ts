// Which port an Ethernet address was last seen at (IEEE 802.1Q 8.8): learned from sources, forgotten with age.
// The table is bounded, and the oldest entry makes room.

import type { Nanos } from '../time/index.js';

interface Entry {
  port: number;
  seen: Nanos;
}

/** IEEE 802.1Q table 8-6: 300 seconds. */
const AGEING_NS = 300e9;

/** By the low half of an address. */
type Addresses = Map<number, Entry>;

/** By VLAN and the high half, by the low half: keys of 48 bits would be objects, made for each frame. */
export class MacTable {
  readonly #tables = new Map<number, Map<number, Addresses>>();
  #size = 0;

  constructor(
    readonly most = 32_768,
    readonly ageingNs = AGEING_NS,
  ) {}

  get size(): number {
    return this.#size;
  }

  // hot
  learn(now: Nanos, vlan: number, high: number, low: number, port: number): void {
    const entry = this.#tables.get(vlan)?.get(high)?.get(low);
    if (entry === undefined) return this.#add(now, vlan, high, low, port);
    entry.port = port;
    entry.seen = now;
  }

  #add(now: Nanos, vlan: number, high: number, low: number, port: number): void {
    if (this.#size >= this.most) this.#forgetOldest();
    const table = this.#tables.get(vlan) ?? new Map<number, Addresses>();
    this.#tables.set(vlan, table);
    const addresses = table.get(high) ?? new Map<number, Entry>();
    table.set(high, addresses);
    addresses.set(low, { port, seen: now });
    this.#size++;
  }

  /** The port, or -1 when the address is not known (any more). */
  // hot
  port(now: Nanos, vlan: number, high: number, low: number): number {
    const entry = this.#tables.get(vlan)?.get(high)?.get(low);
    if (entry === undefined || now - entry.seen > this.ageingNs) return -1;
    return entry.port;
  }

  /** Forgets all addresses of a port, as when its link goes down. */
  forget(port: number): void {
    for (const { addresses, low, entry } of this.#all())
      if (entry.port === port && addresses.delete(low)) this.#size--;
  }

  *#all(): Generator<{ addresses: Addresses; low: number; entry: Entry }> {
    for (const table of this.#tables.values())
      for (const addresses of table.values())
        for (const [low, entry] of addresses) yield { addresses, low, entry };
  }

  #forgetOldest(): void {
    let oldest: { addresses: Addresses; low: number; entry: Entry } | undefined;
    for (const one of this.#all()) if (!oldest || one.entry.seen < oldest.entry.seen) oldest = one;
    if (oldest?.addresses.delete(oldest.low)) this.#size--;
  }
}
