// A host of the world as one station with one port: memory, an RDMA device, the stack beside it, connection management
// on QP1, and cores on which programs run. What a program needs of it is here; drivers see a station.

import {
  Cores,
  type CpuProfile,
  type Program,
  type SpawnOptions,
  type Thread,
  type Wait,
} from '../cpu/index.js';
import type { FramePool, Station } from '../frame/index.js';
import { type IwarpOptions, Rnic } from '../iwarp/index.js';
import { Kernel, type KernelOptions, Socket, type SocketOptions } from '../kernel/index.js';
import {
  AddressSpace,
  DmaEngine,
  KeyTable,
  Ledger,
  MachineMemory,
  MemoryChannels,
  PcieLink,
  type PcieProfile,
  UsageError,
} from '../memory/index.js';
import { HostPort, type PortOptions } from '../nic/index.js';
import { xeonHaswell } from '../profiles/cpu.js';
import { ethernetOf } from '../profiles/kernel.js';
import type { NicProfile } from '../profiles/nic.js';
import { pcieGen3x16 } from '../profiles/pcie.js';
import type { ConnectionManager, RdmaCm } from '../rdma/cm/index.js';
import {
  type CompletionQueue,
  type Context,
  type DeviceProfile,
  type GidType,
  type InterruptLine,
  MemoryPort,
  openDevice,
  portChanged,
  RdmaDevice,
  rnicProfile,
  rxeProfile,
  servingOf,
  type Tracer,
} from '../rdma/index.js';
import { HostStack } from '../stack/index.js';
import type { PortView } from '../subnet/index.js';
import { earlier, type Nanos, type Random, START } from '../time/index.js';
import type { Computer, Tenant } from './computer.js';
import { type Directory, GeneralServices } from './general-services.js';
import { guidOf, largestMtu, parsedMac, portGidOf, roceGids } from './identity.js';
import { IwarpServices } from './iwarp-services.js';

/** Of each machine unless told: chunks of it are backed when touched. */
const MEMORY_BYTES = 2 ** 28;
const DEFAULT_MTU = 1500;
const DEFAULT_RATE = 100e9;
/** Native InfiniBand has no Ethernet around its packets; its largest MTU (IBA 14.2.5.6). */
const IB_MTU = 4096;

/** What a host is made of. */
export interface HostOptions {
  readonly name: string;
  readonly pool: FramePool;
  readonly mac: Uint8Array | string;
  /** Such as '10.0.0.1/24' and 'fd00::1/64'. The first is what RDMA's GID 0 says. */
  readonly addresses: readonly string[];
  readonly gateways?: readonly string[];
  readonly random: Random;
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
  readonly pcie?: PcieProfile;
  readonly cpu?: CpuProfile;
  /** Bytes of each NUMA node. */
  readonly nodes?: readonly number[];
  /** Of the channel adapter; follows from the MAC unless given (trap 28: one that restarts needs a new one). */
  readonly guid?: bigint;
  /** Events that the ledger keeps; counters alone unless given. */
  readonly ledgerEvents?: number;
  /** A kernel with sockets, whose driver and card take all frames that are not RDMA's; without one the stack does at once. */
  readonly kernel?: KernelOptions;
  readonly tracer?: Tracer;
}

/** A machine: memory, RDMA device, stack, connection management, and cores with programs. */
export class Host implements Station, InterruptLine, Computer {
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
  readonly keys: KeyTable;
  readonly pcie: PcieLink;
  readonly dma: DmaEngine;
  readonly device: RdmaDevice;
  /** What takes frames that are no RDMA; InfiniBand has none. */
  readonly stack: HostStack | null;
  readonly cores: Cores;
  /** What programs that read memory wait for, where the processor's profile says it. */
  readonly channels: MemoryChannels | null;
  /** Sockets and what is below them, where the host was given a kernel. */
  readonly kernel: Kernel | null;
  readonly #services: GeneralServices | IwarpServices;
  readonly mtu: number;
  /** Its Ethernet port; InfiniBand has none. */
  readonly port: HostPort | null;
  readonly #port: Station;
  readonly #tenants: Tenant[] = [];

  constructor(options: HostOptions) {
    const { name, pool, random, wire = 'RoCE v2' } = options;
    const native = wire === 'IB';
    const mac = parsedMac(options.mac);
    this.name = name;
    this.pool = pool;
    this.random = random.fork(name);
    this.mtu = options.mtu ?? DEFAULT_MTU;
    this.ledger = new Ledger(options.ledgerEvents ?? 0);
    this.memory = new MachineMemory({ nodes: options.nodes ?? [MEMORY_BYTES] });
    this.space = new AddressSpace(this.memory, 'user', name);
    this.keys = new KeyTable(this.memory);
    this.pcie = new PcieLink(options.pcie ?? options.card?.pcie ?? pcieGen3x16);
    this.dma = new DmaEngine(this.pcie, this.ledger, this.ledger.actor('nic'));
    this.stack = native ? null : this.#newStack(options, mac);
    const guid = options.guid ?? guidOf(mac);
    this.device = new RdmaDevice({
      name: `${name} rdma`,
      pool,
      memory: new MemoryPort(this.keys, this.dma),
      profile: options.nic ?? (wire === 'iWARP' ? rnicProfile : rxeProfile),
      address: {
        mac,
        gids: this.stack ? roceGids(this.stack, wire) : [{ bytes: portGidOf(guid), type: wire }],
        lid: options.lid ?? 0,
        native,
      },
      neighbours: (gid) => this.stack?.lookup(this.now, gid),
      random: this.random.fork('rdma'),
      mtu: native ? IB_MTU : largestMtu(this.mtu),
      rate: options.rate ?? DEFAULT_RATE,
      ...(options.port && { port: options.port }),
      ...(options.tracer && { tracer: options.tracer }),
      ...(options.card && { timing: options.card.timing }),
      ...(wire === 'iWARP' && {
        transport: (device: RdmaDevice) => new Rnic(device, this.stack!, options.iwarp),
      }),
    });
    this.device.interrupts = this;
    const cpu = options.cpu ?? xeonHaswell;
    this.cores = new Cores(cpu, this.ledger);
    this.channels = cpu.memory ? new MemoryChannels(cpu.memory, this.memory.nodeCount) : null;
    const rate = options.rate ?? DEFAULT_RATE;
    const link = options.port ? { ...options.port, pool, rate } : null;
    this.kernel = this.#newKernel(options);
    const others = this.kernel ?? this.stack;
    this.port = others ? new HostPort(name, this.device, others, link) : null;
    this.#port = this.port ?? this.device;
    this.#services =
      this.device.transport instanceof Rnic
        ? this.#iwarpServices(this.device.transport)
        : new GeneralServices(this, guid, options);
  }

