// What programs need of the machine that they run on: verbs, sockets, memory, cores. A host is one, and so is what a guest
// takes for one; programs that are written against it run on both unchanged.

import type { Cores, Program, SpawnOptions, Thread, Wait } from '../cpu/index.js';
import type { Rnic } from '../iwarp/index.js';
import type { Kernel, Socket, SocketOptions } from '../kernel/index.js';
import type { AddressSpace, KeyTable, Ledger, PhysicalMemory } from '../memory/index.js';
import type { RdmaCm } from '../rdma/cm/index.js';
import type { Context, RdmaDevice } from '../rdma/index.js';
import type { HostStack } from '../stack/index.js';
import type { Nanos, Random } from '../time/index.js';
import type { GeneralServices } from './general-services.js';

export interface Computer {
  readonly name: string;
  readonly random: Random;
  /** The last instant that it was told of. */
  readonly now: Nanos;
  /** Of the whole machine, all its guests included. */
  readonly ledger: Ledger;
  readonly memory: PhysicalMemory;
  /** Of the process that programs share, unless they make their own. */
  readonly space: AddressSpace;
  readonly cores: Cores;
  /** What takes frames that are no RDMA; InfiniBand has none. */
  readonly stack: HostStack | null;
  /** Sockets and what is below them, where there is one. */
  readonly kernel: Kernel | null;
  readonly mtu: number;
  /** Its RDMA device, and what belongs to that. @throws UsageError where there is none */
  readonly device: RdmaDevice;
  readonly keys: KeyTable;
  readonly rdmaCm: RdmaCm;
  /** @throws UsageError on an iWARP machine, which has no queue pair 1 */
  readonly services: GeneralServices;
  /** iWARP in its NIC; null over other wires. */
  readonly rnic: Rnic | null;
  /** Starts a program; who drives the host must be told (`settle`), as of anything from outside. */
  spawn(name: string, program: Program, options?: SpawnOptions): Thread;
  /** ibv_open_device of a thread: what it does is booked on its core. */
  open(thread: Thread): Context;
  /** socket(2). @throws RangeError without a kernel */
  socket(options?: SocketOptions): Socket;
  /** A thread reads memory by machine address: its core waits for the bytes. */
  read(thread: Thread, address: number, lengthBytes: number): Wait;
}

/** What lives in a host beside its own parts, such as a virtual machine. */
export interface Tenant {
  wakeAt(): Nanos;
  /** Does all that is due at this instant. */
  settle(now: Nanos): void;
}
