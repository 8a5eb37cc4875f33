// Packets of a router whose next hop is being asked for: few for each (RFC 4861 7.2.2 wants one at least), and not many
// for all.

/** A packet that came in by port `ingress`. */
export interface Held {
  readonly ingress: number;
  readonly slot: number;
}

const MOST_FOR_ONE = 3;
const MOST = 64;

export class HeldPackets {
  readonly #held = new Map<string, Held[]>();
  #count = 0;

  /** Keeps a packet for the neighbour `key`; gives the slot of one that has no room: the oldest, or this one. */
  hold(key: string, ingress: number, slot: number): number {
    const waiting = this.#held.get(key) ?? [];
    if (waiting.length === 0 && this.#count >= MOST) return slot;
    this.#held.set(key, waiting);
    waiting.push({ ingress, slot });
    if (waiting.length > MOST_FOR_ONE) return waiting.shift()!.slot;
    this.#count++;
    return -1;
  }

  /** All that wait for the neighbour, oldest first, wait no longer. */
  release(key: string): readonly Held[] {
    const waiting = this.#held.get(key) ?? [];
    this.#held.delete(key);
    this.#count -= waiting.length;
    return waiting;
  }
}
