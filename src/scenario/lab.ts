// A world to try things in: a topology with whole hosts, one wire for all of them, faults, taps, and the time. What a
// scenario of one's own gets, and what `wireverbs perftest` stands on.

import { dissect, parseMac, summarize } from '../../protocols/index.js';
import {
  Perftest,
  type PerftestOptions,
  perftestParameters,
  type WireName,
} from '../apps/perftest/index.js';
import type { CpuProfile, Program, Thread } from '../cpu/index.js';
import {
  CaptureTap,
  type Chances,
  type Direction,
  type Outage,
  pair,
  type Rule,
  type Topology,
} from '../fabric/index.js';
import type { Station } from '../frame/index.js';
import { guidOf, Host, type HostOptions, portGidOf } from '../host/index.js';
import type { PcieProfile } from '../memory/index.js';
import { connectX4, type NicProfile } from '../profiles/nic.js';
import {
  type Context,
  type DeviceProfile,
  hcaProfile,
  openDevice,
  rnicProfile,
} from '../rdma/index.js';
import { parseIp } from '../stack/index.js';
import { type Nanos, NEVER, ns } from '../time/index.js';
import {
  bringUp,
  buildFabric,
  type Fabric,
  type FabricKind,
  type HostPlace,
} from '../world/fabric.js';
import { Simulation, type Tap } from '../world/sim.js';
import { Faults } from './faults.js';
import { gidTypes } from './wire.js';

/** What a lab is made of; two hosts and a cable with RoCE v2 unless told. */
export interface LabOptions {
  readonly topology?: Topology;
  readonly wire?: WireName;
  /** Ethernet switches or IP routers; follows from the topology: routers where it has loops. */
  readonly kind?: FabricKind;
  /** Hosts are first of all known by their IPv6 addresses. */
  readonly ipv6?: boolean;
  readonly seed?: number;
  /** The card that every host has: how long its parts take. ConnectX-4 unless given. */
  readonly card?: NicProfile;
  /** What the device can do and how it behaves; an HCA unless given. */
  readonly nic?: DeviceProfile;
  readonly cpu?: CpuProfile;
  readonly pcie?: PcieProfile;
  /** More of a host, by name. */
  readonly hosts?: Readonly<Record<string, Partial<HostOptions>>>;
  /** Memory of each host; 1 GiB unless given, backed when touched. */
  readonly memoryBytes?: number;
  /** Events that each host's ledger keeps; counters alone unless given. */
  readonly ledgerEvents?: number;
  /** false: the subnet manager of InfiniBand begins with `bringUp`, so that captures may see its work. */
  readonly up?: boolean;
  /** Longest frame in bytes, where jumbo frames are wanted. */
  readonly slotBytes?: number;
}

/** An Ethernet MTU that the largest InfiniBand MTU fits into with all headers. */
const ETHERNET_MTU = 4200;
const ETHERNET = 1;
const INFINIBAND = 247;
/** A flow-control packet of InfiniBand's links (IBA 7.9.4). */
const LINK_PACKET_BYTES = 6;
const US = 1000;

/** Runs to its end, or until nothing happens any more. */
export class Lab {
  readonly sim: Simulation;
  readonly topology: Topology;
  readonly wire: WireName;
  readonly kind: FabricKind;
  readonly hosts: readonly Host[];
  readonly fabric: Fabric;
  readonly tests: Perftest[] = [];
  readonly faults = new Faults(this);
  /** When the fabric was ready: an InfiniBand subnet is first set up by its manager. */
  begin: Nanos = ns(0);
  /** What a rule calls a station, beside its own name: 'client' and 'server', say. */
  readonly aliases = new Map<string, string>();
  /** What each host is made of, in their order. */
  readonly hostOptions: HostOptions[] = [];
  readonly #captures: CaptureTap[] = [];
  readonly #stations = new Map<string, { readonly station: Station; readonly ports: number }>();

  /** @throws RangeError when the topology is wrong */
  constructor(options: LabOptions = {}) {
    const { topology = pair(), wire = 'rocev2', seed = 1 } = options;
    this.topology = topology;
    this.wire = wire;
    this.kind = options.kind ?? kindOf(topology, wire);
    if (this.kind === 'routed' && wire === 'rocev1' && options.kind === undefined)
      throw new RangeError(
        `topology ${topology.name}: has loops, which need routers, and RoCE v1 cannot be routed`,
      );
    this.sim = new Simulation({ seed, ...(options.slotBytes && { slotBytes: options.slotBytes }) });
    const hosts: Host[] = [];
    const places: HostPlace[] = [];
    this.fabric = buildFabric(this.sim, topology, this.kind, (place) => {
      places.push(place);
      const hostOptions = this.#hostOptions(place, places, options);
      this.hostOptions.push(hostOptions);
      const host = new Host(hostOptions);
      hosts.push(host);
      return host;
    });
    this.hosts = hosts;
    // Programs, faults and captures begin when the subnet manager has done its work, unless it is to be seen.
    if (options.up !== false) this.bringUp();
    topology.hosts.forEach((name, i) => {
      this.#stations.set(name, { station: this.fabric.hosts[i]!, ports: 1 });
    });
    for (const [name, station] of this.fabric.switches)
      this.#stations.set(name, { station, ports: station.ports });
  }

