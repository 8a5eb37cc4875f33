// A command's place in an NVMe/RDMA queue: its capsule, and the region under which the target reaches its data. What is
// small and written goes in the capsule, gathered from where it lies; all else is registered for each command under a new key.

import { HalvesLE } from '../../../../protocols/core/hex.js';
import { nvme } from '../../../../protocols/index.js';
import { SQE_SIZE } from '../../../../protocols/nvme/sqe-header.js';
import type { Segment } from '../../../block/index.js';
import {
  type Address,
  highHalf,
  type KeyTable,
  keyByte,
  keyIndex,
  keyOf,
  lowHalf,
  mapPages,
  PAGE_4K,
} from '../../../memory/index.js';
import { IBV_SEND_SIGNALED, type Mr, MutableSge, SendRequest } from '../../../rdma/index.js';
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
  /** Its SEND, gathered from the capsule and from the runs of data that go in it. */
  readonly send: SendRequest;
  readonly #parts: readonly MutableSge[];
  /** What registers its data, and what ends that where the target does not. */
  readonly register: SendRequest;
  readonly invalidate: SendRequest;
  /** It has a command under way. */
  busy = false;
  registered = false;
  /** What must still come before the command is over: SEND's completion, the answer, the end of an invalidation. */
  waits = 0;

  constructor(
    readonly command: Command,
    /** Where its capsule is. */
    addr: Address,
    readonly at: number,
    readonly mr: Mr,
    /** Keys of capsules and of all memory; identifiers of its requests. */
    keys: { readonly capsules: number; readonly data: number },
    ids: { readonly send: number; readonly invalidation: number },
  ) {
    const head = new MutableSge(addr, CAPSULE, keys.capsules);
    const data = Array.from({ length: INLINE_SEGMENTS }, () => new MutableSge(0, 0, keys.data));
    this.#parts = [head, ...data];
    this.send = new SendRequest('IBV_WR_SEND', ids.send, IBV_SEND_SIGNALED, [head]);
    this.register = new SendRequest('IBV_WR_REG_MR', ids.send, 0);
    this.register.regMr = { mr, key: mr.rkey, access: RIGHTS };
    this.invalidate = new SendRequest('IBV_WR_LOCAL_INV', ids.invalidation, IBV_SEND_SIGNALED);
  }

  get index(): number {
    return this.command.tag;
  }

  /** Fills in where the data is: behind the capsule where so little goes in it, under a new key otherwise. */
  // hot
  point(b: Uint8Array, keys: KeyTable, inlineBytes: number): void {
    const { length, direction, segments } = this.command;
    const sglAt = this.at + SGL_AT;
    this.registered = false;
    this.send.sgList.length = 1;
    if (length === 0) return SGLKeyed.set.type(b, sglAt, KEYED);
    const fits = length <= inlineBytes && segments.length <= INLINE_SEGMENTS;
    if (direction === 'from-host' && fits) {
      SGLDataBlock.set.length(b, sglAt, length);
      SGLDataBlock.set.subtype(b, sglAt, OFFSET);
      return this.#gather(segments);
    }
    const start = segments[0]!.address;
    const key = this.#newKey(keys, start);
    this.register.regMr!.key = key;
    HalvesLE.set.high(b, sglAt + SGLKeyed.at.addr, highHalf(start));
    HalvesLE.set.low(b, sglAt + SGLKeyed.at.addr, lowHalf(start));
    SGLKeyed.set.length(b, sglAt, length);
    SGLKeyed.set.key(b, sglAt, key);
    SGLKeyed.set.type(b, sglAt, KEYED);
    SGLKeyed.set.subtype(b, sglAt, INVALIDATE);
    this.registered = true;
  }

  // hot
  #gather(segments: readonly Segment[]): void {
    const { sgList } = this.send;
    for (let i = 0; i < segments.length; i++) {
      const part = this.#parts[i + 1]!;
      part.addr = segments[i]!.address;
      part.length = segments[i]!.length;
      sgList.push(part);
    }
  }

  /** A key that was not used lately, over the pages of the data (nvme_rdma_map_sg_fr). */
  // hot
  #newKey(keys: KeyTable, start: number): number {
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
