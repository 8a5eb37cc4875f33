// A link between two ports: two wires, one each way. A frame occupies its wire for its bits and what goes around
// them, and arrives whole a propagation delay later. What goes wrong on the way is decided by `Impairment`s.

import { type Nanos, timeFor } from '../time/index.js';

/** Bytes on an Ethernet wire beside the frame: preamble, start delimiter and gap (IEEE 802.3 3.1, 4.4.2). */
export const ETHERNET_GAP_BYTES = 20;
/** The frame check sequence, which frames here do not carry with them. */
export const FCS_BYTES = 4;
/** Shortest Ethernet frame with FCS (IEEE 802.3 4.4.2); shorter ones are filled on the wire. */
export const ETHERNET_LEAST_BYTES = 64;

export interface LinkOptions {
  /** Bits a second, such as 100e9. */
  readonly rate: number;
  /** Metres of cable; light takes 5 ns a metre in it. */
  readonly metres?: number;
  /** 'ethernet' (default) adds gap, FCS and filling; 'infiniband' sends frames as they are. */
  readonly kind?: 'ethernet' | 'infiniband';
}

/**
 * InfiniBand's links mark where a packet begins and ends: up to QDR by one symbol each on a link of four lanes that takes
 * turns (8b/10b), from FDR on by a block of eight bytes each, and packets are whole blocks (64b/66b; IBA volume 2, 5).
 */
const SYMBOLS_BYTES = 4;
const BLOCK_BYTES = 8;
const FASTEST_8B10B = 32e9;

/** Nanoseconds a metre of fibre or copper (two thirds of the speed of light). */
const NS_PER_METRE = 5;

export class Link {
  readonly rate: number;
  readonly kind: 'ethernet' | 'infiniband';
  readonly delay: Nanos;
  /** Is told when the link goes down or up: whoever drives it keeps that where it needs it. */
  changed: ((up: boolean) => void) | undefined;
  #up = true;

  constructor(
    readonly name: string,
    options: LinkOptions,
  ) {
    if (!(options.rate > 0))
      throw new RangeError(`${name}: a link has a rate above 0, not ${options.rate}`);
    this.rate = options.rate;
    this.kind = options.kind ?? 'ethernet';
    this.delay = Math.round((options.metres ?? 2) * NS_PER_METRE) as Nanos;
  }

  /** False while the link is down: frames that are on it or sent on it are lost. */
  get up(): boolean {
    return this.#up;
  }

  set up(up: boolean) {
    if (up === this.#up) return;
    this.#up = up;
    this.changed?.(up);
  }

  /** How long a frame of `length` bytes (without FCS) occupies the wire. */
  // hot
  occupies(length: number): Nanos {
    if (this.kind === 'infiniband') return timeFor(this.#framed(length), this.rate);
    const whole = length + FCS_BYTES;
    const least = whole < ETHERNET_LEAST_BYTES ? ETHERNET_LEAST_BYTES : whole;
    return timeFor(least + ETHERNET_GAP_BYTES, this.rate);
  }
  #framed(length: number): number {
    if (this.rate <= FASTEST_8B10B) return length + SYMBOLS_BYTES;
    return Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES + 2 * BLOCK_BYTES;
  }
}
