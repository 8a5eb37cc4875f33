// A command's place in an NVMe/RDMA queue: its capsule, and the region under which the target reaches its data. What is
// small and written goes in the capsule, gathered from where it lies; all else is registered for each command under a new key.

import { nvme } from '../../../../protocols/index.js';
import { SQE_SIZE } from '../../../../protocols/nvme/sqe-header.js';
import type { Segment } from '../../../block/index.js';
import {
  type KeyTable,
  keyByte,
  keyIndex,
  keyOf,
  mapPages,
  PAGE_4K,
} from '../../../memory/index.js';
import { IBV_SEND_SIGNALED, type Mr, type SendWr, type SgeInput } from '../../../rdma/index.js';
import { SGL_AT } from '../tcp/sgl.js';
import type { Command } from './command.js';

const { SGLDataBlock, SGLKeyed } = nvme;

const OFFSET = 1;
const KEYED = 4;
const INVALIDATE = 15;
/** Local write, remote write and remote read. */
const RIGHTS = 7;
const KEY_BYTES = 256;
/** Runs of data that a capsule gathers (NVME_RDMA_MAX_INLINE_SEGMENTS). */
export const INLINE_SEGMENTS = 4;

/** Bytes of a capsule, without the data in it. */
export const CAPSULE = SQE_SIZE;

export class RdmaPlace {
  /** Its SEND, and the capsule's part of it; data in the capsule is added for each. */
  readonly send: SendWr;
  readonly head: SgeInput;
  /** It has a command under way. */
  busy = false;
  registered = false;
  /** What must still come before the command is over: SEND's completion, the answer, the end of an invalidation. */
  waits = 0;

  constructor(
    readonly command: Command,
    /** Where its capsule is. */
    readonly addr: bigint,
    readonly at: number,
    readonly mr: Mr,
    lkey: number,
    wrId: number,
  ) {
    this.head = { addr, length: CAPSULE, lkey };
    const sendFlags = IBV_SEND_SIGNALED;
    this.send = { wrId, opcode: 'IBV_WR_SEND', sgList: [this.head], sendFlags };
  }

  get index(): number {
    return this.command.tag;
  }

  /** Fills in where the data is, and adds what must be posted first. True: the data goes in the capsule. */
  // hot
  point(b: Uint8Array, keys: KeyTable, inlineBytes: number, wrId: number, wrs: SendWr[]): boolean {
    const { length, direction, segments } = this.command;
    const sglAt = this.at + SGL_AT;
    this.registered = false;
    if (length === 0) {
      SGLKeyed.set.type(b, sglAt, KEYED);
      return false;
    }
    const fits = length <= inlineBytes && segments.length <= INLINE_SEGMENTS;
    if (direction === 'from-host' && fits) {
      SGLDataBlock.set.length(b, sglAt, length);
      SGLDataBlock.set.subtype(b, sglAt, OFFSET);
      return true;
    }
    const start = BigInt(segments[0]!.address);
    const key = this.#newKey(keys, start);
    wrs.push({ wrId, opcode: 'IBV_WR_REG_MR', regMr: { mr: this.mr, key, access: RIGHTS } });
    SGLKeyed.set.addr(b, sglAt, start);
    SGLKeyed.set.length(b, sglAt, length);
    SGLKeyed.set.key(b, sglAt, key);
    SGLKeyed.set.type(b, sglAt, KEYED);
    SGLKeyed.set.subtype(b, sglAt, INVALIDATE);
    this.registered = true;
    return false;
  }

  /** A key that was not used lately, over the pages of the data (nvme_rdma_map_sg_fr). */
  // hot
  #newKey(keys: KeyTable, start: bigint): number {
    const { mr, command } = this;
    const { segments, length } = command;
    mapPages(
      keys,
      mr.region,
      pagesOf(segments),
      PAGE_4K,
      segments[0]!.address % PAGE_4K,
      length,
      start,
    );
    return keyOf(keyIndex(mr.rkey), (keyByte(mr.rkey) + 1) % KEY_BYTES);
  }
}

/** The pages of runs that have gaps at their two ends only. */
function pagesOf(segments: readonly Segment[]): number[] {
  const pages: number[] = [];
  for (let i = 0; i < segments.length; i++) {
    const { address, length } = segments[i]!;
    const first = address - (address % PAGE_4K);
    // A run that goes on in the page of the one before it has that page already.
    const from = pages.at(-1) === first ? first + PAGE_4K : first;
    for (let page = from; page < address + length; page += PAGE_4K) pages.push(page);
  }
  return pages;
}
