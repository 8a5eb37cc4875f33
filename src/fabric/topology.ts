// Topologies as data: hosts, switches and the links between them, as JSON has them too. The shapes that people name
// are made here; `world/fabric.ts` makes a simulation of any.

import type { TrafficClass } from '../nic/index.js';
import type { EcnThresholds, PfcThresholds } from './shared-buffer.js';
import type { VlArbitration } from './vl-arbitration.js';

/** A cable between two nodes. */
export interface TopologyLink {
  /** Names of hosts or switches. Ports are numbered in the order of the list. */
  readonly a: string;
  readonly b: string;
  /** Bits a second. */
  readonly rate: number;
  readonly metres?: number;
}

/** What a switch or router is set to, or the port of a host on InfiniBand; what is left out is its own default. */
export interface NodeSettings {
  /** From the arrival of a frame's last bit to its queue; of one that cuts through, from first bit in to first bit out. */
  readonly latencyNs?: number;
  /** InfiniBand's switches cut through unless told otherwise, Ethernet's and routers do not. */
  readonly cutThrough?: boolean;
  /** Of Ethernet switches and routers: memory shared by all ports. */
  readonly bufferBytes?: number;
  /** By priority: marking of congestion, and lossless priorities. */
  readonly ecn?: Readonly<Record<number, EcnThresholds>>;
  readonly pfc?: Readonly<Record<number, PfcThresholds>>;
  /** Priorities that share bandwidth; others are strict, and go before these. */
  readonly ets?: readonly TrafficClass[];
  /** Of InfiniBand ports: data lanes, receive buffer of each, and the queue from which on FECN is marked. */
  readonly lanes?: number;
  readonly laneBytes?: number;
  readonly fecnBytes?: number;
  /** And by which weights lanes share a link, and PortInfo:HOQLife of switches. */
  readonly arbitration?: VlArbitration;
  readonly hoqLife?: number;
}

/** Hosts, switches, and the links between them. */
export interface Topology {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly switches: readonly string[];
  readonly links: readonly TopologyLink[];
  /** By name of a switch or host. */
  readonly settings?: Readonly<Record<string, NodeSettings>>;
}

export interface ShapeOptions {
  /** Bits a second of each link; 100e9 unless given. */
  readonly rate?: number;
  readonly metres?: number;
}

const DEFAULT_RATE = 100e9;
const names = (what: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${what}${i}`);

function shape(
  name: string,
  hosts: readonly string[],
  switches: readonly string[],
  pairs: readonly (readonly [string, string])[],
  { rate = DEFAULT_RATE, metres }: ShapeOptions,
): Topology {
  const cable = metres === undefined ? { rate } : { rate, metres };
  return checkTopology({
    name,
    hosts,
    switches,
    links: pairs.map(([a, b]) => ({ a, b, ...cable })),
  });
}

/** Two hosts and a cable. */
export const pair = (options: ShapeOptions = {}): Topology =>
  shape('pair', names('h', 2), [], [['h0', 'h1']], options);

/** Hosts around one switch. */
export function star(hosts: number, options: ShapeOptions = {}): Topology {
  const all = names('h', hosts);
  return shape(
    'star',
    all,
    ['s0'],
    all.map((h) => [h, 's0']),
    options,
  );
}

/** Two switches with as many hosts each, and one cable between them. */
export function dumbbell(hostsEachSide: number, options: ShapeOptions = {}): Topology {
  const all = names('h', 2 * hostsEachSide);
  const ends = all.map((h, i) => [h, i < hostsEachSide ? 's0' : 's1'] as const);
  return shape('dumbbell', all, ['s0', 's1'], [...ends, ['s0', 's1']], options);
}

/** Every leaf has a cable to every spine. */
export function leafSpine(
  leaves: number,
  spines: number,
  hostsEachLeaf: number,
  options: ShapeOptions = {},
): Topology {
  const all = names('h', leaves * hostsEachLeaf);
  const leaf = names('leaf', leaves);
  const spine = names('spine', spines);
  const down = all.map((h, i) => [h, leaf[Math.floor(i / hostsEachLeaf)]!] as const);
  const up = leaf.flatMap((l) => spine.map((s) => [l, s] as const));
  return shape('leaf-spine', all, [...leaf, ...spine], [...down, ...up], options);
}

/** The k-ary fat tree of Al-Fares et al. (2008): k pods, k^3/4 hosts, switches of k ports. */
export function fatTree(k: number, options: ShapeOptions = {}): Topology {
  if (k < 2 || k % 2 !== 0) throw new RangeError(`a fat tree's k is an even number, not ${k}`);
  const half = k / 2;
  const all = names('h', k * half * half);
  const edge = names('edge', k * half);
  const aggregation = names('agg', k * half);
  const core = names('core', half * half);
  const pairs = [
    ...all.map((h, i) => [h, edge[Math.floor(i / half)]!] as const),
    ...edge.flatMap((e, i) =>
      Array.from({ length: half }, (_, j) => {
        const pod = Math.floor(i / half);
        return [e, aggregation[pod * half + j]!] as const;
      }),
    ),
    ...aggregation.flatMap((a, i) =>
      Array.from({ length: half }, (_, j) => [a, core[(i % half) * half + j]!] as const),
    ),
  ];
  return shape('fat tree', all, [...edge, ...aggregation, ...core], pairs, options);
}

