// An IP router (RFC 1812, RFC 8200): longest prefix, one hop less, equal paths by the flow, fragments or "too big",
// errors to senders. Frames wait in the same kind of buffer as in a switch, so that ECN and PFC work through routers.
// RoCE v1 has no IP header, which is why it ends here.

import { Ethernet, formatHex, IPv4, IPv6, parseMac } from '../../protocols/index.js';
import type { FramePool, Station } from '../frame/index.js';
import { Classified } from '../nic/index.js';
import { RateLimit } from '../stack/rate-limit.js';
import { type Nanos, type Random, seconds } from '../time/index.js';
import { FlowHash } from './flow-hash.js';
import {
  equalAddress,
  IPV4_BYTES,
  IPV6_BYTES,
  inPrefix,
  type Prefix,
  parseAddress,
  parsePrefix,
  sameAddress,
  staysOnLink,
  versionOf,
} from './ip-address.js';
import { fragment, hopsLeft, ipFault, packetLength, takeHop } from './ip-forward.js';
import { PrefixTable } from './prefix-table.js';
import {
  answerFrame,
  errorFrame,
  mayComplain,
  type Question,
  questionFrame,
  type Refusal,
  readArp,
  readDiscovery,
} from './router-message.js';
import type { RouterDrop, RouterOptions } from './router-options.js';
import { type BufferDrop, SharedBuffer } from './shared-buffer.js';

interface Port {
  readonly mac: Uint8Array;
  readonly subnets: readonly Prefix[];
  readonly mtu: number;
}

/** A next hop; its link address may not be known yet. */
interface Neighbour {
  readonly port: number;
  readonly ip: Uint8Array;
  mac: Uint8Array | undefined;
  asked: number;
  askedAt: number;
}

/** Where a prefix leads: neighbours, a subnet whose hosts are asked for one by one, or the router itself. */
interface Route {
  readonly hops: readonly Neighbour[];
  readonly subnetOf: number;
  readonly own?: true;
}

const ETHERTYPE = { arp: 0x0806, roce: 0x8915 } as const;
const DEFAULT_MTU = 4200;
const MAC_BYTES = Ethernet.at.src;
/** Neighbours kept beyond the configured ones; Linux's gc_thresh3 is 1024 as well. */
const MOST_NEIGHBOURS = 1024;
/** RFC 4861 10: a second between questions, three of them. */
const RETRANS_TIME = seconds(1);
const MOST_QUESTIONS = 3;
/** ICMP errors and questions, as Linux limits its own (icmp_msgs_per_sec and icmp_msgs_burst). */
const MESSAGES_A_SECOND = 1000;
const MESSAGES_AT_ONCE = 50;

