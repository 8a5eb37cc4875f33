// Where a connection's bytes lie. A connection owns no payload memory: it knows places in two streams, each counted from
// 0 for the first byte, and its owner decides what is copied where. Rings of bytes are the default.

/** What is to be sent. Bytes below `end` are there; those not yet released may be asked for any number of times. */
export interface SendSource {
  /** Bytes of the stream so far: where the next one that the user hands over will stand. */
  readonly end: number;
  /** Writes bytes `from` to `from + length` of the stream at `at` of `into`. */
  copy(from: number, length: number, into: Uint8Array, at: number): void;
  /** The peer has everything below `place`. */
  release(place: number): void;
  /**
   * How many of the bytes from `from` on one segment takes, at most `most`: who frames a stream (MPA) aligns its
   * units to segments this way. All of them where it is missing.
   */
  cut?(from: number, most: number): number;
  /**
   * How many of the bytes from `from` on one packet holds, at most `most`: a packet refers to few pieces of memory. All of
   * them where it is missing.
   */
  span?(from: number, most: number): number;
}

/** What was received. Segments are placed as they come, within what `capacity` promised. */
export interface ReceiveSink {
  /** Bytes that may lie between what the user took and what was placed: the receive buffer. */
  readonly capacity: number;
  /** Takes what was promised, even if rounding by the window's scale (RFC 7323 2.4) has made that a little more than `capacity`. */
  readonly gives?: boolean;
  /** Where the user stands: all bytes below are taken. */
  readonly taken: number;
  /** `length` bytes at `at` of `from` belong at `place`, which may lie behind a gap. */
  place(place: number, length: number, from: Uint8Array, at: number): void;
  /** The stream is whole up to `place`. */
  deliver(place: number): void;
}

/**
 * Where a ring lies: memory of its own, or a share of the packet memory that frames lie in too (`sharedPacketMemory`).
 * Between shares bytes move without a view a segment; but a share is given back only with the whole, so it suits
 * connections that last.
 */
export interface RingMemory {
  readonly whole: Uint8Array;
  readonly at: number;
}

const own = (capacity: number): RingMemory => ({ whole: new Uint8Array(capacity), at: 0 });

/** Bytes `at` to `at + length` of one array to `target` of another, which may be the same one. */
// hot
export function move(
  from: Uint8Array,
  at: number,
  length: number,
  into: Uint8Array,
  target: number,
): void {
  if (from === into) into.copyWithin(target, at, at + length);
  else into.set(from.subarray(at, at + length), target);
}

/** A ring of bytes to send from. */
export class RingSource implements SendSource {
  end = 0;
  /** Bytes below are acknowledged. */
  released = 0;
  readonly #whole: Uint8Array;
  readonly #at: number;

  constructor(
    readonly capacity: number,
    { whole, at } = own(capacity),
  ) {
    this.#whole = whole;
    this.#at = at;
  }

  get room(): number {
    return this.capacity - (this.end - this.released);
  }

  /** Takes as many bytes as there is room for; says how many. */
  write(bytes: Uint8Array, from = 0, to = bytes.length): number {
    const length = Math.min(to - from, this.room);
    const begin = this.end % this.capacity;
    const first = Math.min(length, this.capacity - begin);
    move(bytes, from, first, this.#whole, this.#at + begin);
    if (length > first) move(bytes, from + first, length - first, this.#whole, this.#at);
    this.end += length;
    return length;
  }

  // hot
  copy(from: number, length: number, into: Uint8Array, at: number): void {
    const begin = from % this.capacity;
    const first = Math.min(length, this.capacity - begin);
    move(this.#whole, this.#at + begin, first, into, at);
    if (length > first) move(this.#whole, this.#at, length - first, into, at + first);
  }

  release(place: number): void {
    this.released = place;
  }
}

/** A ring of bytes to receive into. */
export class RingSink implements ReceiveSink {
  taken = 0;
  /** The stream is whole up to here. */
  delivered = 0;
  readonly #whole: Uint8Array;
  readonly #at: number;

  constructor(
    readonly capacity: number,
    { whole, at } = own(capacity),
  ) {
    this.#whole = whole;
    this.#at = at;
  }

  /** Bytes that can be read. */
  get ready(): number {
    return this.delivered - this.taken;
  }

  // hot
  place(place: number, length: number, from: Uint8Array, at: number): void {
    const begin = place % this.capacity;
    const first = Math.min(length, this.capacity - begin);
    move(from, at, first, this.#whole, this.#at + begin);
    if (length > first) move(from, at + first, length - first, this.#whole, this.#at);
  }

  deliver(place: number): void {
    this.delivered = place;
  }

  /** Moves bytes to `into`; says how many. The connection must be told (`consumed`), so that its window opens. */
  read(into: Uint8Array, at = 0, most = into.length - at): number {
    const length = Math.min(most, this.ready);
    const begin = this.taken % this.capacity;
    const first = Math.min(length, this.capacity - begin);
    move(this.#whole, this.#at + begin, first, into, at);
    if (length > first) move(this.#whole, this.#at, length - first, into, at + first);
    this.taken += length;
    return length;
  }
}