/**
 * Checks a topology, as from JSON.
 * @throws RangeError that says what is wrong where, and what was expected
 */
export function checkTopology(topology: Topology): Topology {
  const { name, hosts, switches, links } = topology;
  const fail = (where: string, what: string): never => {
    throw new RangeError(`topology ${name}: ${where}: ${what}`);
  };
  const known = new Set<string>();
  for (const node of [...hosts, ...switches]) {
    if (known.has(node)) fail(`'${node}'`, 'is there twice, expected each name once');
    known.add(node);
  }
  if (hosts.length < 2) fail('hosts', `expected two at least, found ${hosts.length}`);
  const cables = new Map<string, number>();
  links.forEach(({ a, b, rate, metres = 0 }, i) => {
    for (const end of [a, b]) {
      if (!known.has(end)) fail(`links[${i}]`, `'${end}' is no host and no switch`);
      cables.set(end, (cables.get(end) ?? 0) + 1);
    }
    if (a === b) fail(`links[${i}]`, `joins '${a}' to itself`);
    if (!(rate > 0)) fail(`links[${i}].rate`, `expected bits a second above 0, found ${rate}`);
    if (!(metres >= 0)) fail(`links[${i}].metres`, `expected 0 or more, found ${metres}`);
  });
  for (const node of Object.keys(topology.settings ?? {})) {
    if (!known.has(node)) fail('settings', `'${node}' is no host and no switch`);
  }
  for (const host of hosts) {
    const count = cables.get(host) ?? 0;
    if (count !== 1) fail(`'${host}'`, `a host has one link, found ${count}`);
  }
  return topology;
}

/** A port of a node, what it leads to, and by which link. */
export interface Way {
  readonly port: number;
  readonly to: string;
  readonly toPort: number;
  readonly link: number;
}

/** Ports of every node in order. */
export function waysOf({ hosts, switches, links }: Topology): Map<string, Way[]> {
  const ways = new Map<string, Way[]>([...hosts, ...switches].map((node) => [node, []]));
  links.forEach(({ a, b }, link) => {
    const here = ways.get(a)!;
    const there = ways.get(b)!;
    const [port, toPort] = [here.length, there.length];
    here.push({ port, to: b, toPort, link });
    there.push({ port: toPort, to: a, toPort: port, link });
  });
  return ways;
}

/** For each node the ports that lead to `host` on a shortest path; hosts pass nothing on. */
export function waysTo(
  topology: Topology,
  ways: Map<string, Way[]>,
  host: string,
): Map<string, Way[]> {
  const ends = new Set(topology.hosts);
  const far = new Map([[host, 0]]);
  const queue = [host];
  for (const node of queue) {
    if (node !== host && ends.has(node)) continue;
    for (const { to } of ways.get(node)!) {
      if (far.has(to)) continue;
      far.set(to, far.get(node)! + 1);
      queue.push(to);
    }
  }
  return new Map(
    [...ways].map(([node, own]) => [
      node,
      own.filter(
        ({ to }) => far.get(to) === (far.get(node) ?? 0) - 1 && (to === host || !ends.has(to)),
      ),
    ]),
  );
}
