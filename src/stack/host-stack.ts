// What a host does with frames that are no RDMA: neighbours, echo, and refusals. A station with one port; the RDMA
// device beside it asks it for link addresses.

import { Ethernet } from '../../protocols/index.js';
import { type FramePool, ReadyPorts, type Station } from '../frame/index.js';
import {
  Alarm,
  isDue,
  type Nanos,
  NEVER,
  Random,
  START,
  soonestOf,
  tellOf,
} from '../time/index.js';
import {
  ALL_NODES,
  broadcastOf,
  type HostAddress,
  isLinkLocal,
  isLoopback,
  isMapped,
  isOneOf,
  linkLocalOf,
  parseHostAddress,
  parseIp,
  sameBytes,
  samePrefix,
  solicitedNodeOf,
} from './address.js';
import { Arp, ETHERTYPE_ARP } from './arp.js';
import type { Datagram } from './datagram.js';
import { DropCounters, type StackDrop } from './drop.js';
import { type EchoReply, Icmp, IcmpSender } from './icmp.js';
import { IpOutput } from './ip-output.js';
import { IpPacket, PROTOCOL } from './ip-packet.js';
import type { IpRoute } from './ip-route.js';
import { DEFAULT_MTU, demandMtu } from './mtu.js';
import { ND, NeighbourDiscovery } from './neighbour-discovery.js';
import { type Neighbour, NeighbourTable } from './neighbour-table.js';
import { Reassembly } from './reassembly.js';
import type { Transport } from './transport.js';
import { refuseDatagram } from './unwanted-datagram.js';

const ETHERTYPE = { ipv4: 0x0800, ipv6: 0x86dd } as const;
const LINK_LOCAL_PREFIX = 64;

export interface HostStackOptions {
  readonly mac: Uint8Array;
  /** Such as '10.0.0.1/24' and 'fd00::1/64'; the link-local address comes by itself. */
  readonly addresses: readonly string[];
  /** One of each version at most: where packets for other subnets go. */
  readonly gateways?: readonly string[];
  readonly mtu?: number;
  readonly random?: Random;
}

export class HostStack implements Station {
  readonly ports = 1;
  readonly mac: Uint8Array;
  readonly addresses: readonly HostAddress[];
  readonly drops = new DropCounters();
  readonly neighbours: NeighbourTable;
  readonly icmp: Icmp;
  /** What the host sends to itself comes back at once; a kernel takes it from `transmit` and brings it back in its own time. */
  loopsItself = true;
  #looped = false;
  #now = START;
  readonly #arp: Arp;
  readonly #discovery: NeighbourDiscovery;
  readonly #output: IpOutput;
  readonly #packet = new IpPacket();
  readonly #reassembly = new Reassembly();
  readonly #ready = new ReadyPorts(1);
  readonly #own: readonly Uint8Array[];
  readonly #groups: readonly Uint8Array[];
  readonly #broadcasts: readonly Uint8Array[];
  readonly #transports: Transport[] = [];
  /** The transport that the packet before was for. */
  #runsTo: Transport | undefined;
  readonly mtu: number;
  /** When it wants to be woken, unless something has changed since that was found. */
  readonly #alarm = new Alarm();
  #changed = true;

