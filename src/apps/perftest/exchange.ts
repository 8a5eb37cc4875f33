// What both sides of a test tell each other beside the network under test, as perftest does over a TCP connection of
// its own: addresses, queue pair numbers, keys, and that they are ready. It takes no time and sends no frames here.

import { Signal, type Thread, type Wait } from '../../cpu/index.js';
import type { Nanos } from '../../time/index.js';

/** Does something at this instant and tells the driver that hosts have changed. */
export type Soon = (call: (now: Nanos) => void) => void;

/** The two ends of a test, by perftest's names. */
export type Side = 'client' | 'server';
const other: Readonly<Record<Side, Side>> = { client: 'server', server: 'client' };

/** What one queue pair of a side is, for the other side: struct pingpong_dest. */
export interface Destination {
  readonly lid: number;
  readonly gid: Uint8Array;
  /** It shares its LID with others, who are told apart by GID. */
  readonly grhRequired: boolean;
  readonly qpn: number;
  readonly psn: number;
  readonly rkey: number;
  readonly address: bigint;
  /** Where this side listens for connections (iWARP); 0 where it does not. */
  readonly port?: number;
  /** Where this side wants to hear of the other's receive requests. */
  readonly credits?: { readonly remoteAddr: bigint; readonly rkey: number };
}

/** The connection over which both sides speak about the test. */
export class Exchange {
  readonly #soon: Soon;
  readonly #said: Record<Side, readonly Destination[] | undefined> = {
    client: undefined,
    server: undefined,
  };
  readonly #ready = new Set<Side>();
  readonly #signals: Record<Side, Signal> = { client: new Signal(), server: new Signal() };

  constructor(soon: Soon) {
    this.#soon = soon;
  }

  /** Tells the other side what we are, and waits for what it is. */
  *introduce(
    thread: Thread,
    side: Side,
    own: readonly Destination[],
  ): Generator<Wait, readonly Destination[], void> {
    this.#said[side] = own;
    this.#tell(other[side]);
    for (;;) {
      const peer = this.#said[other[side]];
      if (peer) return peer;
      yield thread.block(this.#signals[side]);
    }
  }

  /** Waits until both sides have come here. */
  *together(thread: Thread, side: Side): Generator<Wait, void, void> {
    this.#ready.add(side);
    this.#tell(other[side]);
    while (this.#ready.size < 2) yield thread.block(this.#signals[side]);
  }

  #tell(side: Side): void {
    this.#soon((now) => this.#signals[side].raise(now));
  }
}
