// The DMA engine of a device: the only way from a NIC to memory. It walks a translation that was checked before,
// moves the bytes from where they lie to where they go, tells the time from the PCIe link, and writes the ledger.
// Bytes move at the call; the time that is answered says when the other side may see them.

import type { Nanos } from '../time/nanos.js';
import type { DmaDomain } from './iommu.js';
import { type Actor, DMA_READ, DMA_WRITE, DOORBELL, type Ledger, NOWHERE } from './ledger.js';
import { PAGE_4K } from './machine-memory.js';
import { inside, move } from './move.js';
import type { PcieLink } from './pcie.js';
import type { ScatterList } from './scatter-list.js';
import type { Translation } from './translation.js';
import { getHigh, getLow, setHigh, setLow, type WordOperation } from './word-operation.js';

const WORD = 2 ** 32;
/** What a device reads that is refused: a completion without data is all ones to it. */
const REFUSED = 0xff;
const ATOMIC_BYTES = 8;
/** Addresses share locks when there are more than these. */
const ATOMIC_LOCKS = 4096;

type Bytes = Uint8Array<ArrayBuffer>;

export class DmaEngine {
  /** Set by the atomic operations: what was in memory before. */
  originalHigh = 0;
  originalLow = 0;
  readonly pcie: PcieLink;
  readonly ledger: Ledger;
  readonly device: Actor;
  /**
   * Atomic operations of one device on one address follow each other (IBV_ATOMIC_HCA). The next may read when the one
   * before has its value: its read does not pass the posted write (PCIe 2.4.1, table 2-40).
   */
  readonly #atomicFree = new Float64Array(ATOMIC_LOCKS);
  readonly #atomicNs = new Float64Array(ATOMIC_LOCKS);

  /** What the device's addresses mean; null: an IOMMU is not there, or lets it through. */
  readonly domain: DmaDomain | null;
  /** Set by `#locate`: the machine address, how many bytes lie together from there on, where in their array. */
  #machine = 0;
  #room = 0;
  #at = 0;
  #waitNs = 0;

  constructor(pcie: PcieLink, ledger: Ledger, device: Actor, domain: DmaDomain | null = null) {
    this.domain = domain;
    this.pcie = pcie;
    this.ledger = ledger;
    this.device = device;
  }