  /** @throws RangeError when an address is none, or the MTU none that fits */
  constructor(
    readonly name: string,
    readonly pool: FramePool,
    options: HostStackOptions,
  ) {
    const { mac, gateways = [], mtu = DEFAULT_MTU } = options;
    demandMtu(mtu, pool.slotBytes);
    this.mac = mac;
    this.mtu = mtu;
    const linkLocal = { ip: linkLocalOf(mac), prefix: LINK_LOCAL_PREFIX };
    this.addresses = [...options.addresses.map(parseHostAddress), linkLocal];
    this.#own = this.addresses.map(({ ip }) => ip);
    this.#groups = [ALL_NODES, ...this.addresses.map(({ ip }) => solicitedNodeOf(ip))];
    this.#broadcasts = this.addresses.filter(({ ip }) => isMapped(ip)).map(broadcastOf);
    this.neighbours = new NeighbourTable(options.random ?? new Random(1, name));
    this.#output = new IpOutput(
      pool,
      mac,
      this.addresses,
      gateways.map(parseIp),
      mtu,
      this.neighbours,
      this.drops,
    );
    const drop = (why: StackDrop) => this.drops.add(why);
    const isOurs = this.isOurs.bind(this);
    const sender = new IcmpSender(this.#output);
    this.icmp = new Icmp(sender, drop, this.sourceFor.bind(this));
    this.icmp.onError = (now, error) => {
      const isTo = ({ protocol }: Transport) => protocol === error.protocol;
      const to = this.isOurs(error.source) ? this.#transports.find(isTo) : undefined;
      to?.icmpError(now, error);
      return to !== undefined;
    };
    this.#arp = new Arp(pool, mac, isOurs, this.neighbours, this.#output, drop);
    this.#discovery = new NeighbourDiscovery(mac, isOurs, this.neighbours, sender, drop);
  }

  /** Puts a transport protocol on top: it gets the packets of its number, and sends what it has. */
  attach(transport: Transport): void {
    this.#transports.push(transport);
  }

  /** Has it a transport of that number? */
  carries(protocol: number): boolean {
    return this.#transports.some((transport) => transport.protocol === protocol);
  }

  /** Fills in the link addresses of a frame that somebody else sends; false while the next hop is not known. */
  // hot
  address(now: Nanos, route: IpRoute, slot: number): boolean {
    const known = route.neighbour;
    const fresh = known?.mac !== undefined && known.state !== 'STALE' ? known.mac : undefined;
    const mac = fresh ?? this.lookup(now, route.target);
    if (mac === undefined) return false;
    if (fresh === undefined) route.neighbour = this.#output.neighbourOf(route.target);
    const b = this.pool.bytes(slot);
    const at = this.pool.at(slot);
    b.set(mac, at + Ethernet.at.dst);
    b.set(this.mac, at + Ethernet.at.src);
    return true;
  }

  /** What is known of the next hop to `ip`, without asking. */
  neighbourOf(ip: Uint8Array): Neighbour | undefined {
    return this.#output.neighbourOf(ip);
  }

  /** Must be called after a transport was told something from above, so that the wire is. */
  wake(): void {
    this.#changed = true;
    if (this.waits()) this.#ready.mark(0);
  }

