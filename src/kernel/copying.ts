// What copies of a kernel take: so many cycles a byte on the core that works, and more for memory of another node than its own.

import type { Cores } from '../cpu/index.js';
import {
  type Actor,
  type Copier,
  type FarMemory,
  type Ledger,
  stillCached,
} from '../memory/index.js';
import { type CpuBill, DATA_COPY } from './category.js';
import type { KernelProfile } from './profile.js';

const BITS = 8;

export class Copying implements Copier {
  core = 0 as Actor;
  bitsPerSecond = 1;
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
    const { nodes, profile } = this.cores;
    if (nodes !== null) {
      this.far ??= { node: 0, nsPerByte: nodes.farNsPerByte, ns: 0 };
      this.far.node = nodes.nodeOf(this.bill.core);
    }
    this.core = core;
    this.bitsPerSecond = (BITS * profile.hertz) / cyclesPerByte;
    return this;
  }

  /** Cycles a byte to the user, of bytes behind which devices have written so many since. */
  // hot
  outCycles(profile: KernelProfile, writtenSince: number, remote: boolean): number {
    const { ddio, memory } = this.cores.profile;
    const cached = ddio ? stillCached(ddio, writtenSince) : 0;
    // A copy waits for lines of memory, as many at once as the core can have under way.
    const farther = remote && memory ? 1 + memory.remoteNs / memory.latencyNs : 1;
    const missed = profile.copyOutMissed * farther;
    return missed + cached * ((remote ? profile.copyOutRemote : profile.copyOutCached) - missed);
  }

  /** What the last copy waited for memory of another node is charged. */
  // hot
  chargeFar(): void {
    if (this.far !== undefined) this.bill.chargeNs(DATA_COPY, this.far.ns);
  }
}
