// What copies of a kernel take: so many cycles a byte on the core that works, and more for memory of another node than its own.

import type { Cores, Thread } from '../cpu/index.js';
import {
  type Actor,
  type Copier,
  copyPhysical,
  type FarMemory,
  type Ledger,
  lookAtCache,
} from '../memory/index.js';
import { type CpuBill, DATA_COPY } from './category.js';
import type { Kernel } from './kernel.js';
import type { KernelProfile } from './profile.js';

const BITS = 8;

/** What the kernel knows of what came. */
interface Received {
  readonly card: { readonly receivedBytes: number };
  readonly parts: { readonly profile: KernelProfile };
}

export class Copying implements Copier {
  core = 0 as Actor;
  bitsPerSecond = 0.5;
  cyclesPerByte = 0.5;
  /** Of what is to be copied, that is in the cache. */
  part = 0.5;
  far: FarMemory | undefined;
  readonly ledger: Ledger;

  constructor(
    readonly cores: Cores,
    readonly bill: CpuBill,
  ) {
    this.ledger = cores.ledger;
  }

  /** A core that copies at so many cycles a byte. */
  // hot
  at(core: Actor, cyclesPerByte: number): Copier {
    this.#far();
    this.core = core;
    this.cyclesPerByte = cyclesPerByte;
    this.bitsPerSecond = (BITS * this.cores.profile.hertz) / cyclesPerByte;
    return this;
  }

  /** A core that copies to the user what the card wrote when it had received so many bytes: the cache keeps the latest. */
  // hot
  out(core: Actor, { card, parts }: Received, stamp: number, remote: boolean): Copier {
    const { profile } = parts;
    const { ddio, memory, hertz } = this.cores.profile;
    this.part = 0;
    if (ddio) lookAtCache(ddio, card.receivedBytes - stamp, this);
    // A copy waits for lines of memory, as many at once as the core can have under way.
    const farther = remote && memory ? 1 + memory.remoteNs / memory.latencyNs : 1;
    const missed = profile.copyOutMissed * farther;
    const cached = remote ? profile.copyOutRemote : profile.copyOutCached;
    this.#far();
    this.core = core;
    this.cyclesPerByte = missed + this.part * (cached - missed);
    this.bitsPerSecond = (BITS * hertz) / this.cyclesPerByte;
    return this;
  }

  // hot
  #far(): void {
    const { nodes } = this.cores;
    if (nodes === null) return;
    this.far ??= { node: 0, nsPerByte: nodes.farNsPerByte, ns: 0 };
    this.far.node = nodes.nodeOf(this.bill.core);
  }

  /** What the copy of so many bytes is charged. */
  // hot
  charge(length: number): void {
    this.bill.charge(DATA_COPY, this.cyclesPerByte * length);
    this.chargeFar();
  }

  /** What the last copy waited for memory of another node is charged. */
  // hot
  chargeFar(): void {
    if (this.far !== undefined) this.bill.chargeNs(DATA_COPY, this.far.ns);
  }
}

/** A thread of the kernel copies between two places of the machine's memory, and its core's bill has it; at the price of `by`. */
export function copyOnBill(
  { copying, memory }: Kernel,
  thread: Thread,
  by: Copier,
  from: number,
  to: number,
  length: number,
): void {
  copyPhysical(thread.now, by, memory, from, to, length);
  copying.charge(length);
}
