// The consumer's objects of libibverbs that are more than the device's own records: context, protection domain,
// regions, windows, shared receive queues, address handles.

import type { CompletionQueue } from './completion-queue.js';
import type { RdmaDevice } from './device.js';
import type { Actor, AddressSpace, ProtectionDomain, Region, Window } from './memory-parts.js';
import type { ReceiveQueue } from './receive-queue.js';

/** struct ibv_context: a process that has opened a device. */
export class Context {
  constructor(
    readonly device: RdmaDevice,
    readonly space: AddressSpace,
    /** The core that the process runs on, for the ledger. */
    readonly core: Actor,
  ) {}
}

/** struct ibv_pd */
export class Pd {
  constructor(
    readonly context: Context,
    readonly domain: ProtectionDomain,
  ) {}
}

/** struct ibv_mr */
export class Mr {
  constructor(
    readonly pd: Pd,
    readonly region: Region,
    readonly addr: bigint,
    readonly length: number,
  ) {}

  get lkey(): number {
    return this.region.lkey;
  }

  get rkey(): number {
    return this.region.rkey;
  }
}

/** struct ibv_mw */
export class Mw {
  constructor(
    readonly pd: Pd,
    readonly window: Window,
  ) {}

  get rkey(): number {
    return this.window.rkey;
  }
}

/** struct ibv_srq */
export class Srq {
  constructor(
    readonly pd: Pd,
    readonly queue: ReceiveQueue,
    /** Of an XRC shared queue: where its completions go. */
    readonly cq: CompletionQueue | null,
  ) {}

  /** The number that XRC requests name. */
  get srqNum(): number {
    return this.queue.handle;
  }
}

/** struct ibv_ah */
export class Ah {
  constructor(
    readonly pd: Pd,
    readonly handle: number,
  ) {}
}
