// Memory channels of the nodes and the links between nodes as resources: what cores read waits for both, and for the way
// there. No bytes are moved here, only time is told.

import { Busy, type Nanos } from '../time/index.js';
import { nodeOf } from './machine-memory.js';

export interface MemoryProfile {
  /** From a core's request to its data, when nobody else asks: of its own node, and more for another node's. */
  readonly latencyNs: number;
  readonly remoteNs: number;
  /** What the channels of one node deliver, and what a node gets from the others, in bits a second. */
  readonly bitsPerSecond: number;
  readonly linkBitsPerSecond: number;
  /** Cache lines that one core has under way: its own and its prefetchers'. */
  readonly linesInFlight: number;
}

const NS_PER_BYTE_AT_1_BPS = 8e9;
export const CACHE_LINE_BYTES = 64;

export class MemoryChannels {
  readonly #channels: readonly Busy[];
  /** Into each node. */
  readonly #links: readonly Busy[];
  readonly #nsPerByte: number;
  readonly #linkNsPerByte: number;

  constructor(
    readonly profile: MemoryProfile,
    nodes: number,
  ) {
    const each = () => Array.from({ length: nodes }, () => new Busy());
    this.#channels = each();
    this.#links = each();
    this.#nsPerByte = NS_PER_BYTE_AT_1_BPS / profile.bitsPerSecond;
    this.#linkNsPerByte = NS_PER_BYTE_AT_1_BPS / profile.linkBitsPerSecond;
  }

  /** What a stream of another node's lines takes more for each byte: so many of them wait at a time. */
  get farNsPerByte(): number {
    const { remoteNs, linesInFlight } = this.profile;
    return remoteNs / (linesInFlight * CACHE_LINE_BYTES);
  }

  // hot
  /** A core of `node` reads contiguous bytes: when the last has come. */
  read(now: Nanos, node: number, address: number, lengthBytes: number): Nanos {
    const { latencyNs, remoteNs } = this.profile;
    const home = nodeOf(address);
    const channel = this.#channels[home]!;
    channel.serve(now, lengthBytes * this.#nsPerByte);
    let wait = channel.after(now);
    if (home === node) return (now + Math.ceil(wait + latencyNs)) as Nanos;
    const link = this.#links[node]!;
    link.serve(now, lengthBytes * this.#linkNsPerByte);
    if (link.after(now) > wait) wait = link.after(now);
    return (now + Math.ceil(wait + latencyNs + remoteNs)) as Nanos;
  }
}
