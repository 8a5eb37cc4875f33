// Makes a simulation of a topology: switches or routers with their tables, links, and hosts from a factory.

import { parseMac } from '../../protocols/index.js';
import { EthernetSwitch } from '../fabric/ethernet-switch.js';
import { IbAdapter } from '../fabric/ib-adapter.js';
import { IbSwitch } from '../fabric/ib-switch.js';
import { IbSwitchAgent } from '../fabric/ib-switch-agent.js';
import type { Link } from '../fabric/link.js';
import { Router } from '../fabric/router.js';
import { checkTopology, type Topology, type Way, waysOf, waysTo } from '../fabric/topology.js';
import type { Station } from '../frame/index.js';
import { linkLocalOf } from '../stack/index.js';
import { guidOfGid, type ManagerOptions, SM_STATE, SubnetManager } from '../subnet/index.js';
import { NEVER } from '../time/index.js';
import type { Simulation } from './sim.js';

/** 'switched': Ethernet switches, one subnet. 'routed': IP routers with ECMP, a subnet a host. */
export type FabricKind = 'switched' | 'routed' | 'infiniband';

/** What a host is told about its place. */
export interface HostPlace {
  readonly name: string;
  readonly index: number;
  readonly mac: string;
  readonly ip: string;
  readonly ipv6: string;
  /** Both with their prefixes, and the routers that lead out of their subnets. */
  readonly addresses: readonly string[];
  readonly gateways: readonly string[];
  /** GUID of its port; the LID that a subnet manager gives it, or that static tables have. */
  readonly guid: bigint;
  readonly lid: number;
  /** Link address of the next hop towards another host. */
  readonly macOf: (other: number) => string;
}

/** What was built of a topology. */
export interface Fabric {
  readonly hosts: readonly Station[];
  readonly places: readonly HostPlace[];
  readonly switches: ReadonlyMap<string, Station>;
  readonly links: readonly Link[];
  /** Of InfiniBand with subnet managers, the first of them, which is all that there is unless told otherwise. */
  readonly manager?: SubnetManager;
  readonly managers: readonly SubnetManager[];
}

export interface FabricOptions {
  /**
   * InfiniBand: a subnet manager sets the subnet up when the simulation runs, and hosts wait for it; or 'static', for
   * what measures other things: tables of shortest ways, ports that are active from the start, nobody who minds a link
   * that goes down.
   */
  readonly subnet?: 'static' | Partial<ManagerOptions>;
  /** Hosts at which subnet managers are; the first host unless given. One rules, the others stand by. */
  readonly managers?: readonly { readonly host: string; readonly priority?: number }[];
}

const BYTE = 256;
/** A locally administered address: what it belongs to, and two numbers. */
function macOf(kind: number, a: number, b: number): string {
  const bytes = [2, kind, Math.floor(a / BYTE), a % BYTE, Math.floor(b / BYTE), b % BYTE];
  return bytes.map((n) => n.toString(16).padStart(2, '0')).join(':');
}
const HOST = 0;
const SWITCH = 1;

/** The modified EUI-64 of a node's MAC (RFC 4291 appendix A). */
const guidOf = (kind: number, index: number): bigint =>
  guidOfGid(linkLocalOf(parseMac(macOf(kind, index, 0))));

/** Subnet of a host: 10.X.Y.0/24, fd00:N::/64. */
const subnet = (i: number) => `10.${Math.floor(i / BYTE)}.${i % BYTE}`;
const subnet6 = (i: number) => `fd00:${i.toString(16)}:`;
/** Addresses of a link between routers: 172.16.0.0/12 in pieces of four, fd01:N::/64. */
const transit = (link: number, end: number) =>
  `172.${16 + Math.floor(link / 2 ** 14)}.${Math.floor(link / 64) % BYTE}.${(link % 64) * 4 + 1 + end}`;
const transit6 = (link: number, end: number) => `fd01:${link.toString(16)}::${1 + end}`;

/**
 * Adds the topology to `sim`. What its settings leave out is the switches' own default.
 * @throws RangeError when the topology is wrong, or has loops that Ethernet switches would flood for ever
 */
