// Which data lane an InfiniBand port sends from next (IBA 7.6.9.2): two tables of lanes and weights. Lanes of the
// high-priority table go first, until they have sent as much as the limit allows while others wait.

/** A lane and how much it may send in its turn, in units of 64 bytes; an entry with weight 0 is skipped. */
export interface VlWeight {
  readonly vl: number;
  readonly weight: number;
}

/** As a subnet manager sets them: VLArbitrationTable and PortInfo:VLHighLimit. */
export interface VlArbitration {
  readonly high: readonly VlWeight[];
  readonly low: readonly VlWeight[];
  /** Units of 4,096 bytes of high priority before a packet of low priority has its chance; 255: no limit, 0: one packet. */
  readonly limit: number;
}

/** What the arbiter asks of its port. */
export interface LaneSource {
  /** May the first packet of the lane be sent now? */
  maySend(lane: number): boolean;
  /** Bytes of that packet. */
  firstBytes(lane: number): number;
}

const WEIGHT_BYTES = 64;
const LIMIT_BYTES = 4096;
const UNLIMITED = 255;
/** Entries of a table, and the largest weight (IBA 14.2.5.9). */
const MOST_ENTRIES = 64;
const MOST_WEIGHT = 255;

/** One table with the place where its last turn ended. */
class WeightedTurns {
  #at = 0;
  #left: number;

  constructor(readonly entries: readonly VlWeight[]) {
    this.#left = this.#bytes(0);
  }

  #bytes(at: number): number {
    return (this.entries[at]?.weight ?? 0) * WEIGHT_BYTES;
  }

  /** The lane whose turn it is among those that may send, or -1. */
  // hot
  pick(source: LaneSource): number {
    const { entries } = this;
    // Once around, and the entry of the turn again, with its weight renewed.
    for (let tries = 0; tries <= entries.length; tries++) {
      const entry = entries[this.#at];
      if (entry === undefined) return -1;
      if (this.#left > 0 && source.maySend(entry.vl)) {
        this.#left -= source.firstBytes(entry.vl); // what is too much is sent nevertheless
        return entry.vl;
      }
      this.#at = (this.#at + 1) % entries.length;
      this.#left = this.#bytes(this.#at);
    }
    return -1;
  }

  waits(source: LaneSource): boolean {
    for (const { vl, weight } of this.entries) if (weight > 0 && source.maySend(vl)) return true;
    return false;
  }
}

export class VlArbiter {
  readonly #high: WeightedTurns;
  readonly #low: WeightedTurns;
  readonly #limit: number;
  /** Bytes of high priority since low priority had its chance. */
  #sentHigh = 0;

  /** @throws RangeError when a table is too long, or names a lane that is not there */
  constructor({ high, low, limit }: VlArbitration, lanes: number) {
    for (const table of [high, low]) {
      if (table.length > MOST_ENTRIES)
        throw new RangeError(`a table has ${MOST_ENTRIES} entries at most, not ${table.length}`);
      for (const { vl, weight } of table) {
        if (vl >= lanes)
          throw new RangeError(`VL ${vl} has an entry, yet lanes are 0 to ${lanes - 1}`);
        if (!(weight >= 0 && weight <= MOST_WEIGHT))
          throw new RangeError(`a weight is 0 to ${MOST_WEIGHT}, not ${weight}`);
      }
    }
    this.#high = new WeightedTurns(high);
    this.#low = new WeightedTurns(low);
    this.#limit = limit >= UNLIMITED ? Number.POSITIVE_INFINITY : limit * LIMIT_BYTES;
  }

  /** The lane to send from, or -1. */
  // hot
  pick(source: LaneSource): number {
    const exhausted = this.#sentHigh > this.#limit || (this.#limit === 0 && this.#sentHigh > 0);
    if (exhausted && this.#low.waits(source)) return this.#pickLow(source);
    const lane = this.#high.pick(source);
    if (lane < 0) return this.#pickLow(source);
    this.#sentHigh += source.firstBytes(lane);
    return lane;
  }

  // hot
  #pickLow(source: LaneSource): number {
    this.#sentHigh = 0;
    return this.#low.pick(source);
  }
}
