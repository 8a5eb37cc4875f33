// A host of the world as one station with one port: memory, cores on which programs run, a network card with what drives it,
// and the virtual machines that live in it. What a program needs of it is here; drivers see a station.

import {
  Cores,
  type CpuProfile,
  type Program,
  type SpawnOptions,
  type Thread,
  type Wait,
  withoutIsolation,
} from '../cpu/index.js';
import type { FramePool, Station } from '../frame/index.js';
import type { Rnic } from '../iwarp/index.js';
import { type Kernel, Socket, type SocketOptions } from '../kernel/index.js';
import {
  AddressSpace,
  DmaEngine,
  type KeyTable,
  Ledger,
  MachineMemory,
  MemoryChannels,
  PcieLink,
  type PcieProfile,
  UsageError,
} from '../memory/index.js';
import { EmbeddedSwitch, type FunctionLimits, type HostPort } from '../nic/index.js';
import { xeonHaswell } from '../profiles/cpu.js';
import { pcieGen3x16 } from '../profiles/pcie.js';
import type { ConnectionManager, RdmaCm } from '../rdma/cm/index.js';
import { type Context, openDevice, type RdmaDevice } from '../rdma/index.js';
import type { HostStack } from '../stack/index.js';
import type { PortView } from '../subnet/index.js';
import {
  type Alarm,
  isDue,
  type Nanos,
  type Random,
  START,
  soonestOf,
  tellOf,
} from '../time/index.js';
import { Adapter, type AdapterOptions } from './adapter.js';
import type { Computer, Tenant } from './computer.js';
import type { GeneralServices } from './general-services.js';

/** Of each machine unless told: chunks of it are backed when touched. */
const MEMORY_BYTES = 2 ** 28;
/** A ConnectX-5's switch adds so much to what passes it; fitted on nothing yet. */
const LOOK_UP_NS = 50;

/** What a host is made of. */
export interface HostOptions extends AdapterOptions {
  readonly name: string;
  readonly pool: FramePool;
  readonly random: Random;
  readonly pcie?: PcieProfile;
  readonly cpu?: CpuProfile;
  /** The kernel has page tables of its own (KPTI), unless told not to. */
  readonly pageTableIsolation?: boolean;
  /** Bytes of each NUMA node. */
  readonly nodes?: readonly number[];
  /** Events that the ledger keeps; counters alone unless given. */
  readonly ledgerEvents?: number;
  /** The node that the card's slot belongs to; its DMA to the others' memory goes the longer way, if the profile says how long. */
  readonly slotNode?: number;
  /** The card has virtual functions (`addFunction`) behind a switch of its own. */
  readonly sriov?: SriovOptions;
}

/** Virtual functions of one card: what ConnectX-4 and 5 have at most (NVIDIA's firmware setting NUM_OF_VFS). */
export const MOST_FUNCTIONS = 127;

export interface SriovOptions {
  /** What the card's switch takes to look an address up. */
  readonly lookUpNs?: number;
}

/** A machine: memory, RDMA device, stack, connection management, and cores with programs. */
export class Host implements Station, Computer {
  readonly ports = 1;
  readonly name: string;
  readonly pool: FramePool;
  readonly random: Random;
  /** The last instant that the host was told of. */
  now: Nanos = START;
  readonly ledger: Ledger;
  readonly memory: MachineMemory;
  /** Of the process that programs share, unless they make their own. */
  readonly space: AddressSpace;
  readonly pcie: PcieLink;
  readonly dma: DmaEngine;
  readonly cores: Cores;
  /** What programs that read memory wait for, where the processor's profile says it. */
  readonly channels: MemoryChannels | null;
  /** Its own function of the card. */
  readonly adapter: Adapter;
  readonly keys: KeyTable;
  readonly device: RdmaDevice;
  readonly stack: HostStack | null;
  readonly kernel: Kernel | null;
  readonly mtu: number;
  /** Its Ethernet port; InfiniBand has none. */
  readonly port: HostPort | null;
  /** The card's own switch, where it has virtual functions. */
  readonly embedded: EmbeddedSwitch | null;
  /** What frames meet first: its own function, the card's switch, or a guest's function that has the whole card. */
  #front: Station;
  readonly #functions: Adapter[] = [];
  readonly #tenants: Tenant[] = [];

