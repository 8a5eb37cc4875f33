// Work requests as they are posted to a send queue, and one that is kept and posted again and again.

import type { WrOpcode } from './constant.js';
import type { Address } from './memory-parts.js';
import type { Ah, Mr, Mw } from './objects.js';
import type { SgeInput } from './receive-queue.js';

/** Memory of the peer. */
export interface RemoteMemory {
  readonly remoteAddr: Address;
  readonly rkey: number;
}

/** What REG_MR registers, under which key, for what. */
export interface Registration {
  readonly mr: Mr;
  readonly key: number;
  readonly access: number;
}

/** struct ibv_send_wr. */
export interface SendWr {
  readonly wrId?: number;
  readonly opcode: WrOpcode;
  readonly sgList?: readonly SgeInput[];
  /** IBV_SEND_INLINE: the bytes themselves, in place of a scatter-gather list. */
  readonly inlineData?: Uint8Array;
  readonly sendFlags?: number;
  readonly immData?: number;
  readonly invalidateRkey?: number;
  readonly rdma?: RemoteMemory | undefined;
  readonly atomic?: {
    readonly remoteAddr: bigint;
    readonly rkey: number;
    readonly compareAdd: bigint;
    readonly swap?: bigint;
  };
  readonly ud?: { readonly ah: Ah; readonly remoteQpn: number; readonly remoteQkey: number };
  readonly bindMw?: {
    readonly mw: Mw;
    readonly rkey: number;
    readonly mr: Mr;
    readonly addr: bigint;
    readonly length: number;
    readonly access: number;
  };
  readonly regMr?: Registration | undefined;
  /** FLUSH: bytes, placement (1 global, 2 persistent) and level (0 range, 1 region). */
  readonly flush?: { readonly length: number; readonly type: number; readonly level: number };
  readonly atomicWrite?: bigint;
  readonly xrcSrqn?: number;
}

/** An entry of a scatter-gather list that is filled in again. */
export class MutableSge implements SgeInput {
  constructor(
    public addr: Address,
    public length: number,
    public lkey: number,
  ) {}
}

/**
 * A work request that its owner keeps: nothing is allocated when it is posted again, and all of them have one shape,
 * whatever they ask for, so that the compiler knows where their fields are.
 */
export class SendRequest implements SendWr {
  immData = 0;
  invalidateRkey = 0;
  rdma: { remoteAddr: Address; rkey: number } | undefined = undefined;
  regMr: { readonly mr: Mr; key: number; readonly access: number } | undefined = undefined;

  constructor(
    public opcode: WrOpcode,
    public wrId: number,
    public sendFlags: number,
    readonly sgList: MutableSge[] = [],
  ) {}
}
