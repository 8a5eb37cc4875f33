// Which virtual lane a packet of a service level takes (IBA 7.6.6, 14.2.5.8): a switch may say so for each pair of the port
// where it came in and the port where it leaves, port 0 included; an adapter has one map.

/** Service levels; the lane that means "drop it" in a map. */
export const LEVELS = 16;
export const NO_LANE = 15;

export class LaneMap {
  readonly #lanes: Uint8Array;
  readonly #sides: number;

  /** @param ports numbered ports of a switch; 0 for an adapter. Maps begin as `first` says. */
  constructor(
    readonly ports: number,
    first: (level: number) => number,
  ) {
    this.#sides = ports + 1;
    this.#lanes = Uint8Array.from({ length: this.#sides * this.#sides * LEVELS }, (_, i) =>
      first(i % LEVELS),
    );
  }

  /** The lane of a packet from port `input` to port `output`; 15 where it is to be dropped. */
  // hot
  lane(input: number, output: number, level: number): number {
    return this.#lanes[(input * this.#sides + output) * LEVELS + level]!;
  }

  /** Lanes by level, for one pair of ports. */
  set(input: number, output: number, lanes: ArrayLike<number>): void {
    this.#lanes.set(lanes, (input * this.#sides + output) * LEVELS);
  }
}