  isOurs(ip: Uint8Array): boolean {
    return isOneOf(this.#own, ip);
  }

  isOwn(ip: Uint8Array): boolean {
    return isLoopback(ip) || this.isOurs(ip);
  }

  /** Our address to speak to `target` with: of its subnet, else one of its version that is no link's alone. */
  sourceFor(target: Uint8Array): Uint8Array | undefined {
    if (this.isOwn(target)) return target;
    const near = this.addresses.find(({ ip, prefix }) => samePrefix(ip, target, prefix));
    const alike = ({ ip }: HostAddress) =>
      isMapped(ip) === isMapped(target) && isLinkLocal(ip) === isLinkLocal(target);
    return (near ?? this.addresses.find(alike))?.ip;
  }

  /** The link address of the next hop to `ip`; undefined while it is asked for, or when there is none. */
  lookup(now: Nanos, ip: Uint8Array): Uint8Array | undefined {
    const hop = this.#output.nextHop(ip);
    const mac = hop && this.neighbours.lookup(now, hop);
    this.#settle(now);
    return mac;
  }

  /** The same, telling apart: 'pending' while somebody is asked, undefined where no subnet and no gateway leads. */
  way(now: Nanos, ip: Uint8Array): Uint8Array | 'pending' | undefined {
    if (!this.#output.nextHop(ip)) return undefined;
    return this.lookup(now, ip) ?? 'pending';
  }

  /** `lookup` at the last instant that the stack was told of, for those who have no clock. */
  readonly resolve = (ip: Uint8Array): Uint8Array | undefined => this.lookup(this.#now, ip);

  /** Tells the link our addresses. */
  announce(now: Nanos): void {
    for (const { ip } of this.addresses) {
      if (isMapped(ip)) this.#arp.announce(ip);
      else this.#discovery.announce(now, ip);
    }
    this.#settle(now);
  }

  /** Asks for an echo. @throws RangeError when no address of ours reaches `target` */
  ping(now: Nanos, target: Uint8Array, identifier: number, sequence: number, size = 56): void {
    this.icmp.ask(now, target, identifier, sequence, size);
    this.#settle(now);
  }

  takeEchoReply(): EchoReply | undefined {
    return this.icmp.takeReply();
  }

  receive(now: Nanos, _port: number, slot: number): void {
    const at = this.pool.at(slot);
    this.drops.last = '';
    this.#frame(now, this.pool.bytes(slot), at, at + this.pool.length(slot));
    if (this.drops.last === '') this.pool.release(slot);
    else this.pool.drop(slot, this.drops.last);
    this.#settle(now);
  }

  /**
   * A frame that lies in somebody else's memory, who keeps it. Text may lie elsewhere: `end` counts it all the same.
   * @param checked its transport checksum is known to be right
   * @param unit text of each of the segments that were merged into it; 0 for one that came alone
   */
  // hot
  accept(now: Nanos, b: Uint8Array, at: number, end: number, checked: boolean, unit: number): void {
    this.#packet.checked = checked;
    this.#packet.unit = unit;
    this.#frame(now, b, at, end);
    this.#packet.checked = false;
    this.#packet.unit = 0;
    this.#settle(now);
  }

  /** The same of a frame that this host has sent to itself. */
  // hot
  acceptOwn(now: Nanos, b: Uint8Array, at: number, end: number, unit: number): void {
    this.#looped = true;
    this.accept(now, b, at, end, true, unit);
    this.#looped = false;
  }

  /** Whether a frame that was sent stays in the host. */
  // hot
  isOwnFrame(b: Uint8Array, at: number): boolean {
    return sameBytes(this.mac, b, at + Ethernet.at.dst);
  }

  #frame(now: Nanos, b: Uint8Array, at: number, end: number): void {
    if (end - at < Ethernet.size) return this.drops.add('too short');
    // Groups are told apart by their IP address; a filter by MAC would only repeat it.
    if (b[at]! % 2 === 0 && !sameBytes(this.mac, b, at)) return this.drops.add('other host');
    const type = Ethernet.get.type(b, at);
    const next = at + Ethernet.size;
    if (type === ETHERTYPE_ARP) return this.#arp.receive(now, b, next, end);
    if (type !== ETHERTYPE.ipv4 && type !== ETHERTYPE.ipv6) return this.drops.add('no protocol');
    const packet = this.#packet;
    const runsTo = this.#runsTo;
    this.#runsTo = undefined;
    const wrong = packet.read(b, next, end);
    if (wrong) return this.drops.add(wrong);
    if ((packet.version === 4) !== (type === ETHERTYPE.ipv4)) return this.drops.add('malformed');
    // Packets come in runs: one like the last, which was found to be for that transport, needs no second look.
    if (packet.alike && runsTo !== undefined && !packet.fragment && !this.#looped) {
      this.#runsTo = runsTo;
      return runsTo.receive(now, packet);
    }
    if (!this.#isForUs(packet.target)) return this.drops.add('not my address');
    if (packet.fragment) return this.#fragment(now, packet);
    this.#deliver(now, packet);
  }

  #isForUs(target: Uint8Array): boolean {
    if (isLoopback(target)) return this.#looped; // from outside it is no address (RFC 1122 3.2.1.3)
    return this.isOurs(target) || isOneOf(this.#groups, target);
  }

  #fragment(now: Nanos, packet: IpPacket): void {
    const { source, target, protocol, hopLimit } = packet;
    const outcome = this.#reassembly.add(now, packet);
    if (typeof outcome === 'string') return this.drops.add(outcome);
    if (!outcome) return;
    const { bytes, length, ecn } = this.#reassembly;
    const head = { source, target, protocol, hopLimit, ecn };
    this.#deliver(now, { ...head, bytes, at: 0, end: length, headerAt: -1 });
  }

  #deliver(now: Nanos, datagram: Datagram): void {
    const { source, protocol } = datagram;
    if ((this.isOwn(source) && !this.#looped) || isOneOf(this.#broadcasts, source)) {
      return this.drops.add('bad source');
    }
    const control = isMapped(datagram.target) ? PROTOCOL.icmp : PROTOCOL.icmpv6;
    if (protocol === control) {
      if (this.icmp.receive(now, datagram, isNeighbour)) this.#discovery.receive(now, datagram);
      return;
    }
    for (let i = 0; i < this.#transports.length; i++) {
      const transport = this.#transports[i]!;
      if (transport.protocol !== protocol) continue;
      if (datagram === this.#packet && !this.#looped) this.#runsTo = transport;
      return transport.receive(now, datagram);
    }
    // RDMA's is served before frames come here.
    if (protocol === PROTOCOL.udp) refuseDatagram(now, datagram, this.drops, this.icmp);
    else this.drops.add('no protocol');
  }

  /** Does what the neighbour table asks for, and says that there is something to send. */
  #settle(now: Nanos): void {
    this.#now = now;
    for (let task = this.neighbours.takeTask(); task; task = this.neighbours.takeTask()) {
      const { what, neighbour } = task;
      const { ip, key, mac } = neighbour;
      if (what === 'resolved' && mac) this.#output.resolved(key, mac);
      else if (what === 'failed') this.#output.failed(key);
      else if (what === 'solicit') this.#ask(now, ip, mac);
    }
    this.wake();
  }

  #ask(now: Nanos, ip: Uint8Array, mac: Uint8Array | undefined): void {
    const source = this.sourceFor(ip);
    if (!source) return this.drops.add('no route');
    if (isMapped(ip)) this.#arp.ask(source, ip, mac);
    else this.#discovery.ask(now, source, ip, mac !== undefined);
  }

  takeReady(): number {
    return this.#ready.take();
  }

  waits(): boolean {
    if (this.#output.queue.count > 0 || this.neighbours.hasTask) return true;
    for (let i = 0; i < this.#transports.length; i++)
      if (this.#transports[i]!.hasWork()) return true;
    return false;
  }

  transmit(now: Nanos, _port: number): number {
    this.#changed = true;
    for (;;) {
      const { queue } = this.#output;
      if (queue.count === 0) this.#draw(now);
      if (queue.count === 0) return -1;
      const slot = queue.take(this.pool.length(queue.first));
      const b = this.pool.bytes(slot);
      const at = this.pool.at(slot);
      if (!this.loopsItself || !this.isOwnFrame(b, at)) return slot;
      this.acceptOwn(now, b, at, at + this.pool.length(slot), 0);
      this.pool.release(slot);
    }
  }

  /** Draws packets from the transports until one is there to be sent: others wait for their neighbour. */
  #draw(now: Nanos): void {
    const { queue } = this.#output;
    for (let i = 0; i < this.#transports.length && queue.count === 0; i++) {
      const transport = this.#transports[i]!;
      for (let slot = transport.transmit(now); slot >= 0; slot = transport.transmit(now)) {
        this.#output.routeAlong(now, transport.route, slot);
        if (queue.count > 0) break;
      }
    }
    if (this.neighbours.hasTask) this.#settle(now);
  }

  /** Asked several times an event, so that it is kept until something happens. */
  // hot
  soonest(alarm: Alarm): void {
    const own = this.#alarm;
    if (this.#changed) {
      this.#changed = false;
      own.at = NEVER;
      this.neighbours.soonest(own);
      this.#reassembly.soonest(own);
      for (let i = 0; i < this.#transports.length; i++) tellOf(this.#transports[i]!, own);
    }
    alarm.lower(own.at);
  }

  wakeAt(): Nanos {
    return soonestOf(this);
  }

  expire(now: Nanos): void {
    this.neighbours.expire(now);
    for (let late = this.#reassembly.expire(now); late > 0; late--)
      this.drops.add('fragments too late');
    for (const transport of this.#transports) if (isDue(transport, now)) transport.expire(now);
    this.#settle(now);
  }
}

const isNeighbour = (type: number): boolean =>
  type === ND.solicitation || type === ND.advertisement;
