// Where a router's prefixes lead: to neighbours, to a subnet whose hosts are asked for one by one, or to the router
// itself. What a packet needs of its next hop, the Ethernet header's addresses included, lies together as numbers,
// as in a hardware router's adjacency table.

import { Ethernet, IPv4, IPv6 } from '../../protocols/index.js';
import type { Neighbour } from '../stack/neighbour-table.js';
import { equalAddress, IPV4_BYTES, IPV6_BYTES, versionOf } from './ip-address.js';
import { PrefixTable } from './prefix-table.js';

const MAC_BYTES = Ethernet.at.src;

/** Words of a route: its first next hop among the members, how many there are, the port of its subnet, is it our own. */
const FIRST = 0;
const COUNT = 1;
const SUBNET = 2;
const OWN = 3;
const ROUTE = 4;

/** Words of a next hop: the addresses of frames to it, then its port, that port's MTU, and whether the addresses stay. */
const ADDRESS_WORDS = 3;
const PORT = 3;
const MTU = 4;
const FIXED = 5;
const HOP = 8;

/** What routes know of a port. */
export interface RoutePort {
  readonly mac: Uint8Array;
  readonly mtu: number;
}

/** A next hop's address, and its entry in the port's table of neighbours where it was not configured. */
interface Asked {
  readonly ip: Uint8Array;
  entry: Neighbour | undefined;
}

/** The next hop of a packet to a host that nobody has asked for yet; each takes the place of the one before. */
const STRANGER = 0;

export class RouteTable {
  readonly #of4 = new PrefixTable();
  readonly #of6 = new PrefixTable();
  readonly #routes: number[] = [];
  readonly #members: number[] = [];
  readonly #asked: Asked[] = [];
  #hops = new Uint32Array(0);
  #bytes = new Uint8Array(0);

  constructor(readonly ports: readonly RoutePort[]) {
    this.#hop(0, new Uint8Array(IPV4_BYTES));
  }

  /** Hosts of a port's subnet. */
  addSubnet(ip: Uint8Array, bits: number, port: number): void {
    this.#route(ip, bits, [], port, 0);
  }

  /** An address of the router. */
  addOwn(ip: Uint8Array, port: number): void {
    this.#route(ip, 8 * ip.length, [], port, 1);
  }

  /** A prefix that leads to neighbours which are as good as each other. */
  add(ip: Uint8Array, bits: number, hops: readonly number[]): void {
    this.#route(ip, bits, hops, -1, 0);
  }

  #route(ip: Uint8Array, bits: number, hops: readonly number[], subnet: number, own: number): void {
    const table = versionOf(ip) === 4 ? this.#of4 : this.#of6;
    table.set(ip, bits, this.#routes.length / ROUTE);
    this.#routes.push(this.#members.length, hops.length, subnet, own);
    this.#members.push(...hops);
  }

  /** The neighbour with that address, for which there is a route of its own. */
  neighbour(port: number, ip: Uint8Array): number {
    const route = this.#find(ip, 0, versionOf(ip));
    if (route >= 0 && this.paths(route) > 0) {
      const known = this.hop(route, 0);
      if (this.port(known) === port && equalAddress(ip, this.ip(known))) return known;
    }
    const hop = this.#hop(port, ip);
    this.add(ip, 8 * ip.length, [hop]);
    return hop;
  }

  /** A host that has no route of its own: the number is good until the next one is asked for. */
  stranger(port: number, ip: Uint8Array): number {
    this.#asked[STRANGER] = { ip, entry: undefined };
    this.#describe(STRANGER, port);
    return STRANGER;
  }

  #hop(port: number, ip: Uint8Array): number {
    const hop = this.#asked.length;
    this.#asked.push({ ip, entry: undefined });
    if (this.#asked.length * HOP > this.#hops.length) {
      const hops = new Uint32Array(Math.max(16 * HOP, 2 * this.#hops.length));
      hops.set(this.#hops);
      this.#hops = hops;
      this.#bytes = new Uint8Array(hops.buffer);
    }
    this.#describe(hop, port);
    return hop;
  }

  #describe(hop: number, port: number): void {
    this.#hops[hop * HOP + PORT] = port;
    const { mac, mtu } = this.ports[port]!;
    this.#hops[hop * HOP + MTU] = mtu;
    this.#hops[hop * HOP + FIXED] = 0;
    this.#bytes.set(mac, hop * HOP * Uint32Array.BYTES_PER_ELEMENT + MAC_BYTES);
  }

  /** The route of the packet whose IP header is at `at`, or -1. */
  // hot
  routeOf(b: Uint8Array, at: number, version: 4 | 6): number {
    return this.#find(b, at + (version === 4 ? IPv4.at.dst : IPv6.at.dst), version);
  }

  /** The way back to a packet's sender, or -1. */
  routeBack(b: Uint8Array, at: number, version: 4 | 6): number {
    return this.#find(b, at + (version === 4 ? IPv4.at.src : IPv6.at.src), version);
  }

  // hot
  #find(b: Uint8Array, at: number, version: 4 | 6): number {
    return version === 4 ? this.#of4.find(b, at, IPV4_BYTES) : this.#of6.find(b, at, IPV6_BYTES);
  }

  /** Is it an address of the router? */
  // hot
  own(route: number): boolean {
    return this.#routes[route * ROUTE + OWN] === 1;
  }

  /** Next hops of a route; none where it is a subnet. */
  // hot
  paths(route: number): number {
    return this.#routes[route * ROUTE + COUNT]!;
  }

  // hot
  hop(route: number, path: number): number {
    return this.#members[this.#routes[route * ROUTE + FIRST]! + path]!;
  }

  subnetOf(route: number): number {
    return this.#routes[route * ROUTE + SUBNET]!;
  }

  // hot
  port(hop: number): number {
    return this.#hops[hop * HOP + PORT]!;
  }

  // hot
  mtu(hop: number): number {
    return this.#hops[hop * HOP + MTU]!;
  }

  ip(hop: number): Uint8Array {
    return this.#asked[hop]!.ip;
  }

  /** The link address was configured. */
  // hot
  fixed(hop: number): boolean {
    return this.#hops[hop * HOP + FIXED] === 1;
  }

  fix(hop: number, mac: Uint8Array): void {
    this.setMac(hop, mac);
    this.#hops[hop * HOP + FIXED] = 1;
  }

  entry(hop: number): Neighbour | undefined {
    return this.#asked[hop]!.entry;
  }

  setEntry(hop: number, entry: Neighbour | undefined): void {
    this.#asked[hop]!.entry = entry;
  }

  setMac(hop: number, mac: Uint8Array): void {
    this.#bytes.set(mac, hop * HOP * Uint32Array.BYTES_PER_ELEMENT);
  }

  /** Writes both link addresses into a frame, which begins at word `at`. */
  // hot
  address(hop: number, words: Uint32Array, at: number): void {
    const hops = this.#hops;
    const from = hop * HOP;
    for (let i = 0; i < ADDRESS_WORDS; i++) words[at + i] = hops[from + i]!;
  }
}
