// The device's way to memory: every access by key is checked by the key table, then moved by DMA; the device's own
// rings are reached by machine address. Nothing else in this folder touches memory on the device's behalf.

import type { Nanos } from '../time/index.js';
import {
  type Actor,
  COPY,
  type DmaEngine,
  type Hold,
  IBV_ACCESS_LOCAL_WRITE,
  type KeyTable,
  LOCAL_READ,
  type MemoryVerdict,
  type ProtectionDomain,
  physicalTranslation,
  type Region,
  type Translation,
  type WordOperation,
} from './memory-parts.js';
import type { NicCaches } from './nic-caches.js';
import type { SgeList } from './work-request.js';

const WORD = 2 ** 32;
/** A register of 64 bits, as such devices have them. */
const DOORBELL_BYTES = 8;
const ATOMIC_BYTES = 8;

export class MemoryPort {
  /** What was read since `begin` has come, and what was written is visible, at these instants. */
  arrived = 0;
  visible = 0;
  /** Nanoseconds that what comes next waits for tables that were not at hand. */
  delay = 0;
  /** An atomic operation was carried out. */
  atomic = false;
  /** Of a device that takes time. */
  caches: NicCaches | null = null;
  #lastVisible = 0;
  readonly #physical: Translation;

  constructor(
    readonly keys: KeyTable,
    readonly dma: DmaEngine,
  ) {
    this.#physical = physicalTranslation(keys.memory);
  }

  /** From here on `arrived`, `visible` and `delay` tell of one piece of work. */
  // hot
  begin(now: Nanos): void {
    this.arrived = now;
    this.visible = now;
    this.delay = 0;
    this.atomic = false;
  }

  /** Something that the work needs comes at this instant. */
  // hot
  came(at: number): void {
    if (at + this.delay > this.arrived) this.arrived = at + this.delay;
  }

  /** Everything that follows in this work waits until then. */
  // hot
  await(now: Nanos, at: number): void {
    if (at - now > this.delay) this.delay = at - now;
    if (at > this.arrived) this.arrived = at;
  }

