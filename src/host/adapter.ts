// One function of a network card with all that drives it: the RDMA device, the stack and the kernel that take other frames,
// connection management on QP1, behind one port. A host has one; so has a guest that was given a function of its own.

import type { Cores, InterruptWork } from '../cpu/index.js';
import type { FramePool, Station } from '../frame/index.js';
import { type IwarpOptions, Rnic } from '../iwarp/index.js';
import { type EthernetEngine, Kernel, type KernelOptions } from '../kernel/index.js';
import {
  type AddressSpace,
  type DmaEngine,
  KeyTable,
  type Ledger,
  type PhysicalMemory,
  UsageError,
} from '../memory/index.js';
import { HostPort, type PortOptions } from '../nic/index.js';
import { ethernetOf } from '../profiles/kernel.js';
import type { NicProfile } from '../profiles/nic.js';
import type { ConnectionManager, RdmaCm } from '../rdma/cm/index.js';
import {
  type Clockwork,
  type CompletionQueue,
  type DeviceProfile,
  type GidType,
  type InterruptLine,
  MemoryPort,
  portChanged,
  RdmaDevice,
  rnicProfile,
  rxeProfile,
  servingOf,
  type Tracer,
} from '../rdma/index.js';
import { HostStack } from '../stack/index.js';
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
import { type Directory, GeneralServices } from './general-services.js';
import { guidOf, largestMtu, parsedMac, portGidOf, roceGids } from './identity.js';
import { IwarpServices } from './iwarp-services.js';

const DEFAULT_MTU = 1500;
const DEFAULT_RATE = 100e9;
/** Native InfiniBand has no Ethernet around its packets; its largest MTU (IBA 14.2.5.6). */
const IB_MTU = 4096;

/** Where in a GID the GUID is (IBA 4.1.1). */
const GUID_AT = 8;

/** What a function is on its network. */
export interface AdapterOptions {
  readonly mac: Uint8Array | string;
  /** Such as '10.0.0.1/24' and 'fd00::1/64'. The first is what RDMA's GID 0 says. */
  readonly addresses: readonly string[];
  readonly gateways?: readonly string[];
  /** RoCE v2 unless given. */
  readonly wire?: GidType;
  /** Of the Ethernet link: 1500 unless given. */
  readonly mtu?: number;
  /** Of the wire iWARP: what MPA asks for, and the NIC's TCP. */
  readonly iwarp?: Partial<IwarpOptions>;
  /** InfiniBand: our LID, and who is where. */
  readonly lid?: number;
  readonly directory?: Directory;
  readonly nic?: DeviceProfile;
  /** Bits a second of its link; 100 Gb/s unless given. */
  readonly rate?: number;
  /** Makes the port heed and send pauses by priority, with a receive buffer if wanted. */
  readonly port?: Omit<PortOptions, 'pool' | 'rate'>;
  /** The card whose parts take time, in its slot; without one the device does everything at once. */
  readonly card?: NicProfile;
  /** Of the channel adapter; follows from the MAC unless given (trap 28: one that restarts needs a new one). */
  readonly guid?: bigint;
  /** A kernel with sockets, whose driver and card take all frames that are not RDMA's; without one the stack does at once. */
  readonly kernel?: KernelOptions;
  readonly tracer?: Tracer;
}

/** Who is interrupted: cores, or the virtual CPUs of a guest. */
export interface InterruptTarget {
  interrupt(now: Nanos, index: number, work: InterruptWork): void;
}

/** The machine that drives it. */
export interface AdapterMachine {
  readonly name: string;
  readonly pool: FramePool;
  readonly random: Random;
  readonly memory: PhysicalMemory;
  readonly space: AddressSpace;
  readonly ledger: Ledger;
  readonly cores: Cores;
  readonly interrupts: InterruptTarget;
  readonly dma: DmaEngine;
  /** Engines that it has in common with other functions of its card. */
  readonly shared?: SharedEngines;
}

/** What functions of one card have in common beside slot and link. */
export interface SharedEngines {
  readonly clock: Clockwork | null;
  readonly ethernet: EthernetEngine | null;
}

export class Adapter implements Station, InterruptLine {
  readonly ports = 1;
  readonly name: string;
  /** The last instant that it was told of. */
  now: Nanos = START;
  readonly machine: AdapterMachine;
  readonly mac: Uint8Array;
  readonly guid: bigint;
  readonly mtu: number;
  readonly keys: KeyTable;
  readonly device: RdmaDevice;
  readonly stack: HostStack | null;
  readonly kernel: Kernel | null;
  /** Its Ethernet port; InfiniBand has none. */
  readonly port: HostPort | null;
  readonly #station: Station;
  readonly #services: GeneralServices | IwarpServices;

