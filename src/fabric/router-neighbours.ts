// The neighbours on one link of a router: the stack's table and messages of ARP and neighbour discovery, as a host has
// them. What they have to say goes out by the router's port.

import { sumIsGood } from '../../protocols/core/checksum/index.js';
import { ICMPv6, IPv6 } from '../../protocols/index.js';
import type { FramePool } from '../frame/index.js';
import { type HostAddress, isMapped, mapped, samePrefix } from '../stack/address.js';
import { Arp } from '../stack/arp.js';
import { DropCounters, type StackDrop } from '../stack/drop.js';
import { IcmpSender, messageSum } from '../stack/icmp.js';
import { IpOutput } from '../stack/ip-output.js';
import { IpPacket, PROTOCOL } from '../stack/ip-packet.js';
import { ND, NeighbourDiscovery } from '../stack/neighbour-discovery.js';
import { NeighbourTable, type NeighbourTask } from '../stack/neighbour-table.js';
import type { Nanos, Random } from '../time/index.js';
import { IPV4_BYTES, type Prefix, sameAddress } from './ip-address.js';

/** An address as the stack has it: sixteen bytes, IPv4 mapped. */
export const wideAddress = (ip: Uint8Array): Uint8Array =>
  ip.length === IPV4_BYTES ? mapped(ip, 0) : ip;

const BITS = 128;

export class PortNeighbours {
  readonly table: NeighbourTable;
  readonly #addresses: readonly HostAddress[];
  readonly #output: IpOutput;
  readonly #arp: Arp;
  readonly #discovery: NeighbourDiscovery;
  readonly #packet = new IpPacket();
  readonly #drop: (why: StackDrop) => void;

  constructor(
    readonly pool: FramePool,
    mac: Uint8Array,
    subnets: readonly Prefix[],
    mtu: number,
    random: Random,
    drop: (why: StackDrop) => void,
  ) {
    this.#drop = drop;
    this.#addresses = subnets.map(({ ip, bits }) => ({
      ip: wideAddress(ip),
      prefix: BITS - 8 * ip.length + bits,
    }));
    this.table = new NeighbourTable(random);
    const drops = new DropCounters();
    this.#output = new IpOutput(pool, mac, this.#addresses, [], mtu, this.table, drops);
    const isOurs = (ip: Uint8Array) => this.#addresses.some((own) => sameAddress(own.ip, ip, 0));
    this.#arp = new Arp(pool, mac, isOurs, this.table, this.#output, drop);
    const sender = new IcmpSender(this.#output);
    this.#discovery = new NeighbourDiscovery(mac, isOurs, this.table, sender, drop);
  }

  /** An ARP message whose header begins at `at`. */
  receiveArp(now: Nanos, b: Uint8Array, at: number, end: number): void {
    this.#arp.receive(now, b, at, end);
  }

  /** An IPv6 packet at `at`; false when it is no message of neighbour discovery. */
  receiveDiscovery(now: Nanos, b: Uint8Array, at: number, end: number): boolean {
    const packet = this.#packet;
    if (packet.read(b, at, end) !== undefined || packet.fragment) return false;
    if (packet.protocol !== PROTOCOL.icmpv6 || packet.end - packet.at < ICMPv6.size) return false;
    const type = ICMPv6.get.type(b, packet.at);
    if (type !== ND.solicitation && type !== ND.advertisement) return false;
    const { source, target, protocol } = packet;
    const sum = messageSum(source, target, protocol, b, packet.at, packet.end);
    if (!sumIsGood(sum)) this.#drop('bad checksum');
    else if (!this.#isKnownSource(source)) this.#drop('bad source');
    else this.#discovery.receive(now, packet);
    return true;
  }

  /** Only neighbours are believed: those of our subnets, and who has no address yet. */
  #isKnownSource(source: Uint8Array): boolean {
    if (source.every((byte) => byte === 0)) return true;
    return this.#output.nextHop(source) !== undefined;
  }

  /** What the table wants done, oldest first; questions are put here, and the rest is the router's. */
  takeTask(now: Nanos): NeighbourTask | undefined {
    for (let task = this.table.takeTask(); task; task = this.table.takeTask()) {
      if (task.what !== 'solicit') return task;
      const { ip, mac } = task.neighbour;
      const source = this.#addresses.find((own) => samePrefix(own.ip, ip, own.prefix))?.ip;
      if (!source) this.#drop('no route');
      else if (isMapped(ip)) this.#arp.ask(source, ip, mac);
      else this.#discovery.ask(now, source, ip, mac !== undefined);
    }
    return undefined;
  }

  /** The next frame to be sent on the link, or -1. */
  takeFrame(): number {
    const { queue } = this.#output;
    return queue.count === 0 ? -1 : queue.take(this.pool.length(queue.first));
  }
}

/** Messages of neighbour discovery stand behind an IPv6 header or options; all else is passed on unread. */
const ICMPV6_OR_OPTIONS = [58, 0];
export const mayBeDiscovery = (b: Uint8Array, at: number): boolean =>
  ICMPV6_OR_OPTIONS.includes(IPv6.get.nextHeader(b, at));