export function buildFabric(
  sim: Simulation,
  topology: Topology,
  kind: FabricKind,
  makeHost: (place: HostPlace) => Station,
  options: FabricOptions = {},
): Fabric {
  checkTopology(topology);
  const ways = waysOf(topology);
  const nodes = topology.hosts.length + topology.switches.length;
  if (kind === 'switched' && topology.links.length >= nodes)
    throw new RangeError(
      `topology ${topology.name}: has loops, in which Ethernet switches flood for ever: expected a tree, or kind 'routed'`,
    );
  const places = topology.hosts.map((name, index) => place(topology, ways, kind, name, index));
  const devices = places.map((at) => makeHost(at));
  const managed = kind === 'infiniband' && options.subnet !== 'static';
  const managers = managed ? managersOf(topology, places, options) : new Map<string, never>();
  const stations = new Map<string, Station>();
  places.forEach(({ name, guid: port }, i) => {
    const device = devices[i]!;
    const { rate } = topology.links[ways.get(name)![0]!.link]!;
    const set = topology.settings?.[name];
    const guid = managed && { guid: port };
    const manager = managers.get(name);
    const station =
      kind === 'infiniband'
        ? new IbAdapter(device, sim.pool, { ...set, rate, ...guid, ...(manager && { manager }) })
        : device;
    stations.set(name, sim.add(station));
  });
  topology.switches.forEach((name, index) => {
    const ports = ways.get(name)!;
    if (ports.length === 0)
      throw new RangeError(`topology ${topology.name}: '${name}' has no link`);
    stations.set(name, sim.add(makeSwitch(sim, topology, kind, name, index, ports)));
  });
  if (managed) {
    topology.switches.forEach((name, index) => {
      const station = stations.get(name) as IbSwitch;
      const rates = ways.get(name)!.map(({ link }) => topology.links[link]!.rate);
      station.agent = new IbSwitchAgent(station, guidOf(SWITCH, index), rates);
    });
  } else if (kind === 'infiniband') route(topology, ways, stations);
  const cable = kind === 'infiniband' ? 'infiniband' : 'ethernet';
  const links = topology.links.map(({ a, b, rate, metres }, link) => {
    const from = ways.get(a)!.find((way) => way.link === link)!;
    const options = { rate, kind: cable, ...(metres !== undefined && { metres }) } as const;
    return sim.connect(stations.get(a)!, from.port, stations.get(b)!, from.toPort, options);
  });
  const switches = new Map(topology.switches.map((name) => [name, stations.get(name)!]));
  const hosts = topology.hosts.map((name) => stations.get(name)!);
  const [manager] = managers.values();
  return {
    hosts,
    places,
    switches,
    links,
    managers: [...managers.values()],
    ...(manager && { manager }),
  };
}

/** Runs until a subnet manager rules that has nothing left to do, and others know that they do not, if there is one. */
export function bringUp(sim: Simulation, { managers, hosts }: Fabric): void {
  if (managers.length === 0) return;
  for (const host of hosts) sim.settle(host);
  const undecided = ({ state }: SubnetManager) => state === SM_STATE.discovering;
  sim.run(NEVER, () => managers.some(undecided) || !managers.some(({ up }) => up));
}

/** Managers by host, which give hosts the LIDs of their places. @throws RangeError */
function managersOf(
  topology: Topology,
  places: readonly HostPlace[],
  { subnet, managers = [{ host: topology.hosts[0]! }] }: FabricOptions,
): Map<string, SubnetManager> {
  const lids = new Map(places.map(({ guid, lid }) => [guid, lid]));
  for (const i of topology.switches.keys()) lids.set(guidOf(SWITCH, i), places.length + 1 + i);
  const all = managers.map(({ host, priority }) => {
    const portGuid = places.find(({ name }) => name === host)?.guid;
    if (portGuid === undefined)
      throw new RangeError(`topology ${topology.name}: there is no host '${host}' for a manager`);
    const own = { ...(subnet !== 'static' && subnet), ...(priority !== undefined && { priority }) };
    return [host, new SubnetManager({ portGuid, lids, ...own })] as const;
  });
  return new Map(all);
}

