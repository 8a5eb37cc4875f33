// What an experiment's file says, as its schema lets it through.

import type { BlockPattern } from '../../apps/blockjob/index.js';
import type { PathName } from '../../apps/compare/index.js';
import type { FaultText } from '../../scenario/fault-text.js';
import type { Quantity } from '../../scenario/quantity.js';
import type { TopologyText } from '../../scenario/topology-file.js';
import type { FabricKind } from '../../world/fabric.js';
import type { ProfileText } from './profile-value.js';

export type TransportName = PathName;

/** Of hosts: 'all' is what every host has that does not say otherwise. */
export interface HostText {
  readonly cpu?: ProfileText;
  readonly nic?: ProfileText;
  readonly pcie?: ProfileText;
  readonly memory?: Quantity;
  readonly nodes?: number;
  readonly 'slot-node'?: number;
  readonly kernel?: ProfileText;
}

/** How the transport is set up; what is left out is as Linux and the cards have it. */
export interface OptionsText {
  readonly mtu?: number;
  readonly tso?: boolean;
  readonly gro?: boolean;
  readonly arfs?: boolean;
  readonly coalesce?: Quantity | 'adaptive';
  readonly 'busy-poll'?: Quantity;
  readonly congestion?: 'cubic' | 'reno' | 'dctcp';
}

export interface FabricText {
  readonly topology?: TopologyText;
  readonly 'topology-file'?: string;
  readonly kind?: FabricKind;
  readonly ipv6?: boolean;
}

/** A test of perftest's, or of tcptest's; names are those of `wireverbs perftest`. */
export interface TestText {
  readonly test: string;
  readonly from?: string;
  readonly to?: string;
  readonly size?: Quantity;
  readonly [option: string]: unknown;
}

/** fio's job; names are fio's where it has one. */
export interface BlockText {
  readonly rw: BlockPattern;
  readonly from?: string;
  readonly 'block-size'?: Quantity | readonly Quantity[];
  readonly depth?: number;
  readonly jobs?: number;
  readonly 'read-percent'?: number;
  readonly area?: Quantity;
  readonly think?: Quantity;
  readonly operations?: number;
  readonly bytes?: Quantity;
  readonly duration?: Quantity;
  readonly 'warm-up'?: number;
  readonly 'flush-every'?: number;
  readonly fua?: boolean;
  readonly verify?: boolean;
}

/** What serves the disk, and on what it lies. */
export interface PoolText {
  readonly host?: string;
  readonly nodes?: number;
  readonly replicas?: number;
  readonly backend?: 'memory' | 'file' | 'nbd';
  readonly thin?: boolean;
  readonly clone?: boolean;
  readonly 'snapshot-every'?: Quantity;
  readonly limits?: {
    readonly iops?: number;
    readonly bandwidth?: Quantity;
    readonly burst?: Quantity;
  };
  readonly volume?: Quantity;
  readonly media?: ProfileText;
  readonly queues?: number;
  readonly entries?: number;
  readonly digests?: boolean;
}

/** How a program has its disk: of the host itself, or in a VM in one of four ways. */
export const deviceNames = ['host', 'emulated', 'virtio', 'vf', 'passthrough'] as const;
export type DeviceName = (typeof deviceNames)[number];
export const placementNames = ['pinned', 'shared'] as const;
export type PlacementName = (typeof placementNames)[number];

/** The VM that the program runs in, and those beside it. */
export interface VmsText {
  readonly device?: DeviceName;
  readonly placement?: PlacementName;
  readonly vcpus?: number;
  readonly memory?: Quantity;
  readonly pages?: Quantity;
  readonly node?: number;
  readonly cores?: readonly number[];
  readonly profile?: ProfileText;
  readonly neighbours?: number;
  readonly load?: number;
}

export interface WorkloadText {
  readonly block?: BlockText;
  readonly perftest?: TestText;
  readonly tcp?: TestText;
}

/** One of several workloads at once: what runs, and in which VM, or in how many. */
export interface TaskText extends WorkloadText {
  readonly name?: string;
  readonly count?: number;
  readonly background?: boolean;
  /** Where it differs from 'vms'. */
  readonly vm?: Omit<VmsText, 'neighbours' | 'load'>;
}

/** One combination of everything. */
export interface PointText {
  readonly experiment: string;
  readonly about?: string;
  readonly seed?: number;
  readonly transport?: TransportName;
  readonly options?: OptionsText;
  readonly fabric?: FabricText;
  readonly hosts?: Readonly<Record<string, HostText>>;
  readonly vms?: VmsText;
  readonly pool?: PoolText;
  readonly workload: WorkloadText | readonly TaskText[];
  readonly faults?: readonly FaultText[];
  readonly end?: Quantity;
}

/** Values by path, such as 'workload.perftest.size': every combination of them is a point. */
export type SweepText = Readonly<Record<string, readonly unknown[]>>;

export interface ExperimentText extends PointText {
  readonly sweep?: SweepText | readonly SweepText[];
  /** Combinations that are left out: all that have these values, or one of several. */
  readonly except?: readonly Readonly<Record<string, unknown>>[];
}
