// What outsiders must not guess: initial sequence numbers (RFC 6528), the offsets of timestamps (RFC 7323 7.1) and the
// ports of outgoing connections (RFC 6056), all by a keyed hash of the connection's addresses.

import { seqAdd } from '../../protocols/core/serial.js';
import type { Nanos, Random } from '../time/index.js';
import { KeyedHash } from './keyed-hash.js';

/** RFC 9293 3.4.1: the clock of initial sequence numbers counts every 4 microseconds. */
const ISN_TICK = 4000;

/** What tells a connection from all others. IP addresses are sixteen bytes, IPv4 as ::ffff:a.b.c.d. */
export interface Endpoints {
  readonly local: Uint8Array;
  readonly localPort: number;
  readonly remote: Uint8Array;
  readonly remotePort: number;
}

/** So that one hash of a connection says nothing about the others. */
const PURPOSE = { isn: 1, timestamp: 2, port: 3, cookie: 4 } as const;

export class Secrets {
  readonly #hash: KeyedHash;

  constructor(random: Random) {
    this.#hash = new KeyedHash(random.bits(), random.bits());
  }

  /** A hash of the connection for one purpose. */
  of(ends: Endpoints, purpose: keyof typeof PURPOSE, more = 0): number {
    return this.#hash
      .begin()
      .address(ends.local)
      .address(ends.remote)
      .word(ends.localPort * 0x10000 + ends.remotePort)
      .word(PURPOSE[purpose])
      .word(more)
      .end();
  }

  /** ISN = M + F(localip, localport, remoteip, remoteport, secretkey) (RFC 6528 3). */
  isn(ends: Endpoints, now: Nanos): number {
    return seqAdd(this.of(ends, 'isn'), Math.floor(now / ISN_TICK));
  }
}