  /** Bytes of a ring at a machine address; when they have come. */
  // hot
  readRing(now: Nanos, address: number, length: number, into: Uint8Array, at: number): Nanos {
    return this.dma.read(now, this.#physical, address, length, into, at);
  }

  // hot
  writeRing(now: Nanos, address: number, length: number, from: Uint8Array, at: number): void {
    this.dma.write(now, this.#physical, address, from, at, at + length);
  }

  /** The link carries a write to a ring that `landRing` makes when it is visible. */
  // hot
  sendRing(now: Nanos, address: number, length: number): Nanos {
    return this.dma.send(now, this.#physical, address, length);
  }

  // hot
  landRing(now: Nanos, sent: number, address: number, from: Uint8Array, length: number): void {
    this.dma.land(now, now - sent, this.#physical, address, from, length);
  }

  /** What the last `keys.check` allowed. */
  // hot
  readChecked(now: Nanos, length: number, into: Uint8Array, at: number): void {
    const { region, translation, offset } = this.keys;
    this.#read(now, region, translation, offset, length, into, at);
  }

  // hot
  writeChecked(now: Nanos, length: number, from: Uint8Array, at: number): void {
    const { region, translation, offset } = this.keys;
    this.#write(now, region, translation, offset, length, from, at);
  }

  /** Bytes of a message from `position` on, which the hold reaches. */
  // hot
  writeHeld(
    now: Nanos,
    hold: Hold,
    position: number,
    length: number,
    from: Uint8Array,
    at: number,
  ): void {
    const offset = hold.offset + position - hold.from;
    this.#write(now, hold.region, hold.translation!, offset, length, from, at);
  }

  // hot
  #read(
    now: Nanos,
    region: Region | null,
    translation: Translation,
    offset: number,
    length: number,
    into: Uint8Array,
    at: number,
  ): void {
    if (this.caches !== null) this.walk(now, region, translation, offset, length);
    const came = now + this.dma.readNs(now, translation, offset, length, into, at) + this.delay;
    if (came > this.arrived) this.arrived = came;
  }

  // hot
  #write(
    now: Nanos,
    region: Region | null,
    translation: Translation,
    offset: number,
    length: number,
    from: Uint8Array,
    at: number,
  ): void {
    if (this.caches !== null) this.walk(now, region, translation, offset, length);
    const took = this.dma.writeNs(now, translation, offset, from, at, at + length);
    const seen = now + took + this.delay;
    if (seen > this.#lastVisible) this.#lastVisible = seen;
    this.visible = this.#lastVisible;
  }

  /** An atomic operation on the word that a peer names; what it held is in `dma.originalHigh` and `Low`. */
  // hot
  change(
    now: Nanos,
    qp: { readonly pd: ProtectionDomain; readonly qpn: number },
    rkey: number,
    vaHigh: number,
    vaLow: number,
    right: number,
    operation: WordOperation,
  ): MemoryVerdict {
    const { keys, dma } = this;
    const verdict = keys.check(rkey, qp.pd, qp.qpn, vaHigh, vaLow, ATOMIC_BYTES, right);
    if (verdict !== 'allowed') return verdict;
    this.walk(now, keys.region, keys.translation, keys.offset, ATOMIC_BYTES);
    this.atomic = true;
    this.came(dma.atomic(now, keys.translation, keys.offset, operation));
    return verdict;
  }

  /** Posted writes become visible in order, also behind one that had to wait for its tables. */
  // hot
  inOrder(at: number): number {
    if (at > this.#lastVisible) this.#lastVisible = at;
    return this.#lastVisible;
  }

  /** The device looks up a key and its translations. */
  // hot
  walk(
    now: Nanos,
    region: Region | null,
    translation: Translation,
    offset: number,
    length: number,
  ): void {
    const { caches } = this;
    if (caches === null || region === null) return;
    this.delay += caches.translate(now, region.lkey, translation, offset, length);
  }

  /** `length` bytes of a gather list from `skip` on. */
  // hot
  gather(
    now: Nanos,
    pd: ProtectionDomain,
    qpn: number,
    list: SgeList,
    skip: number,
    length: number,
    into: Uint8Array,
    at: number,
  ): MemoryVerdict {
    const { hold } = list;
    if (!this.keys.reaches(hold, skip, length) || hold.rights !== LOCAL_READ)
      return this.#each(now, pd, qpn, list, skip, length, LOCAL_READ, into, at);
    const offset = hold.offset + skip - hold.from;
    this.#read(now, hold.region, hold.translation!, offset, length, into, at);
    return 'allowed';
  }

  /** Puts bytes into a scatter list from `skip` on. */
  // hot
  scatter(
    now: Nanos,
    pd: ProtectionDomain,
    qpn: number,
    list: SgeList,
    skip: number,
    length: number,
    from: Uint8Array,
    at: number,
  ): MemoryVerdict {
    const { hold } = list;
    if (!this.keys.reaches(hold, skip, length) || hold.rights !== IBV_ACCESS_LOCAL_WRITE)
      return this.#each(now, pd, qpn, list, skip, length, IBV_ACCESS_LOCAL_WRITE, from, at);
    this.writeHeld(now, hold, skip, length, from, at);
    return 'allowed';
  }

  /** Checks and moves the list's elements one after the other; the right that is asked for says which way. */
  // hot
  #each(
    now: Nanos,
    pd: ProtectionDomain,
    qpn: number,
    list: SgeList,
    skip: number,
    length: number,
    right: number,
    bytes: Uint8Array,
    start: number,
  ): MemoryVerdict {
    let before = skip;
    let left = length;
    let at = start;
    for (let i = 0; i < list.count && left > 0; i++) {
      const size = list.lengths[i]!;
      if (before >= size) {
        before -= size;
        continue;
      }
      const take = Math.min(size - before, left);
      const low = list.lows[i]! + before;
      const high = list.highs[i]! + (low >= WORD ? 1 : 0);
      const verdict = this.keys.check(list.keys[i]!, pd, qpn, high, low >>> 0, take, right);
      if (verdict !== 'allowed') return verdict;
      const position = skip + length - left;
      this.keys.keep(list.hold, position, position - before + size, right);
      if (right === LOCAL_READ) this.readChecked(now, take, bytes, at);
      else this.writeChecked(now, take, bytes, at);
      at += take;
      left -= take;
      before = 0;
    }
    return left === 0 ? 'allowed' : 'straddles-end';
  }

  /** A core copied into or out of a queue. */
  copied(now: Nanos, core: Actor, bytes: number): void {
    if (bytes === 0) return;
    const { ledger } = this.dma;
    ledger.piece(now, core, COPY, bytes, 0, -1, -1, 0);
    ledger.operation(core, COPY, 0);
  }

  /** A core rang: a write to a register of the device, or a whole queue entry; when it is there. */
  doorbell(now: Nanos, core: Actor, lengthBytes = DOORBELL_BYTES): Nanos {
    return this.dma.doorbell(now, core, lengthBytes);
  }
}