  /** Lets the subnet manager of InfiniBand do its work; already done unless the lab was made with `up: false`. */
  bringUp(): void {
    bringUp(this.sim, this.fabric);
    this.begin = this.sim.now;
  }

  #hostOptions(place: HostPlace, places: readonly HostPlace[], options: LabOptions): HostOptions {
    const { name, mac, gateways, lid, addresses } = place;
    const { random, pool } = this.sim;
    const {
      nic = this.wire === 'iwarp' ? rnicProfile : hcaProfile,
      card = connectX4,
      cpu,
      pcie,
      ledgerEvents,
      memoryBytes = 2 ** 30,
    } = options;
    return {
      name,
      pool,
      random,
      mac,
      gateways,
      lid,
      addresses: options.ipv6 ? [...addresses].reverse() : addresses,
      wire: gidTypes[this.wire],
      mtu: ETHERNET_MTU,
      rate: this.#rateOf(name),
      // Ports heed pauses where a switch may send some.
      ...(this.#pauses && { port: {} }),
      directory: (ip) => {
        const there = places.find((p) => parseIp(p.ip).every((byte, i) => byte === ip[i]));
        return there && { gid: portGidOf(guidOf(parseMac(there.mac))), lid: there.lid };
      },
      nic,
      card,
      nodes: [memoryBytes],
      ...(cpu && { cpu }),
      ...(pcie && { pcie }),
      ...(ledgerEvents !== undefined && { ledgerEvents }),
      ...options.hosts?.[name],
    };
  }

