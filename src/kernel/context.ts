// What the parts of a kernel share: the machine that it runs on, its options, its profile and the bill of its cores.

import type { Cores, InterruptWork } from '../cpu/index.js';
import type { FramePool } from '../frame/index.js';
import type { AddressSpace, DmaEngine, Ledger, PhysicalMemory } from '../memory/index.js';
import type { HostStack } from '../stack/index.js';
import type { CongestionName, TcpOptions, TcpStack } from '../tcp/index.js';
import type { Nanos } from '../time/index.js';
import type { NetCard } from './card.js';
import type { CpuBill } from './category.js';
import type { Kernel } from './kernel.js';
import type { Loopback } from './loopback.js';
import type { PagePool } from './page-pool.js';
import type { EthernetProfile, KernelProfile } from './profile.js';
import type { EthernetEngine } from './transmit-queue.js';

/** The machine that a kernel is put on. */
export interface Machinery {
  readonly name: string;
  /** Of frames on the wire. */
  readonly pool: FramePool;
  readonly memory: PhysicalMemory;
  readonly dma: DmaEngine;
  readonly ledger: Ledger;
  readonly cores: Cores;
  /** Of the process that the host's programs share. */
  readonly space: AddressSpace;
  readonly stack: HostStack;
  /** Where the card's interrupts go: to the cores, unless it is a guest that they must reach. */
  readonly interrupts: {
    interrupt(now: Nanos, index: number, work: InterruptWork): void;
  };
}

/** What can be switched; Linux's defaults unless given. */
export interface KernelOptions {
  readonly profile?: KernelProfile;
  readonly nic?: EthernetProfile;
  /** Another card than the Ethernet one of `nic`: made for the kernel that is being made. */
  readonly card?: (kernel: Kernel) => NetCard;
  /** Of the card's other functions, which share it. */
  readonly engine?: EthernetEngine;
  /** Pairs of queues; one a core, eight at most, unless given. */
  readonly queues?: number;
  /** Core of each queue's interrupt; queue i is served by core i unless given. */
  readonly affinity?: readonly number[];
  readonly ringEntries?: number;
  /** The card cuts segments (TSO); the kernel does, as late as it can (GSO); frames are merged (GRO). */
  readonly tso?: boolean;
  readonly gso?: boolean;
  readonly gro?: boolean;
  /** The card merges frames itself (LRO); off unless given, as in Linux. */
  readonly lro?: boolean;
  /** The card makes and checks checksums. */
  readonly txChecksum?: boolean;
  readonly rxChecksum?: boolean;
  /** Frames of a flow interrupt the core on which their program runs. */
  readonly arfs?: boolean;
  /** Flows without a rule: by their hash (RSS), or to each queue in turn, as ntuple rules of an experiment have it. */
  readonly steering?: 'rss' | 'in turn';
  /** Microseconds, 'adaptive', or the card's own unless given. */
  readonly coalesce?: number | 'adaptive';
  readonly coalesceFrames?: number;
  /** Microseconds that a call polls the card before it sleeps (net.core.busy_read). */
  readonly busyPoll?: number;
  readonly congestion?: CongestionName;
  /** net.ipv4.tcp_ecn: never, when a peer asks, or always; 'accept' unless given. */
  readonly ecn?: TcpOptions['ecn'];
  /** net.ipv4.tcp_rmem and tcp_wmem: least, first and largest buffer. */
  readonly receiveBytes?: readonly [number, number, number];
  readonly sendBytes?: readonly [number, number, number];
  /** Memory for socket buffers. */
  readonly bufferBytes?: number;
}

export interface KernelParts extends Machinery {
  readonly loopback: Loopback;
  readonly profile: KernelProfile;
  readonly bill: CpuBill;
  readonly tcp: TcpStack;
  readonly options: KernelOptions;
  /** Headers, text of users, and received frames. */
  readonly heads: PagePool;
  readonly pages: PagePool;
  readonly buffers: PagePool;
}
