// Packets of a host on their way out: IP headers written, fragments made, the next hop chosen, its link address asked
// for. Frames whose neighbour is being asked for wait, few and not for ever.

import { checksumOfSum, internetSum } from '../../protocols/core/checksum/index.js';
import { Ethernet, IPv4, IPv6, IPv6Fragment } from '../../protocols/index.js';
import { type FramePool, SlotQueue } from '../frame/index.js';
import type { Nanos } from '../time/index.js';
import {
  type HostAddress,
  isLinkLocal,
  isLoopback,
  isMapped,
  isMulticast,
  keyOf,
  MAPPED_AT,
  multicastMacOf,
  sameBytes,
  samePrefix,
} from './address.js';
import type { DropCounters, StackDrop } from './drop.js';
import { FRAGMENT_UNIT } from './ip-packet.js';
import type { IpRoute } from './ip-route.js';
import type { Neighbour, NeighbourTable } from './neighbour-table.js';

const ETHERTYPE = { ipv4: 0x0800, ipv6: 0x86dd } as const;
const FRAGMENT = 44;
/** Hop limit of packets that may be routed (RFC 1700; what Linux and BSD send). */
export const USUAL_HOP_LIMIT = 64;
/** Frames that wait for one neighbour (Linux, ip-sysctl: unres_qlen), and frames that wait for the wire. */
const MOST_PENDING = 101;
const MOST_QUEUED = 1024;
const IPV4_WORDS = 5;
const IDENTIFICATIONS = 0x10000;

export interface Outgoing {
  readonly source: Uint8Array;
  readonly target: Uint8Array;
  readonly protocol: number;
  readonly hopLimit?: number;
}

export class IpOutput {
  readonly queue = new SlotQueue();
  readonly #pending = new Map<string, number[]>();
  #identification = 1;

  constructor(
    readonly pool: FramePool,
    readonly mac: Uint8Array,
    readonly addresses: readonly HostAddress[],
    readonly gateways: readonly Uint8Array[],
    readonly mtu: number,
    readonly neighbours: NeighbourTable,
    readonly drops: DropCounters,
  ) {}

  /** Sends `length` bytes from the start of `message`, in fragments where they are too long for one frame. */
  send(now: Nanos, outgoing: Outgoing, message: Uint8Array, length: number): void {
    const v4 = isMapped(outgoing.target);
    const room = this.mtu - (v4 ? IPv4.size : IPv6.size);
    if (length <= room) return this.#packet(now, outgoing, message, 0, length, length);
    const bare = v4 ? room : room - IPv6Fragment.size;
    const step = bare - (bare % FRAGMENT_UNIT);
    for (let at = 0; at < length; at += step) {
      this.#packet(now, outgoing, message, at, Math.min(length, at + step), length);
    }
    this.#identification++;
  }