  // hot
  /** The array in which the bytes at `offset` lie; null when the IOMMU refuses. */
  #locate(now: Nanos, translation: Translation, offset: number, writes: boolean): Bytes | null {
    const { domain } = this;
    const address = translation.addressOf(offset);
    const room = translation.roomAt(offset);
    if (domain === null) {
      const { memory } = translation;
      const bytes = memory.locate(address);
      this.#machine = memory.machine;
      this.#room = Math.min(room, memory.end - memory.at);
      this.#at = memory.at;
      return bytes;
    }
    const machine = domain.translate(now, this.device, address, writes);
    if (machine < 0) {
      this.#room = Math.min(room, PAGE_4K - (address % PAGE_4K));
      return null;
    }
    const { memory } = domain;
    const bytes = memory.locate(machine);
    this.#machine = machine;
    this.#room = Math.min(room, domain.roomAt(address), memory.end - memory.at);
    this.#at = memory.at;
    this.#waitNs = domain.waitNs;
    return bytes;
  }

  // hot
  /** Most transfers are one piece: the array in which it lies. Null where it is several, or somebody looks at each. */
  #together(translation: Translation, offset: number, lengthBytes: number): Bytes | null {
    if (this.domain !== null || this.ledger.watched || lengthBytes === 0) return null;
    const address = translation.flatAddressOf(offset, lengthBytes);
    if (address < 0) return null;
    const { memory } = translation;
    const bytes = memory.locate(address);
    const { at } = memory;
    if (at + lengthBytes > memory.end) return null;
    this.#machine = memory.machine;
    this.#at = at;
    return bytes;
  }

  // hot
  /** The link carries a write that `land` makes when it is visible: then. */
  send(now: Nanos, translation: Translation, offset: number, lengthBytes: number): Nanos {
    const bytes = this.#locate(now, translation, offset, true);
    if (bytes === null) return now;
    return (this.pcie.write(now, this.#machine, lengthBytes) + this.#waitNs) as Nanos;
  }

  // hot
  /** Writes `bytes[from..to)` to the translation at `offset`; when all of it is visible in memory. */
  write(
    now: Nanos,
    translation: Translation,
    offset: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    flow = 0,
  ): Nanos {
    return (now + this.writeNs(now, translation, offset, bytes, from, to, flow)) as Nanos;
  }

  // hot
  /** The same counted from now: small integers, which V8 does not box when a function answers them. */
  writeNs(
    now: Nanos,
    translation: Translation,
    offset: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    flow = 0,
  ): number {
    const length = to - from;
    const target = this.#together(translation, offset, length);
    if (target === null) {
      const took = this.#write(now, translation, offset, bytes, from, to, flow);
      this.ledger.operation(this.device, DMA_WRITE, took);
      return took;
    }
    inside(from, length, bytes.length);
    move(bytes, from, length, target, this.#at);
    const took = this.pcie.writeNs(now, this.#machine, length);
    this.ledger.single(this.device, DMA_WRITE, length, took);
    return took;
  }

  // hot
  /** Reads `lengthBytes` at `offset` into `into[at..)`; when all of it has reached the device. */
  read(
    now: Nanos,
    translation: Translation,
    offset: number,
    lengthBytes: number,
    into: Uint8Array,
    at: number,
    flow = 0,
  ): Nanos {
    return (now + this.readNs(now, translation, offset, lengthBytes, into, at, flow)) as Nanos;
  }

  // hot
  /** The same counted from now. */
  readNs(
    now: Nanos,
    translation: Translation,
    offset: number,
    lengthBytes: number,
    into: Uint8Array,
    at: number,
    flow = 0,
  ): number {
    const source = this.#together(translation, offset, lengthBytes);
    if (source === null) {
      const took = this.#read(now, translation, offset, lengthBytes, into, at, flow);
      this.ledger.operation(this.device, DMA_READ, took);
      return took;
    }
    inside(at, lengthBytes, into.length);
    move(source, this.#at, lengthBytes, into, at);
    const took = this.pcie.readNs(now, this.#machine, lengthBytes);
    this.ledger.single(this.device, DMA_READ, lengthBytes, took);
    return took;
  }

  // hot
  /**
   * The bytes of a write whose time on the link was told before, `tookNs` ago, are in memory: for entries of rings,
   * which a CPU that polls must not see earlier. `lengthBytes` from the beginning of `bytes`, in one piece.
   */
  land(
    now: Nanos,
    tookNs: number,
    translation: Translation,
    offset: number,
    bytes: Uint8Array,
    lengthBytes: number,
    flow = 0,
  ): void {
    inside(offset, lengthBytes, translation.lengthBytes);
    const target = this.#locate(now, translation, offset, true);
    if (target === null) return;
    inside(0, lengthBytes, this.#room);
    move(bytes, 0, lengthBytes, target, this.#at);
    const machine = this.#machine;
    const begun = (now - tookNs) as Nanos; // as every other event of the ledger is dated
    this.ledger.piece(begun, this.device, DMA_WRITE, lengthBytes, tookNs, NOWHERE, machine, flow);
    this.ledger.operation(this.device, DMA_WRITE, tookNs);
  }

  // hot
  /** Writes `bytes[from..to)` to the bytes of the list from position `skip` on. */
  scatter(
    now: Nanos,
    list: ScatterList,
    skip: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    flow = 0,
  ): Nanos {
    inside(skip, to - from, list.lengthBytes);
    let took = 0;
    let passed = 0;
    for (let i = 0, at = from; at < to; i++) {
      const length = list.lengths[i]!;
      const begin = Math.max(0, skip - passed);
      const count = Math.min(to - at, length - begin);
      passed += length;
      if (count <= 0) continue;
      const offset = list.offsets[i]! + begin;
      took = this.#write(now, list.translations[i]!, offset, bytes, at, at + count, flow);
      at += count;
    }
    this.ledger.operation(this.device, DMA_WRITE, took);
    return (now + took) as Nanos;
  }

  // hot
  /** Reads `lengthBytes` of the list from position `skip` on into `into[at..)`. */
  gather(
    now: Nanos,
    list: ScatterList,
    skip: number,
    lengthBytes: number,
    into: Uint8Array,
    at: number,
    flow = 0,
  ): Nanos {
    inside(skip, lengthBytes, list.lengthBytes);
    let took = 0;
    let passed = 0;
    for (let i = 0, left = lengthBytes; left > 0; i++) {
      const length = list.lengths[i]!;
      const begin = Math.max(0, skip - passed);
      const count = Math.min(left, length - begin);
      passed += length;
      if (count <= 0) continue;
      const offset = list.offsets[i]! + begin;
      const target = at + lengthBytes - left;
      const came = this.#read(now, list.translations[i]!, offset, count, into, target, flow);
      if (came > took) took = came;
      left -= count;
    }
    this.ledger.operation(this.device, DMA_READ, took);
    return (now + took) as Nanos;
  }

  /**
   * An atomic operation on 8 aligned bytes; `originalHigh` and `Low` say what they held.
   * @returns when the device knows that
   */
  // hot
  atomic(
    now: Nanos,
    translation: Translation,
    offset: number,
    operation: WordOperation,
    flow = 0,
  ): Nanos {
    const read = this.#fetch(now, translation, offset, flow);
    if (operation.apply(this.originalHigh, this.originalLow))
      this.#store(now, read, translation, offset, operation.high, operation.low, flow);
    return read;
  }

  /** Nanoseconds that the address with most atomic operations was in use by them. */
  get atomicNs(): number {
    return Math.max(...this.#atomicNs);
  }

  /** FLUSH (IBA annex A19): when all that was written so far is visible; a core's caches keep nothing back here. */
  flush(now: Nanos): Nanos {
    return this.pcie.visibleAfter(now);
  }

  /** A core writes a register of the device; when it arrives. */
  doorbell(now: Nanos, core: Actor, lengthBytes: number, flow = 0): Nanos {
    const arrives = this.pcie.doorbell(now, lengthBytes);
    this.ledger.record(now, core, DOORBELL, lengthBytes, arrives - now, flow);
    return arrives;
  }

  #write(
    now: Nanos,
    translation: Translation,
    offset: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    flow: number,
  ): number {
    inside(offset, to - from, translation.lengthBytes);
    inside(from, to - from, bytes.length);
    let took = 0;
    for (let at = from; at < to; ) {
      const target = this.#locate(now, translation, offset + at - from, true);
      const length = Math.min(to - at, this.#room);
      at += length;
      if (target === null) continue;
      move(bytes, at - length, length, target, this.#at);
      const machine = this.#machine;
      took = this.pcie.writeNs(now, machine, length) + this.#waitNs;
      this.ledger.piece(now, this.device, DMA_WRITE, length, took, NOWHERE, machine, flow);
    }
    return took;
  }

  #read(
    now: Nanos,
    translation: Translation,
    offset: number,
    lengthBytes: number,
    into: Uint8Array,
    at: number,
    flow: number,
  ): number {
    inside(offset, lengthBytes, translation.lengthBytes);
    inside(at, lengthBytes, into.length);
    let took = 0;
    for (let passed = 0; passed < lengthBytes; ) {
      const source = this.#locate(now, translation, offset + passed, false);
      const length = Math.min(lengthBytes - passed, this.#room);
      passed += length;
      if (source === null) {
        into.fill(REFUSED, at + passed - length, at + passed);
        continue;
      }
      move(source, this.#at, length, into, at + passed - length);
      const machine = this.#machine;
      const came = this.pcie.readNs(now, machine, length) + this.#waitNs;
      if (came > took) took = came;
      this.ledger.piece(now, this.device, DMA_READ, length, came, machine, NOWHERE, flow);
    }
    return took;
  }

  /** The 8 bytes at `offset`, after the atomic operations before; 8 aligned bytes never cross a page. */
  #fetch(now: Nanos, translation: Translation, offset: number, flow: number): Nanos {
    inside(offset, ATOMIC_BYTES, translation.lengthBytes);
    const address = translation.addressOf(offset);
    if (address % ATOMIC_BYTES !== 0) throw new RangeError(`atomic operation at ${address}`);
    const bytes = this.#locate(now, translation, offset, true);
    if (bytes === null) {
      this.originalHigh = this.originalLow = WORD - 1;
      return now;
    }
    const machine = this.#machine;
    this.originalHigh = getHigh(bytes, this.#at);
    this.originalLow = getLow(bytes, this.#at);
    const lock = Math.floor(machine / ATOMIC_BYTES) % ATOMIC_LOCKS;
    const start = Math.max(now, this.#atomicFree[lock]!);
    const came = this.pcie.read(now, machine, ATOMIC_BYTES) + this.#waitNs;
    const done = (came + start - now) as Nanos;
    this.#atomicFree[lock] = done;
    this.#atomicNs[lock]! += done - start;
    const took = done - now;
    this.ledger.piece(now, this.device, DMA_READ, ATOMIC_BYTES, took, machine, NOWHERE, flow);
    this.ledger.operation(this.device, DMA_READ, took);
    return done;
  }

  /** The link is asked now, so that others do not wait for what is still to come. */
  #store(
    now: Nanos,
    read: Nanos,
    translation: Translation,
    offset: number,
    high: number,
    low: number,
    flow: number,
  ): void {
    const bytes = this.#locate(now, translation, offset, true);
    if (bytes === null) return;
    const machine = this.#machine;
    setHigh(bytes, this.#at, high);
    setLow(bytes, this.#at, low);
    const took = this.pcie.write(now, machine, ATOMIC_BYTES) - now;
    this.ledger.piece(read, this.device, DMA_WRITE, ATOMIC_BYTES, took, NOWHERE, machine, flow);
    this.ledger.operation(this.device, DMA_WRITE, took);
  }
}