/** An IP router: longest prefix, ECMP, hops, fragments, ICMP errors. */
export class Router implements Station {
  readonly ports: number;
  readonly drops = new Map<RouterDrop, number>();
  /** Packets passed on, errors sent, and packets that were cut. */
  forwarded = 0;
  errorsSent = 0;
  fragmented = 0;
  readonly buffer: SharedBuffer;
  readonly #ports: readonly Port[];
  readonly #routes: Route[] = [];
  readonly #table = { 4: new PrefixTable(), 6: new PrefixTable() } as const;
  /** Strangers whose address was asked for and not told yet. */
  readonly #asked = new Map<string, Neighbour>();
  #learned = 0;
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
    const count = (why: BufferDrop) => this.#count(why);
    this.buffer = new SharedBuffer(pool, this.ports, options, random, count);
    this.#frame = new Classified('dscp', options.dscpPriority);
    this.#hash = new FlowHash(random.fork('ecmp'));
    this.#ports = options.ports.map(({ mac, addresses, mtu = DEFAULT_MTU }) => ({
      mac: parseMac(mac),
      subnets: addresses.map(parsePrefix),
      mtu,
    }));
    this.#ports.forEach(({ subnets }, port) => {
      for (const { ip, bits } of subnets) this.#route(ip, bits, { hops: [], subnetOf: port });
      for (const { ip } of subnets)
        this.#route(ip, 8 * ip.length, { hops: [], subnetOf: port, own: true });
    });
    for (const { port, ip, mac } of options.neighbours ?? []) {
      this.#neighbour(this.#checked(port), parseAddress(ip)).mac = parseMac(mac);
    }
    for (const { to, via } of options.routes ?? []) {
      const { ip, bits } = parsePrefix(to);
      const hops = via.map(({ port, gateway }) =>
        this.#neighbour(this.#checked(port), parseAddress(gateway)),
      );
      if (hops.length === 0) throw new RangeError(`${name}: the route to ${to} leads nowhere`);
      this.#route(ip, bits, { hops, subnetOf: -1 });
    }
  }

  #checked(port: number): number {
    if (this.#ports[port]) return port;
    throw new RangeError(`${this.name} has ports 0 to ${this.ports - 1}, no port ${port}`);
  }

  #route(ip: Uint8Array, bits: number, route: Route): void {
    this.#table[versionOf(ip)].set(ip, bits, this.#routes.length);
    this.#routes.push(route);
  }

  /** The neighbour with that address, for which there is a route of its own. */
  #neighbour(port: number, ip: Uint8Array): Neighbour {
    const known = this.#find(ip)?.hops[0];
    if (known && known.port === port && equalAddress(ip, known.ip)) return known;
    const neighbour = { port, ip, mac: undefined, asked: 0, askedAt: 0 };
    this.#route(ip, 8 * ip.length, { hops: [neighbour], subnetOf: -1 });
    return neighbour;
  }

  // hot
  receive(now: Nanos, port: number, slot: number): void {
    const at = this.pool.at(slot);
    if (this.pool.length(slot) < Classified.least) return this.#drop(slot, 'too short');
    if (Classified.isControl(this.pool.bytes(slot), at)) this.buffer.paused(now, port, slot);
    else this.buffer.enter(now, port, slot);
  }

  wakeAt(): Nanos {
    return this.buffer.wakeAt();
  }

  // hot
  expire(now: Nanos): void {
    const { buffer } = this;
    for (let slot = buffer.arrived(now); slot >= 0; slot = buffer.arrived(now)) {
      this.#treat(now, buffer.arrivedAt, slot);
    }
    buffer.resume(now);
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
    if (frame.type === ETHERTYPE.arp)
      return this.#asks(port, slot, readArp(b, start + Ethernet.size, end));
    if (frame.type === ETHERTYPE.roce) return this.#drop(slot, 'not routable: RoCE v1');
    const { ipAt, version } = frame;
    if (ipAt < 0) return this.#drop(slot, 'not routable: no IP');
    const fault = ipFault(b, ipAt, end, version);
    if (fault !== undefined) return this.#drop(slot, fault);
    if (version === 6) {
      const question = readDiscovery(b, start, ipAt, end);
      if (question) return this.#asks(port, slot, question);
    }
    if (frame.group || staysOnLink(b, ipAt, version))
      return this.#drop(slot, 'not routable: link local or group');
    this.#forward(now, port, slot, ipAt, version);
  }

  // hot
  #forward(now: Nanos, ingress: number, slot: number, at: number, version: 4 | 6): void {
    const { pool } = this;
    const b = pool.bytes(slot);
    const target = at + (version === 4 ? IPv4.at.dst : IPv6.at.dst);
    const size = version === 4 ? IPV4_BYTES : IPV6_BYTES;
    const route = this.#routes[this.#table[version].find(b, target, size)];
    if (route?.own) return this.#drop(slot, 'for the router itself');
    if (hopsLeft(b, at, version) <= 1) return this.#refuse(now, ingress, slot, 'time exceeded', 0);
    if (!route) return this.#refuse(now, ingress, slot, 'no route', 0);
    const length = packetLength(b, at, version);
    const { hops } = route;
    const hop =
      hops.length > 0
        ? hops[this.#hash.path(b, at, at + length, version, hops.length)]!
        : this.#stranger(route.subnetOf, b.slice(target, target + size));
    if (!hop.mac) return this.#ask(now, ingress, slot, hop);
    const { mtu } = this.#ports[hop.port]!;
    if (length > mtu) return this.#tooLong(now, ingress, slot, hop, version);
    takeHop(b, at, version);
    this.#send(now, ingress, slot, hop, at - pool.at(slot) + length);
  }

  /** Addresses the frame, which has `length` bytes, and puts it into the queue of its port. */
  // hot
  #send(now: Nanos, ingress: number, slot: number, hop: Neighbour, length: number): void {
    const { pool } = this;
    const b = pool.bytes(slot);
    const at = pool.at(slot);
    const { mac } = this.#ports[hop.port]!;
    const target = hop.mac!;
    for (let i = 0; i < MAC_BYTES; i++) {
      b[at + i] = target[i]!;
      b[at + MAC_BYTES + i] = mac[i]!;
    }
    pool.setLength(slot, length); // what filled the frame up to Ethernet's least size stays behind
    this.forwarded++;
    this.buffer.enqueue(now, ingress, hop.port, slot, this.#frame);
  }

  #tooLong(now: Nanos, ingress: number, slot: number, hop: Neighbour, version: 4 | 6): void {
    const { pool } = this;
    const { mtu } = this.#ports[hop.port]!;
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
    const sourceAt = at + (version === 4 ? IPv4.at.src : IPv6.at.src);
    const size = version === 4 ? IPV4_BYTES : IPV6_BYTES;
    const back = this.#routes[this.#table[version].find(b, sourceAt, size)];
    const hop = back?.hops[0];
    if (source && hop?.mac && mayComplain(b, at, end, version) && this.#limit.allows(now)) {
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

  /** Somebody asks for a link address or tells its own. */
  #asks(ingress: number, slot: number, question: Question | undefined): void {
    const { pool } = this;
    pool.release(slot);
    if (!question) return this.#count('malformed');
    const { ip, mac, target, kind } = question;
    const { subnets } = this.#ports[ingress]!;
    // Only neighbours are believed, and only about addresses of their subnet.
    if (subnets.some((subnet) => inPrefix(subnet, ip, 0, ip.length))) {
      const known = this.#find(ip);
      if (known?.own) return this.#count('address conflict');
      const neighbour = known?.hops[0];
      if (neighbour && equalAddress(ip, neighbour.ip)) neighbour.mac = mac;
      else if (this.#learned < MOST_NEIGHBOURS) {
        this.#learned++;
        this.#neighbour(ingress, ip).mac = mac;
        this.#asked.delete(formatHex(ip));
      }
    }
    if (kind === 'answer' || !subnets.some((subnet) => equalAddress(target, subnet.ip))) return;
    this.#say(ingress, answerFrame(question, this.#ports[ingress]!.mac));
  }

  #find(ip: Uint8Array): Route | undefined {
    return this.#routes[this.#table[versionOf(ip)].find(ip, 0, ip.length)];
  }

  /** A host of a subnet that we have not heard of yet. */
  #stranger(port: number, ip: Uint8Array): Neighbour {
    const key = formatHex(ip);
    const known = this.#asked.get(key);
    if (known) return known;
    const oldest = this.#asked.keys().next();
    if (this.#asked.size >= MOST_NEIGHBOURS && !oldest.done) this.#asked.delete(oldest.value);
    const neighbour = { port, ip, mac: undefined, asked: 0, askedAt: 0 };
    this.#asked.set(key, neighbour);
    return neighbour;
  }

  /** Asks for the neighbour's link address; the packet is lost, as its sender is used to repair. */
  #ask(now: Nanos, ingress: number, slot: number, neighbour: Neighbour): void {
    const { port, ip } = neighbour;
    if (neighbour.asked > 0 && now - neighbour.askedAt < RETRANS_TIME)
      return this.#drop(slot, 'neighbour asked for');
    if (neighbour.asked >= MOST_QUESTIONS) {
      neighbour.asked = 0;
      return this.#refuse(now, ingress, slot, 'host unreachable', 0);
    }
    neighbour.asked++;
    neighbour.askedAt = now;
    const source = this.#addressAt(port, versionOf(ip));
    if (source) this.#say(port, questionFrame(ip, source, this.#ports[port]!.mac));
    this.#drop(slot, 'neighbour asked for');
  }

  /** Sends a frame of the router's own on the link of `port`. */
  #say(port: number, bytes: Uint8Array): void {
    const slot = this.#framed(bytes);
    if (slot >= 0) this.buffer.say(port, slot);
  }

  #drop(slot: number, why: RouterDrop): void {
    this.#count(why);
    this.pool.release(slot);
  }

  #count(why: RouterDrop): void {
    this.drops.set(why, (this.drops.get(why) ?? 0) + 1);
  }
}
