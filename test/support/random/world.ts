// A fabric with RDMA hosts, drawn from a seed: which topology over which wire, which faults where, and when links go
// down. What the hosts do is the program's business (program.ts).

import {
  type Chances,
  chances,
  dumbbell,
  fatTree,
  leafSpine,
  pair,
  star,
  type Topology,
} from '../../../src/fabric/index.js';
import type { FramePool, Station } from '../../../src/frame/index.js';
import {
  AddressSpace,
  DmaEngine,
  KeyTable,
  Ledger,
  MachineMemory,
  PcieLink,
} from '../../../src/memory/index.js';
import { connectX4 } from '../../../src/profiles/nic.js';
import {
  type AhAttr,
  allocPd,
  type Context,
  type DeviceProfile,
  type GidType,
  gidOf,
  hcaProfile,
  MemoryPort,
  type Mr,
  type NicTiming,
  openDevice,
  type Pd,
  RdmaDevice,
  regMr,
  rxeProfile,
} from '../../../src/rdma/index.js';
import { type Nanos, NEVER, Random } from '../../../src/time/index.js';
import {
  bringUp,
  buildFabric,
  type FabricKind,
  type HostPlace,
} from '../../../src/world/fabric.js';
import { Simulation } from '../../../src/world/sim.js';
import { pcie } from '../back-to-back.js';

const ALL_RIGHTS = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x100 | 0x200;
const ARENA_BYTES = 2 ** 22;
/** Nobody may touch what lies between two buffers. */
const GAP_BYTES = 64;
const MOST_ACTIVE = 4;

export interface Piece {
  readonly addr: bigint;
  readonly bytes: Uint8Array;
}

/** What a host must know of the world that it is in. */
export interface Surroundings {
  readonly sim: Simulation;
  readonly v6: boolean;
  readonly wire: GidType;
  readonly profile: DeviceProfile;
  /** Without one, nothing in the device takes time. */
  readonly timing: NicTiming | undefined;
  neighbour(from: HostPlace, gid: Uint8Array): Uint8Array | undefined;
}

/** A host with one device and one large region, from which buffers are taken one behind the other. */
export class WorldHost {
  readonly ledger = new Ledger();
  readonly memory = new MachineMemory({ nodes: [2 ** 26] });
  readonly space = new AddressSpace(this.memory);
  readonly keys = new KeyTable(this.memory);
  readonly device: RdmaDevice;
  readonly context: Context;
  readonly pd: Pd;
  readonly mr: Mr;
  /** Registered for reading only. */
  readonly readOnly: Mr;
  /** What the simulation knows of it. */
  station!: Station;
  readonly #arena: Uint8Array;
  readonly #base: bigint;
  readonly #gaps: number[] = [];
  #used = 0;

