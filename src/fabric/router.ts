// An IP router (RFC 1812, RFC 8200): longest prefix, one hop less, equal paths by the flow, fragments or "too big",
// errors to senders. Frames wait in the same kind of buffer as in a switch, so that ECN and PFC work through routers.
// RoCE v1 has no IP header, which is why it ends here.

import { Ethernet, IPv4, IPv6, parseMac } from '../../protocols/index.js';
import type { FramePool, Station } from '../frame/index.js';
import { Classified } from '../nic/index.js';
import { keyOf } from '../stack/address.js';
import { RateLimit } from '../stack/rate-limit.js';
import { type Alarm, earlier, type Nanos, NEVER, type Random, soonestOf } from '../time/index.js';
import { FlowHash } from './flow-hash.js';
import { HeldPackets } from './held-packets.js';
import {
  IPV4_BYTES,
  IPV6_BYTES,
  type Prefix,
  parseAddress,
  parsePrefix,
  sameAddress,
  staysOnLink,
  versionOf,
} from './ip-address.js';
import { fragment, hopsLeft, ipFault, packetLength, takeHop } from './ip-forward.js';
import { RouteTable } from './route-table.js';
import { errorFrame, mayComplain, type Refusal } from './router-message.js';
import { mayBeDiscovery, PortNeighbours, wideAddress } from './router-neighbours.js';
import type { RouterDrop, RouterOptions } from './router-options.js';
import { type BufferDrop, SharedBuffer } from './shared-buffer.js';

interface Port {
  readonly mac: Uint8Array;
  readonly subnets: readonly Prefix[];
  readonly mtu: number;
  readonly neighbours: PortNeighbours;
}

const ETHERTYPE = { arp: 0x0806, roce: 0x8915 } as const;
const DEFAULT_MTU = 4200;
const WORD_BYTES = 4;
/** Neighbours kept beyond the configured ones; Linux's gc_thresh3 is 1024 as well. */
const MOST_NEIGHBOURS = 1024;
/** ICMP errors and questions, as Linux limits its own (icmp_msgs_per_sec and icmp_msgs_burst). */
const MESSAGES_A_SECOND = 1000;
const MESSAGES_AT_ONCE = 50;

/** An IP router: longest prefix, ECMP, hops, fragments, ICMP errors. */
export class Router implements Station {
  readonly ports: number;
  readonly cutsThrough: boolean;
  readonly drops = new Map<RouterDrop, number>();
  /** Packets passed on, errors sent, and packets that were cut. */
  forwarded = 0;
  errorsSent = 0;
  fragmented = 0;
  readonly buffer: SharedBuffer;
  readonly #ports: readonly Port[];
  readonly #routes: RouteTable;
  /** Neighbours that have become routes of their own. */
  #learned = 0;
  readonly #held = new HeldPackets();
  #neighboursAt: Nanos = NEVER;
  readonly #frame: Classified;
  readonly #hash: FlowHash;
  readonly #limit = new RateLimit(MESSAGES_A_SECOND, MESSAGES_AT_ONCE);

