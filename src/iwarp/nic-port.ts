// The NIC's own TCP on the wire: it takes the segments of its connections and of the ports that it listens on, leaves all
// other frames to the host, and addresses what it sends by the host's neighbour table.

import type { RdmaDevice } from '../rdma/index.js';
import { type HostStack, type IcmpError, IpPacket, type IpRoute, routeTo } from '../stack/index.js';
import { type TcpConnection, type TcpIp, TcpStack } from '../tcp/index.js';
import { type Alarm, type Nanos, START } from '../time/index.js';
import type { IwarpOptions } from './options.js';
import { Ethernet, IPv4, IPv6, TCP } from './wire.js';

const TCP_NUMBER = 6;
const ETHERTYPE = { ipv4: 0x0800, ipv6: 0x86dd } as const;
/** Frames whose next hop is being asked for; more are lost, and TCP sends them again. */
const MOST_HELD = 64;

interface Held {
  readonly slot: number;
  readonly route: IpRoute;
}

/** What the NIC shares with the host: addresses, and who is where. */
export type Network = Pick<
  HostStack,
  'mac' | 'mtu' | 'isOurs' | 'sourceFor' | 'address' | 'neighbourOf' | 'neighbours' | 'carries'
>;

export class NicPort implements TcpIp {
  readonly tcp: TcpStack;
  readonly #packet = new IpPacket();
  #held: Held[] = [];
  /** How many questions for neighbours had been settled when it was looked last whether `#held` can go. */
  #settled = 0;
  readonly #freed: number[] = [];

  constructor(
    readonly device: RdmaDevice,
    readonly network: Network,
    options: IwarpOptions,
  ) {
    const random = device.random.fork('tcp');
    this.tcp = new TcpStack(this, { random, defaults: options.tcp });
  }

  // TcpIp

  get pool() {
    return this.device.pool;
  }

  get mtu(): number {
    return this.network.mtu;
  }

  isOwn(ip: Uint8Array): boolean {
    return this.network.isOurs(ip);
  }

  sourceFor(target: Uint8Array): Uint8Array | undefined {
    return this.network.sourceFor(target);
  }

  wake(): void {
    this.device.wake();
  }

  /**
   * Takes a frame of ours: its connection, null when it is for a port that is listened on or for nobody, and undefined
   * when it is not ours.
   */
  // hot
  receive(now: Nanos, slot: number): TcpConnection | null | undefined {
    const { pool, tcp, network } = this;
    const b = pool.bytes(slot);
    const start = pool.at(slot);
    const end = start + pool.length(slot);
    const at = start + Ethernet.size;
    if (!this.#mayBeTcp(b, start, end)) return undefined;
    const packet = this.#packet;
    if (packet.read(b, at, end) !== undefined || packet.fragment) return undefined;
    if (packet.protocol !== TCP_NUMBER || packet.end - packet.at < TCP.size) return undefined;
    if (!network.isOurs(packet.target)) return undefined;
    const port = TCP.get.dstPort(b, packet.at);
    const remote = TCP.get.srcPort(b, packet.at);
    const connection = tcp.connections.find(packet.target, port, packet.source, remote);
    if (connection === undefined && !this.#answers(port)) return undefined;
    tcp.receive(now, packet);
    pool.release(slot);
    return connection ?? null;
  }

  // hot
  #mayBeTcp(b: Uint8Array, start: number, end: number): boolean {
    const { mac } = this.network;
    if (end - start < Ethernet.size + IPv4.size + TCP.size) return false;
    for (let i = 0; i < mac.length; i++) {
      if (b[start + Ethernet.at.dst + i] !== mac[i]) return false;
    }
    const type = Ethernet.get.type(b, start);
    const at = start + Ethernet.size;
    if (type === ETHERTYPE.ipv4) return IPv4.get.protocol(b, at) === TCP_NUMBER;
    return type === ETHERTYPE.ipv6 && end - at >= IPv6.size + TCP.size;
  }

  /** A port that is listened on; any, where the host has no TCP that would refuse it. */
  #answers(port: number): boolean {
    const { listeners } = this.tcp;
    for (let i = 0; i < listeners.length; i++) if (listeners[i]!.port === port) return true;
    return !this.network.carries(TCP_NUMBER);
  }

  /** An ICMP error that quotes a segment of ours; false when it is none of ours. */
  icmpError(now: Nanos, error: IcmpError): boolean {
    const { bytes, at, source, target } = error;
    const local = TCP.get.srcPort(bytes, at);
    const remote = TCP.get.dstPort(bytes, at);
    if (!this.tcp.connections.find(source, local, target, remote)) return false;
    this.tcp.icmpError(now, error);
    return true;
  }

  get hasWork(): boolean {
    return this.#freed.length > 0 || this.tcp.hasWork();
  }

  /** The next frame, addressed; -1 when there is none. */
  // hot
  transmit(now: Nanos): number {
    if (this.#freed.length > 0) return this.#freed.shift()!;
    const { tcp, network } = this;
    for (;;) {
      const slot = tcp.transmit(now);
      if (slot < 0 || network.address(now, tcp.route, slot)) return slot;
      this.#hold(slot);
    }
  }

  #hold(slot: number): void {
    if (this.#held.length >= MOST_HELD) return this.#lose(slot);
    const route = routeTo(this.tcp.route.target.slice());
    if (this.#held.length === 0) this.#settled = this.network.neighbours.settled;
    this.#held.push({ slot, route });
  }

  #lose(slot: number): void {
    this.device.counters.add('iw_no_neighbour');
    this.pool.release(slot);
  }

  get #isSettled(): boolean {
    return this.network.neighbours.settled !== this.#settled;
  }

  // hot
  soonest(alarm: Alarm): void {
    if (this.#held.length > 0 && this.#isSettled) alarm.lower(START);
    this.tcp.soonest(alarm);
  }

  expire(now: Nanos): void {
    this.tcp.expire(now);
    if (this.#held.length > 0 && this.#isSettled) this.#release(now);
  }

  /** A neighbour has answered, or does not. */
  #release(now: Nanos): void {
    const { network } = this;
    this.#settled = network.neighbours.settled;
    const held = this.#held;
    this.#held = [];
    for (const one of held) {
      const hop = network.neighbourOf(one.route.target);
      if (hop?.state === 'INCOMPLETE') this.#held.push(one);
      else if (hop?.mac === undefined) this.#lose(one.slot);
      else if (network.address(now, one.route, one.slot)) this.#freed.push(one.slot);
    }
    if (this.#freed.length > 0) this.wake();
  }
}
