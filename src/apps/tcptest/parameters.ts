// What a TCP test is asked for, and what it takes where nothing is said.

import type { KernelOptions } from '../../kernel/index.js';
import type { CongestionName } from '../../tcp/index.js';

export const tcpTestNames = ['tcp_bw', 'tcp_lat', 'tcp_rr'] as const;
export type TcpTestName = (typeof tcpTestNames)[number];

export const isTcpTest = (name: string): name is TcpTestName =>
  (tcpTestNames as readonly string[]).includes(name);

export interface TcpTestOptions {
  readonly test: TcpTestName;
  /** Bytes of a message. */
  readonly size?: number;
  readonly iters?: number;
  /** Connections, each with a thread on either side. */
  readonly connections?: number;
  /** Cores that threads are spread over; as many as connections unless given. */
  readonly cores?: number;
  /** The same of one side, where they differ: many senders and one receiver, say. */
  readonly clientCores?: number;
  readonly serverCores?: number;
  readonly ipv6?: boolean;
  readonly bidirectional?: boolean;
  readonly tso?: boolean;
  readonly gro?: boolean;
  readonly lro?: boolean;
  /** Frames of 9000 bytes. */
  readonly jumbo?: boolean;
  /** Of the link, in place of Ethernet's 1500 and of jumbo frames. */
  readonly mtu?: number;
  readonly arfs?: boolean;
  readonly zeroCopy?: boolean;
  readonly coalesce?: number | 'adaptive';
  /** Microseconds. */
  readonly busyPoll?: number;
  readonly congestion?: CongestionName;
  /** SO_SNDBUF and SO_RCVBUF; grown as needed unless given. */
  readonly socketBytes?: number;
  /** Messages that are not counted, before those that are. */
  readonly warmUp?: number;
}

export interface TcpTestParameters
  extends Required<Omit<TcpTestOptions, 'coalesce' | 'congestion' | 'socketBytes'>> {
  readonly coalesce: number | 'adaptive' | undefined;
  readonly congestion: CongestionName | undefined;
  readonly socketBytes: number | undefined;
  readonly metric: 'bw' | 'lat';
  /** Latency is half of the round trip, or all of it. */
  readonly roundTrips: 1 | 2;
}

const DEFAULT_SIZE = { bw: 65_536, lat: 2 } as const;
const DEFAULT_ITERS = { bw: 1000, lat: 1000 } as const;
/** Slow start and growing buffers are over after some megabytes. */
const WARM_UP_BYTES = 12 << 20;
const WARM_UP_ROUNDS = 20;
const MOST_SIZE = 8 << 20;
const MOST_ITERS = 100_000_000;
const MOST_CONNECTIONS = 1024;

/** @throws RangeError that names what cannot be */
export function tcpTestParameters(given: TcpTestOptions): TcpTestParameters {
  const metric = given.test === 'tcp_bw' ? 'bw' : 'lat';
  const size = whole('size', given.size ?? DEFAULT_SIZE[metric], 1, MOST_SIZE);
  const connections = whole('qps', given.connections ?? 1, 1, MOST_CONNECTIONS);
  if (metric === 'lat' && connections > 1)
    throw new RangeError(`${given.test}: latency is measured with one connection`);
  if (metric === 'lat' && given.bidirectional)
    throw new RangeError(`${given.test}: latency tests go both ways in turn already`);
  if (given.jumbo && given.mtu !== undefined)
    throw new RangeError('mtu: jumbo frames have one of 9000 bytes already');
  const iters = whole('iters', given.iters ?? DEFAULT_ITERS[metric], 5, MOST_ITERS);
  const warmUp = metric === 'bw' ? Math.ceil(WARM_UP_BYTES / size / connections) : WARM_UP_ROUNDS;
  const cores = whole('cores', given.cores ?? connections, 1, MOST_CONNECTIONS);
  return {
    test: given.test,
    metric,
    roundTrips: given.test === 'tcp_rr' ? 1 : 2,
    size,
    iters,
    connections,
    cores,
    clientCores: whole('client-cores', given.clientCores ?? cores, 1, MOST_CONNECTIONS),
    serverCores: whole('server-cores', given.serverCores ?? cores, 1, MOST_CONNECTIONS),
    ipv6: given.ipv6 ?? false,
    bidirectional: given.bidirectional ?? false,
    tso: given.tso ?? false,
    gro: given.gro ?? false,
    lro: given.lro ?? false,
    jumbo: given.jumbo ?? false,
    arfs: given.arfs ?? false,
    zeroCopy: given.zeroCopy ?? false,
    coalesce: given.coalesce,
    busyPoll: given.busyPoll ?? 0,
    congestion: given.congestion,
    socketBytes: given.socketBytes,
    warmUp: given.warmUp ?? Math.min(warmUp, iters),
    mtu: given.jumbo ? JUMBO : whole('mtu', given.mtu ?? ETHERNET, LEAST_MTU, JUMBO),
  };
}
const JUMBO = 9000;
const ETHERNET = 1500;
/** What every link of IPv6 takes (RFC 8200 5). */
const LEAST_MTU = 1280;

function whole(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name}: expected a whole number from ${least} to ${most}, found ${value}`);
}

/** The kernel that a test runs on: `cores` of the host, of which the first are for threads. */
export function kernelFor(p: TcpTestParameters, cores: number): KernelOptions {
  const used = Math.min(p.cores, cores);
  // Steered flows come to their threads; others to cores that have none, as far as there are any.
  const others = Math.max(1, cores - used);
  const shifted = Array.from({ length: others }, (_, i) => (used + i) % cores);
  const near = Array.from({ length: cores }, (_, i) => i);
  const affinity = p.arfs ? near : shifted;
  return {
    tso: p.tso,
    gso: p.tso,
    gro: p.gro,
    lro: p.lro,
    arfs: p.arfs,
    affinity,
    steering: 'in turn',
    queues: Math.min(affinity.length, MOST_QUEUES),
    ...(p.coalesce !== undefined && { coalesce: p.coalesce }),
    ...(p.congestion && { congestion: p.congestion }),
    busyPoll: p.busyPoll,
  };
}
const MOST_QUEUES = 16;