  /** @throws RangeError when an address, a prefix or a port in `options` is none */
  constructor(
    readonly name: string,
    readonly pool: FramePool,
    readonly options: RouterOptions,
    random: Random,
  ) {
    this.ports = options.ports.length;
    this.cutsThrough = options.cutThrough ?? false;
    const count = (why: BufferDrop) => this.#count(why);
    this.buffer = new SharedBuffer(pool, this.ports, options, random, count);
    this.#frame = new Classified('dscp', options.dscpPriority);
    this.#hash = new FlowHash(random.fork('ecmp'));
    this.#ports = options.ports.map(({ mac: text, addresses, mtu = DEFAULT_MTU }, port) => {
      const mac = parseMac(text);
      const subnets = addresses.map(parsePrefix);
      const own = random.fork(`neighbours ${port}`);
      const drop = (why: RouterDrop) => this.#count(why);
      return {
        mac,
        subnets,
        mtu,
        neighbours: new PortNeighbours(pool, mac, subnets, mtu, own, drop),
      };
    });
    const routes = new RouteTable(this.#ports);
    this.#ports.forEach(({ subnets }, port) => {
      for (const { ip, bits } of subnets) routes.addSubnet(ip, bits, port);
      for (const { ip } of subnets) routes.addOwn(ip, port);
    });
    for (const { port, ip, mac } of options.neighbours ?? [])
      routes.fix(routes.neighbour(this.#checked(port), parseAddress(ip)), parseMac(mac));
    for (const { to, via } of options.routes ?? []) {
      const { ip, bits } = parsePrefix(to);
      const hops = via.map(({ port, gateway }) =>
        routes.neighbour(this.#checked(port), parseAddress(gateway)),
      );
      if (hops.length === 0) throw new RangeError(`${name}: the route to ${to} leads nowhere`);
      routes.add(ip, bits, hops);
    }
    this.#routes = routes;
  }

  #checked(port: number): number {
    if (this.#ports[port]) return port;
    throw new RangeError(`${this.name} has ports 0 to ${this.ports - 1}, no port ${port}`);
  }

  // hot
  receive(now: Nanos, port: number, slot: number): void {
    if (this.buffer.controls(slot)) this.buffer.paused(now, port, slot);
    else this.#treat(now, port, slot);
  }

  // hot
  latencyOf(slot: number): number {
    return this.buffer.latencyOf(slot);
  }

  // hot
  soonest(alarm: Alarm): void {
    this.buffer.soonest(alarm);
    alarm.lower(this.#neighboursAt);
  }

  wakeAt(): Nanos {
    return soonestOf(this);
  }

  // hot
  expire(now: Nanos): void {
    this.buffer.resume(now);
    if (this.#neighboursAt > now) return;
    this.#ports.forEach(({ neighbours }, port) => {
      neighbours.table.expire(now);
      this.#settle(now, port);
    });
  }

  takeReady(): number {
    return this.buffer.takeReady();
  }

  waits(port: number): boolean {
    return this.buffer.waits(port);
  }

  transmit(now: Nanos, port: number): number {
    return this.buffer.transmit(now, port);
  }

  /** Is the frame for us, and a packet that may be passed on? */
  // hot
  #treat(now: Nanos, port: number, slot: number): void {
    const { pool } = this;
    const b = pool.bytes(slot);
    const start = pool.at(slot);
    const end = start + pool.length(slot);
    const frame = this.#frame;
    if (!frame.read(b, start, end)) return this.#drop(slot, 'too short');
    if (!frame.group && !sameAddress(this.#ports[port]!.mac, b, start))
      return this.#drop(slot, 'other host');
    if (frame.vlan >= 0) return this.#drop(slot, 'not routable: tagged');
    const { neighbours } = this.#ports[port]!;
    if (frame.type === ETHERTYPE.arp) {
      neighbours.receiveArp(now, b, start + Ethernet.size, end);
      return this.#heard(now, port, slot);
    }
    if (frame.type === ETHERTYPE.roce) return this.#drop(slot, 'not routable: RoCE v1');
    const { ipAt, version } = frame;
    if (ipAt < 0) return this.#drop(slot, 'not routable: no IP');
    const fault = ipFault(b, ipAt, end, version);
    if (fault !== undefined) return this.#drop(slot, fault);
    if (version === 6 && mayBeDiscovery(b, ipAt) && neighbours.receiveDiscovery(now, b, ipAt, end))
      return this.#heard(now, port, slot);
    if (frame.group || staysOnLink(b, ipAt, version))
      return this.#drop(slot, 'not routable: link local or group');
    this.#forward(now, port, slot, ipAt, version);
  }

  // hot
  #forward(now: Nanos, ingress: number, slot: number, at: number, version: 4 | 6): void {
    const { pool } = this;
    const routes = this.#routes;
    const b = pool.bytes(slot);
    const route = routes.routeOf(b, at, version);
    if (route >= 0 && routes.own(route)) return this.#drop(slot, 'for the router itself');
    if (hopsLeft(b, at, version) <= 1) return this.#refuse(now, ingress, slot, 'time exceeded', 0);
    if (route < 0) return this.#refuse(now, ingress, slot, 'no route', 0);
    const length = packetLength(b, at, version);
    const paths = routes.paths(route);
    const hop =
      paths > 0
        ? routes.hop(route, this.#hash.path(b, at, at + length, version, paths))
        : this.#stranger(routes.subnetOf(route), addressAt(b, at, version, 'dst'));
    if (!this.#resolved(now, hop)) return this.#hold(now, ingress, slot, hop);
    if (length > routes.mtu(hop)) return this.#tooLong(now, ingress, slot, hop, version);
    takeHop(b, at, version);
    this.#send(now, ingress, slot, hop, at - pool.at(slot) + length);
  }

  /** Addresses the frame, which has `length` bytes, and puts it into the queue of its port. */
  // hot
  #send(now: Nanos, ingress: number, slot: number, hop: number, length: number): void {
    const { pool } = this;
    this.#routes.address(hop, pool.words(slot), pool.at(slot) / WORD_BYTES);
    pool.setLength(slot, length); // what filled the frame up to Ethernet's least size stays behind
    this.forwarded++;
    this.buffer.enqueue(now, ingress, this.#routes.port(hop), slot, this.#frame);
  }

  #tooLong(now: Nanos, ingress: number, slot: number, hop: number, version: 4 | 6): void {
    const { pool } = this;
    const mtu = this.#routes.mtu(hop);
    const offset = this.#frame.ipAt - pool.at(slot);
    const at = pool.at(slot) + offset;
    if (version === 6 || IPv4.get.df(pool.bytes(slot), at) === 1)
      return this.#refuse(now, ingress, slot, 'too big', mtu);
    takeHop(pool.bytes(slot), at, version);
    const whole = fragment(pool, slot, offset, mtu, (part) =>
      this.#send(now, ingress, part, hop, pool.length(part)),
    );
    if (whole) this.fragmented++;
    else this.#drop(slot, 'no slot');
  }

  /** Tells the sender why its packet goes no further, unless that is not allowed. */
  #refuse(now: Nanos, ingress: number, slot: number, why: Refusal, mtu: number): void {
    const { pool } = this;
    const { ipAt: at, version } = this.#frame;
    const b = pool.bytes(slot);
    const end = at + packetLength(b, at, version);
    const source = this.#addressAt(ingress, version);
    const hop = this.#hopBack(b, at, version);
    const known = source !== undefined && hop >= 0 && this.#resolved(now, hop);
    if (known && mayComplain(b, at, end, version) && this.#limit.allows(now)) {
      const frame = errorFrame(why, b, at, end, version, source, mtu);
      const answer = this.#framed(frame);
      if (answer >= 0) {
        this.errorsSent++;
        this.#frame.priority = 0;
        this.#send(now, ingress, answer, hop, frame.length);
      }
    }
    this.#drop(slot, why);
  }

  /** The next hop to the sender of a packet, or -1. */
  #hopBack(b: Uint8Array, at: number, version: 4 | 6): number {
    const routes = this.#routes;
    const route = routes.routeBack(b, at, version);
    if (route < 0 || routes.own(route)) return -1;
    if (routes.paths(route) > 0) return routes.hop(route, 0);
    return this.#stranger(routes.subnetOf(route), addressAt(b, at, version, 'src'));
  }

  #addressAt(port: number, version: 4 | 6): Uint8Array | undefined {
    return this.#ports[port]!.subnets.find(({ ip }) => versionOf(ip) === version)?.ip;
  }

  /** A slot with these bytes, or -1. */
  #framed(bytes: Uint8Array): number {
    const slot = this.pool.take();
    if (slot < 0) {
      this.#count('no slot');
      return -1;
    }
    this.pool.bytes(slot).set(bytes, this.pool.at(slot));
    this.pool.setLength(slot, bytes.length);
    return slot;
  }

  /** A message about link addresses was read. */
  #heard(now: Nanos, port: number, slot: number): void {
    this.pool.release(slot);
    this.#settle(now, port);
  }

  /** A host of a subnet. Who is known gets a route of its own, so that the next packet finds it at once. */
  #stranger(port: number, ip: Uint8Array): number {
    const { table } = this.#ports[port]!.neighbours;
    if (!table.get(wideAddress(ip))?.mac || this.#learned >= MOST_NEIGHBOURS)
      return this.#routes.stranger(port, ip);
    this.#learned++;
    return this.#routes.neighbour(port, ip);
  }

  /** Is the link address of a next hop known? If not, it is asked for. */
  // hot
  #resolved(now: Nanos, hop: number): boolean {
    return this.#routes.fixed(hop) || this.#resolve(now, hop);
  }

  #resolve(now: Nanos, hop: number): boolean {
    const routes = this.#routes;
    const known = routes.entry(hop);
    // An entry that is not reachable must hear of its use, and may have made room for another.
    let mac = known?.state === 'REACHABLE' ? known.mac : undefined;
    if (mac === undefined) {
      const port = routes.port(hop);
      const { table } = this.#ports[port]!.neighbours;
      const ip = wideAddress(routes.ip(hop));
      mac = table.lookup(now, ip);
      routes.setEntry(hop, table.get(ip));
      this.#settle(now, port);
    }
    if (mac === undefined) return false;
    routes.setMac(hop, mac);
    return true;
  }

  /** Keeps a packet until its neighbour is known, or known not to answer. */
  #hold(now: Nanos, ingress: number, slot: number, hop: number): void {
    const wide = wideAddress(this.#routes.ip(hop));
    if (!this.#ports[this.#routes.port(hop)]!.neighbours.table.get(wide))
      return this.#refuse(now, ingress, slot, 'host unreachable', 0); // no room to ask for it
    const lost = this.#held.hold(keyOf(wide), ingress, slot);
    if (lost >= 0) this.#drop(lost, 'neighbour asked for');
  }

  /** Does what the neighbours of a port want done. */
  #settle(now: Nanos, port: number): void {
    const { neighbours } = this.#ports[port]!;
    for (let task = neighbours.takeTask(now); task; task = neighbours.takeTask(now)) {
      for (const { ingress, slot } of this.#held.release(task.neighbour.key)) {
        if (task.what === 'resolved') this.#treat(now, ingress, slot);
        else this.#unreachable(now, ingress, slot);
      }
    }
    for (let slot = neighbours.takeFrame(); slot >= 0; slot = neighbours.takeFrame())
      this.buffer.say(port, slot);
    this.#neighboursAt = NEVER;
    for (const { neighbours: all } of this.#ports)
      this.#neighboursAt = earlier(this.#neighboursAt, all.table.wakeAt());
  }

  #unreachable(now: Nanos, ingress: number, slot: number): void {
    const at = this.pool.at(slot);
    this.#frame.read(this.pool.bytes(slot), at, at + this.pool.length(slot));
    this.#refuse(now, ingress, slot, 'host unreachable', 0);
  }

  #drop(slot: number, why: RouterDrop): void {
    this.#count(why);
    this.pool.drop(slot, why);
  }

  #count(why: RouterDrop): void {
    this.drops.set(why, (this.drops.get(why) ?? 0) + 1);
  }
}

/** A copy of one of a packet's addresses. */
function addressAt(b: Uint8Array, at: number, version: 4 | 6, which: 'src' | 'dst'): Uint8Array {
  const from = at + (version === 4 ? IPv4 : IPv6).at[which];
  return b.slice(from, from + (version === 4 ? IPV4_BYTES : IPV6_BYTES));
}