function place(
  topology: Topology,
  ways: Map<string, Way[]>,
  kind: FabricKind,
  name: string,
  index: number,
): HostPlace {
  const way = ways.get(name)![0]!;
  const router = topology.switches.indexOf(way.to);
  const direct = kind !== 'routed' || router < 0;
  const own = direct
    ? {
        ip: `10.0.${Math.floor((index + 1) / BYTE)}.${(index + 1) % BYTE}`,
        ipv6: `fd00::${(index + 1).toString(16)}`,
      }
    : { ip: `${subnet(index)}.2`, ipv6: `${subnet6(index)}:2` };
  return {
    name,
    index,
    mac: macOf(HOST, index, 0),
    ...own,
    addresses: [`${own.ip}/${direct ? 16 : 24}`, `${own.ipv6}/64`],
    gateways: direct ? [] : [`${subnet(index)}.1`, `${subnet6(index)}:1`],
    guid: guidOf(HOST, index),
    lid: index + 1,
    macOf: (other) => (direct ? macOf(HOST, other, 0) : macOf(SWITCH, router, way.toPort)),
  };
}

function makeSwitch(
  sim: Simulation,
  topology: Topology,
  kind: FabricKind,
  name: string,
  index: number,
  ports: readonly Way[],
): Station {
  const { rate } = topology.links[ports[0]!.link]!;
  const random = sim.random.fork(name);
  const own = topology.settings?.[name];
  const set = { ...own, ports: ports.length, rate };
  if (kind === 'infiniband') return new IbSwitch(name, sim.pool, set);
  if (kind === 'switched') return new EthernetSwitch(name, sim.pool, set, random);
  const host = (way: Way) => topology.hosts.indexOf(way.to);
  const end = ({ link }: Way) => (topology.links[link]!.a === name ? 0 : 1);
  const sides = ports.map((way) => {
    const i = host(way);
    const mine =
      i >= 0
        ? [`${subnet(i)}.1`, `${subnet6(i)}:1`]
        : [transit(way.link, end(way)), transit6(way.link, end(way))];
    const other =
      i >= 0
        ? [`${subnet(i)}.2`, `${subnet6(i)}:2`]
        : [transit(way.link, 1 - end(way)), transit6(way.link, 1 - end(way))];
    const mac =
      i >= 0 ? macOf(HOST, i, 0) : macOf(SWITCH, topology.switches.indexOf(way.to), way.toPort);
    return { way, addresses: [`${mine[0]}/${i >= 0 ? 24 : 30}`, `${mine[1]}/64`], other, mac };
  });
  const ways = waysOf(topology);
  const routes = topology.hosts.flatMap((to, i) => {
    const next = waysTo(topology, ways, to)
      .get(name)!
      .filter((way) => way.to !== to);
    if (next.length === 0) return [];
    const via = (version: number) =>
      next.map(({ port }) => ({ port, gateway: sides[port]!.other[version]! }));
    return [
      { to: `${subnet(i)}.0/24`, via: via(0) },
      { to: `${subnet6(i)}:/64`, via: via(1) },
    ];
  });
  return new Router(
    name,
    sim.pool,
    {
      ...own,
      rate,
      ports: sides.map(({ way, addresses }) => ({
        mac: macOf(SWITCH, index, way.port),
        addresses,
      })),
      neighbours: sides.flatMap(({ way, other, mac }) =>
        other.map((ip) => ({ port: way.port, ip, mac })),
      ),
      routes,
    },
    random,
  );
}

/** Forwarding tables of InfiniBand switches: of equal ways each LID takes one. */
function route(topology: Topology, ways: Map<string, Way[]>, stations: Map<string, Station>): void {
  topology.hosts.forEach((host, i) => {
    const to = waysTo(topology, ways, host);
    for (const name of topology.switches) {
      const station = stations.get(name);
      const next = to.get(name)!;
      if (station instanceof IbSwitch && next.length > 0)
        station.forwarding[i + 1] = next[i % next.length]!.port + 1;
    }
  });
}