  /** Bits a second of a host's link. */
  #rateOf(host: string): number {
    return this.topology.links.find(({ a, b }) => a === host || b === host)!.rate;
  }

  /** Some priority of some switch is lossless. */
  get #pauses(): boolean {
    return Object.values(this.topology.settings ?? {}).some(({ pfc }) => pfc !== undefined);
  }

  /** The time now. */
  get now(): Nanos {
    return this.sim.now;
  }

  /** @throws RangeError when there is no host of that name */
  host(name: string): Host {
    const known = this.aliases.get(name) ?? name;
    const host = this.hosts[this.topology.hosts.indexOf(known)];
    if (!host)
      throw new RangeError(
        `there is no host '${name}'; there are ${this.topology.hosts.join(', ')}`,
      );
    return host;
  }

  /** The host's address for this wire, as `parseIp` reads it. */
  address(host: Host, ipv6 = false): string {
    const place = this.fabric.places[this.hosts.indexOf(host)]!;
    return ipv6 ? place.ipv6 : place.ip;
  }

  /** ibv_open_device of a process on a host's first core, for those who call verbs from outside the host's programs. */
  open(host: Host): Context {
    return openDevice(host.device, host.space, host.cores.cores[0]!.actor);
  }

  /** Starts a program on a core of a host, now or at an instant. */
  spawn(host: Host, name: string, program: Program, core?: number): Thread {
    const thread = host.spawn(name, program, core === undefined ? {} : { core });
    this.settle(host);
    return thread;
  }

  /** Does something at an instant. */
  at(when: number, call: (now: Nanos) => void): void {
    this.sim.at(ns(when), (now) => {
      call(now);
      for (const host of this.hosts) this.settle(host);
    });
  }

  /** Must be called after a host was changed from outside its own programs. */
  settle(host: Host): void {
    this.sim.settle(this.fabric.hosts[this.hosts.indexOf(host)]!);
  }

  /** A test of perftest's between two hosts, to be started now or at an instant. @throws RangeError */
  perftest(options: Omit<PerftestOptions, 'wire'>, from: Host, to: Host, start?: number): Perftest {
    const parameters = perftestParameters({ ...options, wire: this.wire });
    const test = new Perftest(from, to, parameters, (call) => {
      this.sim.at(this.now, (now) => {
        call(now);
        this.settle(from);
        this.settle(to);
      });
    });
    this.tests.push(test);
    this.at(start ?? this.now, () => test.start());
    return test;
  }

  /**
   * A fault in words, such as 'drop the 3rd frame with bth.opcode == RC_RDMA_WRITE_MIDDLE from h0', or 'link h0-s0 down
   * at 10us for 50us', counted from now. 'from' names a host or switch; without it, frames are meant as they leave hosts.
   * @throws RangeError when the rule cannot be read or names nobody
   */
  fault(text: string): Rule | Outage {
    return this.faults.add(text);
  }

  /** Faults by probability, on frames as they leave a station, or all hosts. */
  chances(odds: Chances, from?: string): void {
    this.faults.chances(odds, from);
  }

  /** The ports of a station, or of all hosts. @throws RangeError when nobody is called that */
  *ports(from?: string): Generator<readonly [Station, number]> {
    const names = from === undefined ? this.topology.hosts : [from];
    for (const name of names) {
      const { station, ports } = this.#station(name);
      for (let port = 0; port < ports; port++) yield [station, port];
    }
  }

  #station(name: string): { readonly station: Station; readonly ports: number } {
    const found = this.#stations.get(this.aliases.get(name) ?? name);
    if (found) return found;
    throw new RangeError(
      `there is no '${name}'; there are ${[...this.#stations.keys()].join(', ')}`,
    );
  }

  /** What captures begin with: 1 Ethernet, 247 InfiniBand. */
  get linkType(): number {
    return this.kind === 'infiniband' ? INFINIBAND : ETHERNET;
  }

  /**
   * Writes what the ports of stations see as pcapng: hosts by name, ports of switches as 's0.2'; all hosts unless named.
   * `write` gets the file's bytes piece by piece; `finish` hands over the rest. `flowControl`: also that of InfiniBand's links.
   */
  capture(
    write: (bytes: Uint8Array) => void,
    where: readonly string[] = this.topology.hosts,
    only?: readonly Direction[],
    flowControl = false,
  ): CaptureTap {
    const capture = new CaptureTap(write);
    for (const text of where) {
      const [, name = text, port = '0'] = /^(.+?)(?:\.(\d+))?$/.exec(text) ?? [];
      const tap = capture.port(text, this.linkType, only, 0, flowControl);
      this.sim.tap(this.#station(name).station, Number(port), tap);
    }
    this.#captures.push(capture);
    return capture;
  }

  /** Shows every frame of a station's port to `tap`. */
  tap(name: string, tap: Tap, port = 0): void {
    this.sim.tap(this.#station(name).station, port, tap);
  }

  /**
   * Tells of every frame that a host sends (`out`) or receives (`in`), in a line as `wireverbs dissect` prints it. Frames of a
   * length that says nothing (flow control of InfiniBand links) are left out.
   */
  watch(name: string, tell: (line: string, direction: Direction) => void, port = 0): void {
    const { linkType } = this;
    this.tap(
      name,
      {
        frame: (now, direction, pool, slot, why) => {
          const start = pool.at(slot);
          const length = pool.length(slot);
          if (length <= LINK_PACKET_BYTES) return;
          const frame = dissect(pool.bytes(slot), { start, end: start + length, linkType });
          const { info } = summarize(frame);
          const lost = why === '' ? '' : ` (${why})`;
          tell(
            `${(now / US).toFixed(3).padStart(9)} us ${direction.padEnd(4)} ${info}${lost}`,
            direction,
          );
        },
      },
      port,
    );
  }

  /**
   * Runs until every program has ended, or `end`, or nothing happens any more; then what captures still hold is written.
   * `watch` is called now and then on the way.
   */
  run(end: number = NEVER, watch: () => void = () => {}): void {
    // Time stands still when nothing happens any more: programs that wait for ever are not counted as busy until then.
    this.sim.run(NEVER, () => this.now < end && this.#busy(watch));
    this.finish();
  }

  /** Runs on for that long, whatever programs do: answers and acknowledgements that are under way arrive. */
  runFor(duration: number): void {
    for (const host of this.hosts) this.settle(host); // who called verbs from outside need not tell
    this.sim.run((this.now + duration) as Nanos);
    this.finish();
  }

  /** Hands captures what they still hold. */
  finish(): void {
    for (const capture of this.#captures) capture.flush();
  }

  #waiting = 0;
  #sinceWatched = 0;
  #busy(watch: () => void): boolean {
    // Looked at now and then: there are few threads, but many events.
    if (this.#waiting-- > 0) return true;
    this.#waiting = LOOK_EVERY;
    if (this.#sinceWatched++ % WATCH_EVERY === 0) watch();
    if (this.tests.some((test) => !test.ended)) return true;
    return this.hosts.some(({ cores }) => cores.threads.length > 0);
  }
}

const LOOK_EVERY = 16;
const WATCH_EVERY = 512;

/** What connects hosts where nothing is said: routers where there are loops. */
export function kindOf({ hosts, switches, links }: Topology, wire: WireName): FabricKind {
  if (wire === 'ib') return 'infiniband';
  return links.length >= hosts.length + switches.length ? 'routed' : 'switched';
}
