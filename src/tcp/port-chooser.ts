// Ports of outgoing connections: double-hash port selection (RFC 6056 3.3.4), in Linux's range.

import type { Random } from '../time/index.js';
import type { Secrets } from './secrets.js';

const FIRST = 32_768;
const LAST = 60_999;
const COUNT = LAST - FIRST + 1;
/** Counters, so that one destination's connections tell little of another's. */
const TABLE = 256;

export class PortChooser {
  readonly #next = new Uint32Array(TABLE);

  constructor(
    random: Random,
    readonly secrets: Secrets,
  ) {
    for (let i = 0; i < TABLE; i++) this.#next[i] = random.below(COUNT);
  }

  /** A port that `taken` does not know, or -1. */
  choose(
    local: Uint8Array,
    remote: Uint8Array,
    remotePort: number,
    taken: (port: number) => boolean,
  ): number {
    const offset = this.secrets.of({ local, localPort: 0, remote, remotePort }, 'port');
    const index = offset % TABLE;
    for (let tries = 0; tries < COUNT; tries++) {
      const port = FIRST + ((offset + this.#next[index]!) % COUNT);
      this.#next[index] = (this.#next[index]! + 1) % COUNT;
      if (!taken(port)) return port;
    }
    return -1;
  }
}