  /** One packet with bytes `from` to `to` of a message of `length` bytes. */
  #packet(
    now: Nanos,
    outgoing: Outgoing,
    message: Uint8Array,
    from: number,
    to: number,
    length: number,
  ): void {
    const slot = this.pool.take();
    if (slot < 0) return this.drops.add('no slot');
    const b = this.pool.bytes(slot);
    const start = this.pool.at(slot);
    const part = { at: from, more: to < length, whole: to - from === length };
    const v4 = isMapped(outgoing.target);
    Ethernet.set.type(b, start, v4 ? ETHERTYPE.ipv4 : ETHERTYPE.ipv6);
    const ipAt = start + Ethernet.size;
    const at = v4
      ? this.#header4(b, ipAt, outgoing, to - from, part)
      : this.#header6(b, ipAt, outgoing, to - from, part);
    b.set(message.subarray(from, to), at);
    this.pool.setLength(slot, at + to - from - start);
    this.route(now, outgoing.target, slot);
  }

  #header4(b: Uint8Array, at: number, outgoing: Outgoing, length: number, part: Part): number {
    const { set } = IPv4;
    b.fill(0, at, at + IPv4.size);
    set.version(b, at, 4);
    set.ihl(b, at, IPV4_WORDS);
    set.totalLength(b, at, IPv4.size + length);
    set.identification(b, at, this.#identification % IDENTIFICATIONS);
    if (part.whole) this.#identification++;
    set.df(b, at, part.whole ? 1 : 0);
    set.mf(b, at, part.more ? 1 : 0);
    set.fragmentOffset(b, at, part.at / FRAGMENT_UNIT);
    set.ttl(b, at, outgoing.hopLimit ?? USUAL_HOP_LIMIT);
    set.protocol(b, at, outgoing.protocol);
    b.set(outgoing.source.subarray(MAPPED_AT), at + IPv4.at.src);
    b.set(outgoing.target.subarray(MAPPED_AT), at + IPv4.at.dst);
    set.headerChecksum(b, at, checksumOfSum(internetSum(b, at, at + IPv4.size)));
    return at + IPv4.size;
  }

  #header6(b: Uint8Array, at: number, outgoing: Outgoing, length: number, part: Part): number {
    const { set } = IPv6;
    const extra = part.whole ? 0 : IPv6Fragment.size;
    b.fill(0, at, at + IPv6.size + extra);
    set.version(b, at, 6);
    set.payloadLength(b, at, extra + length);
    set.nextHeader(b, at, part.whole ? outgoing.protocol : FRAGMENT);
    set.hopLimit(b, at, outgoing.hopLimit ?? USUAL_HOP_LIMIT);
    b.set(outgoing.source, at + IPv6.at.src);
    b.set(outgoing.target, at + IPv6.at.dst);
    const next = at + IPv6.size;
    if (part.whole) return next;
    IPv6Fragment.set.nextHeader(b, next, outgoing.protocol);
    IPv6Fragment.set.fragmentOffset(b, next, part.at / FRAGMENT_UNIT);
    IPv6Fragment.set.mf(b, next, part.more ? 1 : 0);
    IPv6Fragment.set.identification(b, next, this.#identification);
    return next + IPv6Fragment.size;
  }

  /** Sends a whole packet to where it belongs; its link addresses are filled in here. */
  route(now: Nanos, target: Uint8Array, slot: number): void {
    if (isMulticast(target)) return this.queueTo(slot, multicastMacOf(target));
    if (this.#isOwn(target)) return this.queueTo(slot, this.mac);
    const hop = this.nextHop(target);
    if (!hop) return this.#lose(slot, 'no route');
    const mac = this.neighbours.lookup(now, hop);
    if (mac) return this.queueTo(slot, mac);
    const key = keyOf(hop);
    if (!this.neighbours.get(hop)) return this.#lose(slot, 'neighbour failed');
    const waiting = this.#pending.get(key) ?? [];
    this.#pending.set(key, waiting);
    waiting.push(slot);
    if (waiting.length > MOST_PENDING) this.#lose(waiting.shift()!, 'too many waiting');
  }

  /** Of this host: its frames, to its own link address, never reach the wire. */
  #isOwn(target: Uint8Array): boolean {
    return isLoopback(target) || this.addresses.some(({ ip }) => sameBytes(ip, target));
  }

  /** The same for one of many packets along a route. A neighbour that is in use is not asked about. */
  // hot
  routeAlong(now: Nanos, route: IpRoute, slot: number): void {
    const known = route.neighbour;
    if (known?.mac !== undefined && known.state !== 'STALE') return this.queueTo(slot, known.mac);
    this.route(now, route.target, slot);
    const hop = isMulticast(route.target) ? undefined : this.nextHop(route.target);
    route.neighbour = hop && this.neighbours.get(hop);
  }

  /** The neighbour to which packets for `target` go: itself where it is on the link, else a gateway. */
  nextHop(target: Uint8Array): Uint8Array | undefined {
    if (isLinkLocal(target)) return target;
    if (this.addresses.some(({ ip, prefix }) => samePrefix(ip, target, prefix))) return target;
    return this.gateways.find((gateway) => isMapped(gateway) === isMapped(target));
  }

  /** What is known of the next hop to `target`. */
  neighbourOf(target: Uint8Array): Neighbour | undefined {
    const hop = this.nextHop(target);
    return hop && this.neighbours.get(hop);
  }

  /** The neighbour is known now: what waited for it goes out. */
  resolved(key: string, mac: Uint8Array): void {
    const waiting = this.#pending.get(key);
    this.#pending.delete(key);
    for (const slot of waiting ?? []) this.queueTo(slot, mac);
  }

  /** It does not answer: what waited for it is lost. */
  failed(key: string): void {
    const waiting = this.#pending.get(key);
    this.#pending.delete(key);
    for (const slot of waiting ?? []) this.#lose(slot, 'neighbour failed');
  }

  /** Addresses the frame and lets it wait for the wire. */
  queueTo(slot: number, mac: Uint8Array): void {
    if (this.queue.count >= MOST_QUEUED) return this.#lose(slot, 'too many waiting');
    const b = this.pool.bytes(slot);
    const at = this.pool.at(slot);
    // Byte by byte: for six of them a call of `set` takes longer.
    for (let i = 0; i < mac.length; i++) b[at + Ethernet.at.dst + i] = mac[i]!;
    for (let i = 0; i < mac.length; i++) b[at + Ethernet.at.src + i] = this.mac[i]!;
    this.queue.put(slot, this.pool.length(slot));
  }

  #lose(slot: number, why: StackDrop): void {
    this.pool.release(slot);
    this.drops.add(why);
  }
}

interface Part {
  /** Place of its first byte in the message. */
  readonly at: number;
  readonly more: boolean;
  readonly whole: boolean;
}
