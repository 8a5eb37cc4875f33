// The multicast forwarding table of an InfiniBand switch (IBA 18.2.4.3.3), and the copies of packets that are under way:
// the room of a packet in the buffer where it came in is free when its last copy has left.

/** Multicast LIDs with an entry, as in switches of today. */
const ENTRIES = 1024;
/** Ports in a word of the table (IBA 14.2.5.12). */
const WORD_PORTS = 16;

/** Output ports (from 0) of one packet; filled again for each. */
export interface OutputSet {
  readonly ports: Uint8Array;
  count: number;
}

export class MulticastTable {
  /** Bits of output ports (from 1; 0 is the switch itself) by multicast LID, `words` words each. */
  readonly masks: Uint16Array;
  readonly words: number;
  readonly #outputs: OutputSet;
  #origins = new Int32Array(16);
  #copies = new Int32Array(16);
  readonly #free: number[] = [];
  #used = 0;

  constructor(readonly ports: number) {
    this.words = Math.ceil((ports + 1) / WORD_PORTS);
    this.masks = new Uint16Array(ENTRIES * this.words);
    this.#outputs = { ports: new Uint8Array(ports), count: 0 };
  }

  /** Ports that a packet for the group with that index goes to, without the one where it came in. */
  // hot
  outputs(index: number, ingress: number): OutputSet {
    const set = this.#outputs;
    set.count = 0;
    if (index >= ENTRIES) return set;
    const first = index * this.words;
    for (let port = 1; port <= this.ports; port++) {
      const mask = this.masks[first + Math.floor(port / WORD_PORTS)]!;
      const bit = 1 << (port % WORD_PORTS);
      if ((mask & bit) !== 0 && port - 1 !== ingress) set.ports[set.count++] = port - 1;
    }
    return set;
  }

  /** Begins to count the copies of a packet that came in at `origin`, itself being the first. */
  // hot
  open(origin: number): number {
    const group = this.#free.pop() ?? this.#used++;
    if (group === this.#copies.length) this.#grow();
    this.#origins[group] = origin;
    this.#copies[group] = 1;
    return group;
  }

  // hot
  add(group: number): void {
    this.#copies[group] = this.#copies[group]! + 1;
  }

  /** A copy has left: where the packet came in when it was the last one, else -1. */
  // hot
  left(group: number): number {
    this.#copies[group] = this.#copies[group]! - 1;
    if (this.#copies[group]! > 0) return -1;
    this.#free.push(group);
    return this.#origins[group]!;
  }

  #grow(): void {
    const [origins, copies] = [this.#origins, this.#copies];
    this.#origins = new Int32Array(2 * origins.length);
    this.#copies = new Int32Array(2 * copies.length);
    this.#origins.set(origins);
    this.#copies.set(copies);
  }
}
