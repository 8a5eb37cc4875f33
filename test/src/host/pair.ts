// Two hosts on a fabric, for tests.

import { parseMac } from '../../../protocols/index.js';
import {
  CaptureTap,
  type Impairment,
  type Link,
  star,
  type Topology,
} from '../../../src/fabric/index.js';
import type { Station } from '../../../src/frame/index.js';
import { guidOf, Host, type HostOptions, portGidOf } from '../../../src/host/index.js';
import { parseIp } from '../../../src/stack/index.js';
import {
  bringUp,
  buildFabric,
  type FabricKind,
  type HostPlace,
} from '../../../src/world/fabric.js';
import { Simulation } from '../../../src/world/sim.js';

export interface Wiring {
  readonly kind: FabricKind;
  readonly wire: 'RoCE v2' | 'RoCE v1' | 'IB' | 'iWARP';
  readonly six?: boolean;
  readonly seed?: number;
  readonly topology?: Topology;
  readonly host?: Partial<HostOptions>;
  /** Of each host, where they differ. */
  readonly each?: readonly Partial<HostOptions>[];
  /** MTUs of the hosts' links, where they differ. */
  readonly hostMtu?: readonly number[];
  readonly impairment?: (sim: Simulation) => Impairment;
  /** Nothing is captured, which would make objects of each frame. */
  readonly uncaptured?: boolean;
}

export const wirings: readonly Wiring[] = [
  { kind: 'switched', wire: 'RoCE v2' },
  { kind: 'switched', wire: 'RoCE v2', six: true },
  { kind: 'routed', wire: 'RoCE v2' },
  { kind: 'routed', wire: 'RoCE v2', six: true },
  { kind: 'switched', wire: 'RoCE v1' },
  { kind: 'switched', wire: 'RoCE v1', six: true },
  { kind: 'infiniband', wire: 'IB' },
];

export const titleOf = ({ kind, wire, six }: Wiring): string =>
  `${wire}${six ? ' over IPv6' : ''}, ${kind}`;

export interface World {
  readonly sim: Simulation;
  readonly hosts: readonly Host[];
  readonly places: readonly HostPlace[];
  /** What the drivers know the hosts by. */
  readonly stations: readonly Station[];
  /** Of the topology; of a star, one a host. */
  readonly links: readonly Link[];
  readonly capture: () => Uint8Array;
  /** Host `i`'s address for the wiring. */
  readonly ip: (i: number) => Uint8Array;
}

export function worldOf(wiring: Wiring): World {
  const { kind, wire, six = false, seed = 1, topology = star(2) } = wiring;
  const sim = new Simulation({ seed });
  const hosts: Host[] = [];
  const places: HostPlace[] = [];
  const directory = (ip: Uint8Array) => {
    const place = places.find((p) => parseIp(p.ip).every((b, i) => b === ip[i]));
    return place && { gid: portGidOf(guidOf(parseMac(place.mac))), lid: place.lid };
  };
  const fabric = buildFabric(sim, topology, kind, (place) => {
    places.push(place);
    const { name, mac, gateways, lid } = place;
    const addresses = six ? [...place.addresses].reverse() : place.addresses;
    const { random, pool } = sim;
    const options = { name, mac, gateways, lid, addresses, random, pool, wire, directory };
    const mtu = wiring.hostMtu?.[place.index];
    const host = new Host({
      ...options,
      ...wiring.host,
      ...wiring.each?.[place.index],
      ...(mtu !== undefined && { mtu }),
    });
    hosts.push(host);
    return host;
  });
  bringUp(sim, fabric);
  const parts: Uint8Array[] = [];
  const tap = new CaptureTap((bytes) => parts.push(bytes.slice()));
  const port = tap.port('h0', kind === 'infiniband' ? 247 : 1, ['in', 'out', 'lost']);
  if (!wiring.uncaptured) sim.tap(fabric.hosts[0]!, 0, port);
  if (wiring.impairment)
    for (const station of fabric.hosts) sim.impair(station, 0, wiring.impairment(sim));
  return {
    sim,
    hosts,
    places,
    stations: fabric.hosts,
    links: fabric.links,
    capture: () => {
      tap.flush();
      return Buffer.concat(parts);
    },
    ip: (i) => parseIp(six ? places[i]!.ipv6 : places[i]!.ip),
  };
}