  constructor(machine: AdapterMachine, options: AdapterOptions) {
    const { name, pool, dma, shared } = machine;
    const { wire = 'RoCE v2' } = options;
    const native = wire === 'IB';
    const rate = options.rate ?? DEFAULT_RATE;
    this.name = name;
    this.machine = machine;
    this.mac = parsedMac(options.mac);
    this.mtu = options.mtu ?? DEFAULT_MTU;
    this.keys = new KeyTable(machine.memory);
    this.stack = native ? null : this.#newStack(options);
    const guid = options.guid ?? guidOf(this.mac);
    this.guid = guid;
    this.device = new RdmaDevice({
      name: `${name} rdma`,
      pool,
      memory: new MemoryPort(this.keys, dma),
      profile: options.nic ?? (wire === 'iWARP' ? rnicProfile : rxeProfile),
      address: {
        mac: this.mac,
        gids: this.stack ? roceGids(this.stack, wire) : [{ bytes: portGidOf(guid), type: wire }],
        lid: options.lid ?? 0,
        native,
        ...(native && shared && { grhRequired: true }),
      },
      neighbours: (gid) => this.stack?.lookup(this.now, gid),
      random: machine.random.fork('rdma'),
      mtu: native ? IB_MTU : largestMtu(this.mtu),
      rate,
      ...(options.port && { port: options.port }),
      ...(options.tracer && { tracer: options.tracer }),
      ...(options.card && { timing: options.card.timing }),
      ...(shared?.clock && { sharedClock: shared.clock }),
      ...(wire === 'iWARP' && {
        transport: (device: RdmaDevice) => new Rnic(device, this.stack!, options.iwarp),
      }),
    });
    this.device.interrupts = this;
    const link = options.port ? { ...options.port, pool, rate } : null;
    this.kernel = this.#newKernel(options);
    const others = this.kernel ?? this.stack;
    this.port = others ? new HostPort(name, this.device, others, link) : null;
    this.#station = this.port ?? this.device;
    this.#services =
      this.device.transport instanceof Rnic
        ? this.#iwarpServices(this.device.transport)
        : new GeneralServices(this, guid, options);
  }

  #newStack({ addresses, gateways = [] }: AdapterOptions): HostStack {
    const { name, pool } = this.machine;
    const random = this.machine.random.fork('stack');
    const { mac, mtu } = this;
    return new HostStack(name, pool, { mac, addresses, gateways, mtu, random });
  }

  #newKernel({ kernel, card }: AdapterOptions): Kernel | null {
    const { stack, machine } = this;
    if (!kernel || !stack) return null;
    const { name, pool, memory, dma, ledger, cores, space, interrupts, shared } = machine;
    const machinery = { name, pool, memory, dma, ledger, cores, space, interrupts, stack };
    return new Kernel(machinery, machine.random.fork('kernel'), {
      nic: ethernetOf(card?.name),
      ...(shared?.ethernet && { engine: shared.ethernet }),
      ...kernel,
    });
  }

  #iwarpServices(rnic: Rnic): IwarpServices {
    const { icmp } = this.stack!;
    const others = icmp.onError;
    icmp.onError = (now, error) => rnic.icmpError(now, error) || (others?.(now, error) ?? false);
    return new IwarpServices(this, rnic);
  }

  /** What a switch inside the card knows it by: its MAC; over native InfiniBand its GUID. */
  get cardAddress(): Uint8Array {
    return this.stack ? this.mac : portGidOf(this.guid).subarray(GUID_AT);
  }

  /** What other functions of its card share with it. */
  get engines(): SharedEngines {
    return { clock: this.device.clock, ethernet: this.kernel?.nic.engine ?? null };
  }

  /** @throws UsageError of an iWARP function, which has no queue pair 1 */
  get services(): GeneralServices {
    if (this.#services instanceof GeneralServices) return this.#services;
    throw new UsageError('EOPNOTSUPP', 'iWARP has no general services');
  }

  /** iWARP in its NIC; null over other wires. */
  get rnic(): Rnic | null {
    return this.#services instanceof IwarpServices ? this.#services.rnic : null;
  }

  get cm(): ConnectionManager {
    return this.services.manager;
  }

  get rdmaCm(): RdmaCm {
    return this.#services.rdmaCm;
  }

  /** The device's interrupt for a completion queue; the core that serves it then wakes who waits. */
  interrupt(now: Nanos, cq: CompletionQueue): void {
    const { interrupts, cores } = this.machine;
    interrupts.interrupt(now, cq.compVector % cores.cores.length, servingOf(cq));
  }

  /** A subnet manager told the port something. */
  portChanged(now: Nanos, view: PortView): void {
    this.tell(now);
    const { address } = this.device;
    const before = address.reregistrations;
    portChanged(this.device, view);
    if (address.reregistrations !== before) this.services.memberships.registerAgain(now);
  }

  // Station

  // hot
  receive(now: Nanos, _port: number, slot: number): void {
    this.tell(now);
    this.#station.receive(now, 0, slot);
  }

  // hot
  takeReady(): number {
    return this.#station.takeReady();
  }

  // hot
  waits(): boolean {
    return this.#station.waits === undefined || this.#station.waits(0);
  }

  // hot
  transmit(now: Nanos, _port: number): number {
    this.tell(now);
    return this.#station.transmit(now, 0);
  }

  // hot
  soonest(alarm: Alarm): void {
    tellOf(this.#station, alarm);
    this.#services.soonest(alarm, this.now);
  }

  wakeAt(): Nanos {
    return soonestOf(this);
  }

  // hot
  expire(now: Nanos): void {
    this.tell(now);
    if (isDue(this.#station, now)) this.#station.expire(now);
    this.#services.expire(now);
  }

  // hot
  tell(now: Nanos): void {
    this.now = now;
    this.device.now = now;
  }

  /** MADs go to and from their manager, and what programs asked of the stack is sent. */
  // hot
  settle(now: Nanos): void {
    this.tell(now);
    this.#services.settle(now);
    this.kernel?.settle(now);
  }
}