  constructor(
    readonly place: HostPlace,
    world: Surroundings,
    seed: number,
  ) {
    const { pool } = world.sim;
    const dma = new DmaEngine(new PcieLink(pcie), this.ledger, this.ledger.actor('nic'));
    const text = world.v6 ? place.ipv6 : place.ip;
    this.device = new RdmaDevice({
      name: place.name,
      pool,
      memory: new MemoryPort(this.keys, dma),
      profile: world.profile,
      address: {
        mac: macBytes(place.mac),
        gids: [{ bytes: gidOf(text), type: world.wire }],
        lid: place.lid,
        native: world.wire === 'IB',
      },
      neighbours: (gid) => world.neighbour(place, gid),
      random: new Random(seed).fork(place.name),
      ...(world.timing && { timing: world.timing }),
    });
    this.context = openDevice(this.device, this.space, this.ledger.actor('core'));
    this.pd = allocPd(this.context);
    this.#base = this.space.allocate(ARENA_BYTES, { contiguous: true });
    this.#arena = this.space.bytes(this.#base, ARENA_BYTES);
    this.mr = regMr(this.pd, this.#base, ARENA_BYTES, ALL_RIGHTS);
    this.readOnly = regMr(this.pd, this.#base, ARENA_BYTES, 0);
  }

  get gid(): Uint8Array {
    return this.device.address.gids[0]!.bytes;
  }

  /** A buffer with a gap behind it. */
  take(length: number): Piece {
    const at = this.#used;
    const end = at + length;
    this.#used = Math.ceil((end + GAP_BYTES) / 8) * 8;
    if (this.#used > ARENA_BYTES) throw new Error('the arena is used up');
    this.#gaps.push(end, this.#used);
    return { addr: this.#base + BigInt(at), bytes: this.#arena.subarray(at, end) };
  }

  /** Is every gap as it was? */
  gapsAreClean(): boolean {
    for (let i = 0; i < this.#gaps.length; i += 2) {
      for (let at = this.#gaps[i]!; at < this.#gaps[i + 1]!; at++)
        if (this.#arena[at] !== 0) return false;
    }
    return true;
  }

  /** Frames that bit errors made into something that is not RDMA's. */
  dropOthers(): void {
    for (let slot = this.device.takeOther(); slot >= 0; slot = this.device.takeOther())
      this.device.pool.release(slot);
  }
}

/** A host of the topology that takes no part: it is flooded at times. */
class Bystander implements Station {
  readonly ports = 1;
  constructor(
    readonly name: string,
    readonly pool: FramePool,
  ) {}
  receive(_now: Nanos, _port: number, slot: number): void {
    this.pool.release(slot);
  }
  takeReady = (): number => -1;
  transmit = (): number => -1;
  wakeAt = (): Nanos => NEVER;
  expire(): void {}
}

export const macBytes = (text: string): Uint8Array =>
  Uint8Array.from(text.split(':'), (byte) => Number.parseInt(byte, 16));

interface Shape {
  readonly kind: FabricKind;
  readonly wire: GidType;
  readonly make: (random: Random) => Topology;
}

const trees: readonly Shape['make'][] = [
  () => pair(),
  (random) => star(2 + random.below(3)),
  (random) => dumbbell(1 + random.below(2), { rate: 25e9 }),
];
const meshes: readonly Shape['make'][] = [
  (random) => leafSpine(2, 1 + random.below(2), 2, { rate: 40e9 }),
  () => fatTree(4, { rate: 10e9 }),
];
const shapes: readonly Shape[] = [
  ...trees.map((make) => ({ kind: 'switched', wire: 'RoCE v1', make }) as const),
  ...trees.map((make) => ({ kind: 'switched', wire: 'RoCE v2', make }) as const),
  ...[...trees, ...meshes].map((make) => ({ kind: 'routed', wire: 'RoCE v2', make }) as const),
  ...[...trees, ...meshes].map((make) => ({ kind: 'infiniband', wire: 'IB', make }) as const),
];

/** Which faults a seed has: none at times, else each with a probability up to its largest. */
function faultsOf(random: Random): Chances {
  if (random.chance(0.15)) return {};
  const upTo = (most: number) => (random.chance(0.6) ? random.unit() * most : 0);
  return {
    loss: upTo(0.06),
    duplicate: upTo(0.06),
    reorder: upTo(0.08),
    reorderNs: 1 + random.below(20_000),
    delayNs: random.chance(0.3) ? random.below(5000) : 0,
    jitterNs: random.chance(0.3) ? random.below(3000) : 0,
    bitErrorRate: upTo(3e-6),
    fcs: random.chance(0.4),
    truncate: upTo(0.02),
  };
}

export class World implements Surroundings {
  readonly sim: Simulation;
  readonly shape: Shape;
  readonly topology: Topology;
  readonly wire: GidType;
  readonly v6: boolean;
  readonly profile: DeviceProfile;
  readonly timing: NicTiming | undefined;
  readonly hosts: WorldHost[] = [];
  readonly #places = new Map<string, HostPlace>();
  /** When the last link that goes down is up again. */
  readonly quietFrom: number;

  constructor(readonly seed: number) {
    const random = new Random(seed).fork('world');
    this.shape = shapes[seed % shapes.length]!;
    this.wire = this.shape.wire;
    this.v6 = random.chance(0.5);
    const habits = random.chance(0.5) ? rxeProfile : hcaProfile;
    const repeats = seed > 20 && seed % 7 === 3 ? { selectiveRepeat: 32 } : {};
    this.profile = { ...habits, ...repeats, retrySevenIsForever: true };
    this.topology = this.shape.make(random);
    this.timing = new Random(seed).fork('timing').chance(0.5) ? connectX4.timing : undefined;
    this.sim = new Simulation({ seed });
    const active = new Set<number>();
    const count = this.topology.hosts.length;
    while (active.size < Math.min(MOST_ACTIVE, count)) active.add(random.below(count));
    const fabric = buildFabric(this.sim, this.topology, this.shape.kind, (place) => {
      this.#places.set(gidOf(this.v6 ? place.ipv6 : place.ip).join(), place);
      if (!active.has(place.index)) return new Bystander(place.name, this.sim.pool);
      const host = new WorldHost(place, this, seed);
      this.hosts.push(host);
      return host.device;
    });
    bringUp(this.sim, fabric); // faults come when the subnet manager is done
    const { now } = this.sim;
    for (const host of this.hosts) host.station = fabric.hosts[host.place.index]!;
    const faults = faultsOf(random);
    for (const host of this.hosts) {
      const own = this.sim.random.fork(`faults ${host.place.name}`);
      this.sim.impair(host.station, 0, chances(faults, own));
    }
    for (const [name, station] of fabric.switches) {
      if (!random.chance(0.3)) continue;
      const port = random.below(station.ports);
      this.sim.impair(station, port, chances(faults, this.sim.random.fork(`faults ${name}`)));
    }
    let quiet = 0;
    for (let i = 0; random.chance(0.35) && i < 3; i++) {
      const link = fabric.links[random.below(fabric.links.length)]!;
      const from = now + random.below(200_000);
      const until = from + 1 + random.below(150_000);
      this.sim.at(from as Nanos, () => this.#set(link, false));
      this.sim.at(until as Nanos, () => this.#set(link, true));
      quiet = Math.max(quiet, until);
    }
    this.quietFrom = quiet;
  }

  #set(link: { up: boolean }, up: boolean): void {
    link.up = up;
  }

  neighbour(from: HostPlace, gid: Uint8Array): Uint8Array | undefined {
    const to = this.#places.get(gid.join());
    return to && macBytes(from.macOf(to.index));
  }

  /** The path to a host; over InfiniBand with a global route or without. */
  path(to: WorldHost, random: Random, global: boolean): AhAttr {
    const grh = { dgid: to.gid, flowLabel: random.below(2 ** 20) };
    if (this.wire !== 'IB') return { grh };
    const link = { dlid: to.place.lid, sl: random.below(4) };
    return global ? { ...link, grh } : link;
  }

  describe(): string {
    const { topology, shape, hosts } = this;
    const time = this.timing ? ', with the time that a NIC takes' : '';
    return `${topology.name}, ${shape.kind}, ${this.wire}, ${hosts.length} hosts${time}`;
  }
}