  constructor(options: HostOptions) {
    const { name, pool, random } = options;
    this.name = name;
    this.pool = pool;
    this.random = random.fork(name);
    this.ledger = new Ledger(options.ledgerEvents ?? 0);
    this.memory = new MachineMemory({ nodes: options.nodes ?? [MEMORY_BYTES] });
    this.space = new AddressSpace(this.memory, 'user', name);
    this.pcie = new PcieLink(slotOf(options));
    this.dma = new DmaEngine(this.pcie, this.ledger, this.ledger.actor('nic'));
    const { cpu: given = xeonHaswell, pageTableIsolation = true } = options;
    const cpu = pageTableIsolation ? given : withoutIsolation(given);
    const cores = new Cores(cpu, this.ledger);
    this.cores = cores;
    this.channels = cpu.memory ? new MemoryChannels(cpu.memory, this.memory.nodeCount) : null;
    if (this.channels !== null && this.memory.nodeCount > 1) {
      const { farNsPerByte } = this.channels;
      cores.nodes = { nodeOf: (core) => this.nodeOf(core), farNsPerByte };
    }
    const { memory, space, ledger, dma } = this;
    const machine = { name, pool, random: this.random, memory, space, ledger, cores, dma };
    this.adapter = new Adapter({ ...machine, interrupts: cores }, options);
    this.keys = this.adapter.keys;
    this.device = this.adapter.device;
    this.stack = this.adapter.stack;
    this.kernel = this.adapter.kernel;
    this.port = this.adapter.port;
    this.mtu = this.adapter.mtu;
    this.embedded = options.sriov ? this.#newSwitch(options) : null;
    this.#front = this.embedded ?? this.adapter;
  }

