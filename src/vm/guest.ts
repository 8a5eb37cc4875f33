// The machine that a guest takes for its own, as programs see it: memory that it knows by guest-physical addresses, cores
// that stand still while its virtual CPUs do, and whatever devices it was given.

import type { Thread, Wait } from '../cpu/index.js';
import { Cores, type InterruptWork, type Program, type SpawnOptions } from '../cpu/index.js';
import type { Computer, GeneralServices, Host } from '../host/index.js';
import type { Rnic } from '../iwarp/index.js';
import { type Kernel, Socket, type SocketOptions } from '../kernel/index.js';
import {
  AddressSpace,
  type KeyTable,
  type Ledger,
  PAGE_WALK,
  UsageError,
} from '../memory/index.js';
import type { RdmaCm } from '../rdma/cm/index.js';
import { type Context, openDevice, type RdmaDevice } from '../rdma/index.js';
import type { HostStack } from '../stack/index.js';
import type { Nanos, Random } from '../time/index.js';
import type { GuestMemory } from './guest-memory.js';
import { GuestTable } from './guest-table.js';
import type { VmProfile } from './profile.js';

/** What a guest has on a network, through whichever device. */
export interface GuestNetwork {
  readonly stack: HostStack | null;
  readonly kernel: Kernel | null;
  readonly mtu: number;
  readonly device: RdmaDevice | null;
  readonly keys: KeyTable | null;
  readonly rdmaCm: RdmaCm | null;
  readonly services: GeneralServices | null;
  readonly rnic: Rnic | null;
}

const NOTHING: GuestNetwork = {
  stack: null,
  kernel: null,
  mtu: 1500,
  device: null,
  keys: null,
  rdmaCm: null,
  services: null,
  rnic: null,
};

export class Guest implements Computer {
  readonly random: Random;
  /** Of the process that programs share: its page table, and the TLB in front of it. */
  readonly table: GuestTable;
  readonly space: AddressSpace;
  readonly cores: Cores;
  /** What it was given; whoever gives it sets this. */
  network: GuestNetwork = NOTHING;
  readonly #host: Host;

  constructor(
    host: Host,
    readonly name: string,
    readonly memory: GuestMemory,
    vcpus: number,
    tlb: VmProfile['tlb'],
  ) {
    this.#host = host;
    this.random = host.random.fork(name);
    this.table = new GuestTable(memory, tlb);
    this.space = new AddressSpace(memory, 'user', name, this.table);
    // A guest halts by leaving its core: what idle states take is the host's.
    const profile = { ...host.cores.profile, cores: vcpus, idleExitNs: 0, idleWakeNs: 0 };
    this.cores = new Cores(profile, host.ledger, `${name} cpu`);
    const nsPerReference = (tlb.referenceCycles * 1e9) / profile.hertz;
    this.table.walked = (references) => this.#walked(references * nsPerReference);
  }

  /** A walk took so much longer than on a machine without a second stage: whoever acts waits for it. */
  #walked(ns: number): void {
    const { acting } = this.cores;
    if (acting === null) return;
    this.cores.charge(ns);
    this.ledger.record(this.now, acting.actor, PAGE_WALK, 0, ns, 0);
  }

  /** The node on which a virtual CPU is now. */
  nodeOf: (vcpu: number) => number = () => 0;

  get now(): Nanos {
    return this.#host.now;
  }

  get ledger(): Ledger {
    return this.#host.ledger;
  }

  get stack(): HostStack | null {
    return this.network.stack;
  }

  get kernel(): Kernel | null {
    return this.network.kernel;
  }

  get mtu(): number {
    return this.network.mtu;
  }

  get device(): RdmaDevice {
    return this.#having(this.network.device, 'RDMA device');
  }

  get keys(): KeyTable {
    return this.#having(this.network.keys, 'RDMA device');
  }

  get rdmaCm(): RdmaCm {
    return this.#having(this.network.rdmaCm, 'RDMA device');
  }

  get services(): GeneralServices {
    return this.#having(this.network.services, 'general services');
  }

  get rnic(): Rnic | null {
    return this.network.rnic;
  }

  #having<T>(what: T | null, name: string): T {
    if (what === null) throw new UsageError('EOPNOTSUPP', `${this.name} has no ${name}`);
    return what;
  }

  spawn(name: string, program: Program, options?: SpawnOptions): Thread {
    return this.cores.spawn(this.now, name, program, options);
  }

  open(thread: Thread): Context {
    return openDevice(this.device, this.space, thread.actor);
  }

  socket(options?: SocketOptions): Socket {
    if (!this.kernel) throw new RangeError(`${this.name} has no kernel`);
    return new Socket(this.kernel, options);
  }

  read(thread: Thread, address: number, lengthBytes: number): Wait {
    const machine = this.memory.translate(address);
    return this.#host.readFrom(thread, this.nodeOf(thread.core), machine, lengthBytes);
  }

  /** Code of the guest's kernel that runs on this virtual CPU before any thread: an interrupt's handler. */
  interrupt(now: Nanos, vcpu: number, work: InterruptWork): void {
    this.cores.interrupt(now, vcpu, work);
  }
}