  #newStack(options: HostOptions, mac: Uint8Array): HostStack {
    const { addresses, gateways = [] } = options;
    const random = this.random.fork('stack');
    return new HostStack(this.name, this.pool, { mac, addresses, gateways, mtu: this.mtu, random });
  }

  #newKernel({ kernel, card }: HostOptions): Kernel | null {
    const { name, pool, memory, dma, ledger, cores, space, stack } = this;
    if (!kernel || !stack) return null;
    const machinery = { name, pool, memory, dma, ledger, cores, space, stack };
    return new Kernel(machinery, this.random.fork('kernel'), {
      nic: ethernetOf(card?.name),
      ...kernel,
    });
  }

  /** socket(2), of a host with a kernel. */
  socket(options?: SocketOptions): Socket {
    if (!this.kernel) throw new RangeError(`${this.name} has no kernel`);
    return new Socket(this.kernel, options);
  }

  #iwarpServices(rnic: Rnic): IwarpServices {
    const { icmp } = this.stack!;
    const others = icmp.onError;
    icmp.onError = (now, error) => rnic.icmpError(now, error) || (others?.(now, error) ?? false);
    return new IwarpServices(this, rnic);
  }

  /** @throws UsageError on an iWARP host, which has no queue pair 1 */
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

  /** Something lives in this host from now on; `settle` as of anything from outside. */
  attach(tenant: Tenant): void {
    this.#tenants.push(tenant);
  }

  /** Starts a program; who drives the host must be told (`settle`), as of anything from outside. */
  spawn(name: string, program: Program, options?: SpawnOptions): Thread {
    return this.cores.spawn(this.now, name, program, options);
  }

  /** A thread reads memory by machine address: its core, one of those shared evenly by the nodes, waits for the bytes. */
  read(thread: Thread, address: number, lengthBytes: number): Wait {
    const { channels, cores, memory } = this;
    if (channels === null) return thread.spend(0);
    const node = Math.floor((thread.core * memory.nodeCount) / cores.cores.length);
    return thread.spend(channels.read(thread.now, node, address, lengthBytes) - thread.now);
  }

  /** ibv_open_device of a thread: what it does is booked on its core. */
  open(thread: Thread): Context {
    return openDevice(this.device, this.space, thread.actor);
  }

  /** The device's interrupt for a completion queue; the core that serves it then wakes who waits. */
  interrupt(now: Nanos, cq: CompletionQueue): void {
    this.cores.interrupt(now, cq.compVector % this.cores.cores.length, servingOf(cq));
  }

  // Station

  // hot
  receive(now: Nanos, _port: number, slot: number): void {
    this.#tell(now);
    this.#port.receive(now, 0, slot);
    this.#settle(now);
  }

  // hot
  takeReady(): number {
    return this.#port.takeReady();
  }

  // hot
  transmit(now: Nanos, _port: number): number {
    this.#tell(now);
    return this.#port.transmit(now, 0);
  }

  /** A subnet manager told the port something. */
  portChanged(now: Nanos, view: PortView): void {
    this.#tell(now);
    portChanged(this.device, view);
  }

  // hot
  wakeAt(): Nanos {
    let at = earlier(
      this.#port.wakeAt(),
      earlier(this.cores.wakeAt(), this.#services.wakeAt(this.now)),
    );
    for (let i = 0; i < this.#tenants.length; i++) at = earlier(at, this.#tenants[i]!.wakeAt());
    return at;
  }

  expire(now: Nanos): void {
    this.#tell(now);
    if (this.#port.wakeAt() <= now) this.#port.expire(now);
    this.#services.expire(now);
    this.#settle(now);
  }

  // hot
  #tell(now: Nanos): void {
    this.now = now;
    this.device.now = now;
  }

  /** MADs to and from their manager, and programs, until neither has anything left to do at this instant. */
  // hot
  #settle(now: Nanos): void {
    this.#services.settle(now);
    this.kernel?.settle(now);
    while (this.cores.wakeAt() <= now || this.#isWanted(now)) {
      if (this.cores.wakeAt() <= now) this.cores.expire(now);
      for (let i = 0; i < this.#tenants.length; i++) this.#tenants[i]!.settle(now);
      this.#services.settle(now);
      this.kernel?.settle(now);
    }
  }

  // hot
  #isWanted(now: Nanos): boolean {
    for (let i = 0; i < this.#tenants.length; i++)
      if (this.#tenants[i]!.wakeAt() <= now) return true;
    return false;
  }
}