  #newSwitch({ sriov, wire }: HostOptions): EmbeddedSwitch {
    const { name, pool, adapter } = this;
    const lookUpNs = sriov?.lookUpNs ?? LOOK_UP_NS;
    const native = wire === 'IB';
    const embedded = new EmbeddedSwitch({ name: `${name} eswitch`, pool, native, lookUpNs });
    embedded.add({ station: adapter, address: adapter.cardAddress });
    return embedded;
  }

  /** A virtual function of the card, behind its switch. Its number is what `embedded.counters` knows it by. */
  addFunction(adapter: Adapter, limits: FunctionLimits = {}): number {
    if (this.embedded === null)
      throw new UsageError('EOPNOTSUPP', `the card of ${this.name} has no virtual functions`);
    if (this.#functions.length === MOST_FUNCTIONS)
      throw new UsageError(
        'EBUSY',
        `the card of ${this.name} has ${MOST_FUNCTIONS} virtual functions, and all are in use`,
      );
    this.#functions.push(adapter);
    return this.embedded.add({ station: adapter, address: adapter.cardAddress, ...limits });
  }

  /** Somebody else has the whole card from now on; the host's own function of it is gone. */
  handOver(adapter: Adapter): void {
    if (this.embedded !== null || this.#front !== this.adapter)
      throw new UsageError('EBUSY', `the card of ${this.name} is in use`);
    this.#front = adapter;
    this.#functions.push(adapter);
  }

  /** Something lives in this host from now on; `settle` as of anything from outside. */
  attach(tenant: Tenant): void {
    this.#tenants.push(tenant);
  }

  /** socket(2), of a host with a kernel. */
  socket(options?: SocketOptions): Socket {
    if (!this.kernel) throw new RangeError(`${this.name} has no kernel`);
    return new Socket(this.kernel, options);
  }

  get services(): GeneralServices {
    return this.adapter.services;
  }

  get rnic(): Rnic | null {
    return this.adapter.rnic;
  }

  get cm(): ConnectionManager {
    return this.adapter.cm;
  }

  get rdmaCm(): RdmaCm {
    return this.adapter.rdmaCm;
  }

  spawn(name: string, program: Program, options?: SpawnOptions): Thread {
    return this.cores.spawn(this.now, name, program, options);
  }

  /** The node of a core: they are shared evenly by the nodes. */
  nodeOf(core: number): number {
    return Math.floor((core * this.memory.nodeCount) / this.cores.cores.length);
  }

  /** A thread reads memory by machine address: its core waits for the bytes. */
  read(thread: Thread, address: number, lengthBytes: number): Wait {
    return this.readFrom(thread, this.nodeOf(thread.core), address, lengthBytes);
  }

  /** The same from this node. */
  readFrom(thread: Thread, node: number, address: number, lengthBytes: number): Wait {
    const { channels } = this;
    if (channels === null) return thread.spend(0);
    return thread.spend(channels.read(thread.now, node, address, lengthBytes) - thread.now);
  }

  open(thread: Thread): Context {
    return openDevice(this.device, this.space, thread.actor);
  }

  // Station

  // hot
  receive(now: Nanos, _port: number, slot: number): void {
    this.now = now;
    this.#front.receive(now, 0, slot);
    this.#settle(now);
  }

  // hot
  takeReady(): number {
    return this.#front.takeReady();
  }

  // hot
  waits(): boolean {
    return this.#front.waits === undefined || this.#front.waits(0);
  }

  // hot
  transmit(now: Nanos, _port: number): number {
    this.now = now;
    return this.#front.transmit(now, 0);
  }

  /** A subnet manager told the port something: functions of one card have their LID in common. */
  portChanged(now: Nanos, view: PortView): void {
    this.now = now;
    this.adapter.portChanged(now, view);
    for (const one of this.#functions) one.portChanged(now, { ...view, guid: one.guid });
  }

  // hot
  soonest(alarm: Alarm): void {
    tellOf(this.#front, alarm);
    this.cores.soonest(alarm);
    for (let i = 0; i < this.#tenants.length; i++) alarm.lower(this.#tenants[i]!.wakeAt());
  }

  wakeAt(): Nanos {
    return soonestOf(this);
  }

  expire(now: Nanos): void {
    this.now = now;
    if (isDue(this.#front, now)) this.#front.expire(now);
    this.#settle(now);
  }

  /** Functions of the card, programs and tenants, until none has anything left to do at this instant. */
  // hot
  #settle(now: Nanos): void {
    this.#tell(now);
    while (isDue(this.cores, now) || this.#isWanted(now)) {
      if (isDue(this.cores, now)) this.cores.expire(now);
      for (let i = 0; i < this.#tenants.length; i++) this.#tenants[i]!.settle(now);
      this.#tell(now);
    }
  }

  // hot
  #tell(now: Nanos): void {
    this.adapter.settle(now);
    for (let i = 0; i < this.#functions.length; i++) this.#functions[i]!.settle(now);
  }

  // hot
  #isWanted(now: Nanos): boolean {
    for (let i = 0; i < this.#tenants.length; i++)
      if (this.#tenants[i]!.wakeAt() <= now) return true;
    return false;
  }
}

/** The slot of the card: half of what another node's memory takes longer is on each way. */
function slotOf({ pcie, card, cpu, nodes, slotNode }: HostOptions): PcieProfile {
  const profile = pcie ?? card?.pcie ?? pcieGen3x16;
  const remoteNs = cpu?.memory?.remoteNs;
  if (slotNode === undefined || remoteNs === undefined || profile.nodeLatencyNs) return profile;
  if (!(slotNode >= 0 && slotNode < (nodes?.length ?? 1)))
    throw new UsageError('EINVAL', `the slot's node ${slotNode} of ${nodes?.length ?? 1}`);
  const nodeLatencyNs = nodes!.map((_, node) => (node === slotNode ? 0 : remoteNs / 2));
  return { ...profile, nodeLatencyNs };
}
