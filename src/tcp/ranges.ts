// What was received behind a gap: ranges of the peer's stream, in the order in which they last grew, because SACK reports
// the newest first (RFC 2018 4). Few: whoever sends more islands than that sends them again.

/** Islands kept; Linux keeps as many as memory allows, four fit into a segment. */
const MOST_RANGES = 64;

export class Ranges {
  count = 0;
  readonly start = new Float64Array(MOST_RANGES);
  readonly end = new Float64Array(MOST_RANGES);

  clear(): void {
    this.count = 0;
  }

  /** Whether all of `from` to `to` is here already. */
  has(from: number, to: number): boolean {
    for (let i = 0; i < this.count; i++) {
      if (this.start[i]! <= from && to <= this.end[i]!) return true;
    }
    return false;
  }

  /** Adds a range, joined with those that it touches, as the newest; false when there is no place. */
  // hot
  add(from: number, to: number): boolean {
    let first = from;
    let last = to;
    let kept = 0;
    let touched = false;
    for (let i = 0; i < this.count; i++) {
      if (this.end[i]! < first || this.start[i]! > last) {
        this.start[kept] = this.start[i]!;
        this.end[kept++] = this.end[i]!;
        continue;
      }
      touched = true;
      first = Math.min(first, this.start[i]!);
      last = Math.max(last, this.end[i]!);
    }
    this.count = kept;
    if (!touched && kept === MOST_RANGES) return false;
    this.start.copyWithin(1, 0, kept);
    this.end.copyWithin(1, 0, kept);
    this.start[0] = first;
    this.end[0] = last;
    this.count++;
    return true;
  }

  /** The stream is whole up to `place`: takes away what lies below or touches it; says how far it is whole now. */
  // hot
  join(place: number): number {
    let reach = place;
    for (let again = true; again; ) {
      again = false;
      let kept = 0;
      for (let i = 0; i < this.count; i++) {
        if (this.start[i]! <= reach) {
          if (this.end[i]! > reach) {
            reach = this.end[i]!;
            again = true;
          }
          continue;
        }
        this.start[kept] = this.start[i]!;
        this.end[kept++] = this.end[i]!;
      }
      this.count = kept;
    }
    return reach;
  }
}
