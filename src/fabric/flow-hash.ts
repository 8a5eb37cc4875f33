// Which of several equal paths a packet takes (RFC 2992): a hash over addresses, protocol and ports, so that a flow
// keeps its path and its order. RoCE v2 has one UDP port for all its flows and varies the source port for this.

import { crc32 } from '../../protocols/core/checksum/index.js';
import { IPv4, IPv6, UDP } from '../../protocols/index.js';
import type { Random } from '../time/index.js';

// Functions that a module holds as constants are compiled into their callers; properties are not.
const { mf, fragmentOffset, protocol: protocolOf, ihl } = IPv4.get;
const { nextHeader } = IPv6.get;

const WORD = 4;
/** Protocols that begin with two ports: TCP, UDP. */
const hasPorts = (protocol: number): boolean => protocol === 6 || protocol === 17;
const PORTS = UDP.at.length;

/** An odd multiplier spreads the lower bits into the upper ones, from which the path is taken. */
const SPREAD = 0x9e3779b1;

export class FlowHash {
  /** Routers in a row must not all decide alike, or half of the paths would stay empty. */
  readonly #salt: number;

  constructor(random: Random) {
    this.#salt = random.bits();
  }

  /** A number from 0 to `paths - 1` for the packet at `at`, whose bytes end at `end`. */
  // hot
  path(b: Uint8Array, at: number, end: number, version: 4 | 6, paths: number): number {
    if (paths === 1) return 0;
    let protocol: number;
    let addresses: number;
    let ports: number;
    if (version === 4) {
      // Fragments behind the first have no ports, so that no fragment is sorted by them.
      const whole = mf(b, at) === 0 && fragmentOffset(b, at) === 0;
      protocol = whole ? protocolOf(b, at) : 0;
      addresses = crc32(b, at + IPv4.at.src, at + IPv4.size);
      ports = at + ihl(b, at) * WORD;
    } else {
      protocol = nextHeader(b, at);
      addresses = crc32(b, at + IPv6.at.src, at + IPv6.size);
      ports = at + IPv6.size;
    }
    let hash = Math.imul(addresses ^ this.#salt, SPREAD) + protocol;
    if (hasPorts(protocol) && ports + PORTS <= end) {
      hash = Math.imul(hash ^ crc32(b, ports, ports + PORTS), SPREAD);
    }
    return Math.floor(((Math.imul(hash ^ this.#salt, SPREAD) >>> 0) / 2 ** 32) * paths);
  }
}
