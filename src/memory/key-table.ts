// The NIC's table of keys, and the one function that checks every access to memory. A key is an index of 24 bits
// and a byte that changes with every registration (IBA 10.6.3), so that an old key is known as such.

import {
  EMPTY_IS_FREE,
  IBV_ACCESS_LOCAL_WRITE,
  IBV_ACCESS_REMOTE_ATOMIC,
  IBV_ACCESS_ZERO_BASED,
  REGION_RIGHTS,
  REMOTE_RIGHTS,
} from './access.js';
import type { AddressSpace } from './address-space.js';
import { Grant, Grants } from './grant.js';
import type { Hold } from './hold.js';
import { checkRights, outside } from './key-refusal.js';
import { PAGE_4K } from './machine-memory.js';
import type { PhysicalMemory } from './physical-memory.js';
import { distance, highHalf, lowHalf, ProtectionDomain, Region, Window } from './region.js';
import { physicalTranslation, Translation, translationOf } from './translation.js';
import { UsageError } from './usage-error.js';
import type { Verdict } from './verdict.js';

const KEY_BYTES = 256;
const MAX_INDEX = 2 ** 24 - 1;
/** Regions and windows of one device unless told otherwise; ConnectX and rxe offer more, tests need less. */
const DEFAULT_MAX_KEYS = 2 ** 20;
/** IBA 9.4.5: atomic operations work on 8 bytes at an address that is a multiple of 8. */
const ATOMIC_BYTES = 8;
const ADDRESS_END = 2n ** 64n;

export const keyIndex = (key: number): number => Math.floor(key / KEY_BYTES);
export const keyByte = (key: number): number => key - keyIndex(key) * KEY_BYTES;
export const keyOf = (index: number, byte: number): number => index * KEY_BYTES + byte;

export interface RegisterOptions {
  /** The address by which the buffer is accessed (ibv_reg_mr_iova); its virtual address unless told. */
  readonly iova?: bigint;
  /** The whole key, for replaying a capture; otherwise the table chooses. */
  readonly key?: number;
}

export class KeyTable {
  /** Set by `check` when it allows: where the first byte is in the translation. */
  offset = 0;
  readonly memory: PhysicalMemory;
  readonly #empty: Translation;
  readonly #maxKeys: number;
  readonly #entries: (Region | Window | undefined)[] = [];
  /** The byte that each index had last. */
  readonly #bytes: number[] = [];
  readonly #free: number[] = [];
  /** Windows of type 2B by the number of the queue pair that bound them. */
  readonly #bound = new Map<number, Set<Window>>();
  readonly #grants = new Grants();
  /** What `check` allowed last, and the bytes from `offset` on that the key reaches. */
  #granted: Grant;
  #room = 0;
  readonly #nothing = new Grant();
  /** Counts everything that may change what is allowed. */
  #version = 0;
  #nextIndex = 1; // so that 0 is never a key
  #used = 0;
  #domains = 0;

  constructor(memory: PhysicalMemory, maxKeys = DEFAULT_MAX_KEYS) {
    if (!(maxKeys >= 1 && maxKeys <= MAX_INDEX)) throw new UsageError('EINVAL', `${maxKeys} keys`);
    this.memory = memory;
    this.#maxKeys = maxKeys;
    this.#empty = new Translation(memory, [], PAGE_4K, 0, 0);
    this.#nothing.translation = this.#empty;
    this.#granted = this.#nothing;
  }

  /** Where the bytes are that `check` allowed. An empty access has an empty translation. */
  get translation(): Translation {
    return this.#granted.translation!;
  }

  /** The region behind the key that `check` allowed, null for an empty access. */
  get region(): Region | null {
    return this.#granted.region;
  }

  get used(): number {
    return this.#used;
  }

  allocatePd(): ProtectionDomain {
    this.#domains++;
    return new ProtectionDomain(this.#domains);
  }

  /** ibv_reg_mr: pins the pages and enters them. */
  register(
    pd: ProtectionDomain,
    space: AddressSpace,
    virtual: bigint,
    lengthBytes: number,
    access: number,
    options: RegisterOptions = {},
  ): Region {
    checkRights(access, REGION_RIGHTS);
    const start = (access & IBV_ACCESS_ZERO_BASED) !== 0 ? 0n : (options.iova ?? virtual);
    if (start < 0n || start + BigInt(lengthBytes) > ADDRESS_END)
      throw new UsageError('EINVAL', `${lengthBytes} bytes at ${start} wrap around`);
    const writes = (access & IBV_ACCESS_LOCAL_WRITE) !== 0;
    const translation = translationOf(space, virtual, lengthBytes, writes);
    const key = this.newKey(options.key);
    translation.pin();
    const region = new Region('user', pd, key, access, translation, 0);
    region.startHigh = highHalf(start);
    region.startLow = lowHalf(start);
    return this.enter(key, region);
  }

  /** ib_get_dma_mr: all memory by machine address, for a kernel. */
  registerPhysical(pd: ProtectionDomain, access: number): Region {
    checkRights(access, REGION_RIGHTS);
    const translation = physicalTranslation(this.memory);
    const key = this.newKey();
    return this.enter(key, new Region('physical', pd, key, access, translation, 0));
  }

  /** ib_alloc_mr(IB_MR_TYPE_MEM_REG): a region that REG_MR registers, with at most `maxPages`. */
  allocateFast(pd: ProtectionDomain, maxPages: number): Region {
    if (!(Number.isInteger(maxPages) && maxPages > 0))
      throw new UsageError('EINVAL', `a region of ${maxPages} pages`);
    const key = this.newKey();
    return this.enter(key, new Region('fast', pd, key, 0, this.#empty, maxPages));
  }

  /** ibv_alloc_mw */
  allocateWindow(pd: ProtectionDomain, type: 1 | 2): Window {
    const key = this.newKey();
    return this.enter(key, new Window(type, pd, key));
  }

  /** ibv_dereg_mr. From now on every packet that names the key is refused, in the middle of a message too. */
  deregister(region: Region): void {
    this.#mustBe(region.lkey, region);
    if (region.windows > 0)
      throw new UsageError('EBUSY', `${region.windows} windows are bound to the region`);
    if (region.valid && region.kind !== 'physical') region.translation.unpin();
    region.valid = false;
    this.#leave(region.lkey, region.pd);
  }

  /** ibv_dealloc_mw; a bound window is unbound by it. */
  deallocateWindow(window: Window): void {
    this.#mustBe(window.rkey, window);
    if (window.region !== null) window.region.windows--;
    window.region = null;
    this.disown(window);
    this.#leave(window.rkey, window.pd);
  }

  /** A queue pair bound the window: the window serves it alone. */
  own(window: Window, qp: number): void {
    window.qp = qp;
    this.changed();
    const windows = this.#bound.get(qp) ?? new Set();
    this.#bound.set(qp, windows.add(window));
  }

  disown(window: Window): void {
    const windows = this.#bound.get(window.qp);
    windows?.delete(window);
    if (windows?.size === 0) this.#bound.delete(window.qp);
    window.qp = -1;
    this.changed();
  }

  windowsOf(qp: number): readonly Window[] {
    return [...(this.#bound.get(qp) ?? [])];
  }

  /** What a key stands for now, or why nothing; the key byte must be right. */
  find(key: number): Region | Window | 'unknown-key' | 'deregistered' | 'stale-key' {
    const index = keyIndex(key);
    const entry = this.#entries[index];
    if (entry === undefined)
      return this.#bytes[index] === keyByte(key) ? 'deregistered' : 'unknown-key';
    return (entry instanceof Region ? entry.lkey : entry.rkey) === key ? entry : 'stale-key';
  }

  // hot
  /**
   * Whether `length` bytes at the address may be accessed by `key` with these rights (access.ts; LOCAL_READ is 0;
   * remote rights mean an R_Key). The order is that of IBA 10.6.3 and 9.7.4.1.5: key, state, domain, queue pair,
   * rights, range. When allowed, `translation` and `offset` say where; they hold until the next call.
   * @param qp number of the queue pair, which type 2B windows compare
   */
  check(
    key: number,
    pd: ProtectionDomain,
    qp: number,
    vaHigh: number,
    vaLow: number,
    length: number,
    rights: number,
  ): Verdict {
    if (length === 0 && (rights & ~EMPTY_IS_FREE) === 0) {
      this.#granted = this.#nothing;
      this.offset = 0;
      this.#room = 0;
      return 'allowed'; // C9-88, o9-57: no key is checked for zero bytes
    }
    const grant = this.#grants.at(key);
    if (grant.serves(this.#version, key, pd, qp, rights)) {
      const offset = distance(vaHigh, vaLow, grant.startHigh, grant.startLow);
      if (offset >= 0 && offset + length <= grant.lengthBytes) {
        this.#granted = grant;
        this.offset = grant.base + offset;
        this.#room = grant.lengthBytes - offset;
        return 'allowed';
      }
    }
    const entry = this.find(key);
    if (typeof entry === 'string') return entry;
    return entry instanceof Region
      ? this.#checkRegion(entry, pd, vaHigh, vaLow, length, rights, grant)
      : this.#checkWindow(entry, pd, qp, vaHigh, vaLow, length, rights, grant);
  }

  /** `hold` keeps what `check` allowed, for the message's bytes from `from` on, of which it may be asked up to `to`. */
  // hot
  keep(hold: Hold, from: number, to: number, rights: number): void {
    const granted = this.#granted;
    hold.version = granted.version;
    hold.rights = rights;
    hold.from = from;
    hold.to = Math.min(to, from + this.#room);
    hold.offset = this.offset;
    hold.translation = granted.translation;
    hold.region = granted.region;
  }

  /** Would `check` allow these bytes of the message that the hold is for, to the rights that it was kept with? Not for none. */
  // hot
  reaches(hold: Hold, from: number, length: number): boolean {
    const { version } = hold;
    return version === this.#version && from >= hold.from && from + length <= hold.to && length > 0;
  }

  /** Something changed that `check` looks at. */
  changed(): void {
    this.#version++;
  }

  /**
   * Whether what `check` allowed lies on 8 bytes in memory, as ATOMIC_WRITE must (it asks for
   * IBV_ACCESS_REMOTE_WRITE, so `check` cannot tell it from a WRITE). If not, the verdict is 'misaligned'.
   */
  isAligned(): boolean {
    const { lengthBytes } = this.translation;
    return lengthBytes === 0 || this.translation.addressOf(this.offset) % ATOMIC_BYTES === 0;
  }

  /** `check` for an address as one bigint of 64 bits. */
  checkAt(
    key: number,
    pd: ProtectionDomain,
    qp: number,
    va: bigint,
    length: number,
    rights: number,
  ): Verdict {
    return this.check(key, pd, qp, highHalf(va), lowHalf(va), length, rights);
  }

  #checkRegion(
    region: Region,
    pd: ProtectionDomain,
    vaHigh: number,
    vaLow: number,
    length: number,
    rights: number,
    grant: Grant,
  ): Verdict {
    if (!region.valid) return 'not-valid';
    if (region.pd !== pd) return 'wrong-pd';
    if ((region.access & rights) !== rights) return 'no-right';
    const offset = distance(vaHigh, vaLow, region.startHigh, region.startLow);
    if (offset < 0 || offset + length > region.lengthBytes)
      return outside(offset, region.lengthBytes, vaHigh, vaLow, length);
    if (region.kind === 'physical' && !this.memory.holds(offset, length)) return 'above-region';
    grant.ofRegion(this.#version, region, rights);
    return this.#allow(region, offset, region.lengthBytes - offset, vaLow, rights, grant);
  }

  #checkWindow(
    window: Window,
    pd: ProtectionDomain,
    qp: number,
    vaHigh: number,
    vaLow: number,
    length: number,
    rights: number,
    grant: Grant,
  ): Verdict {
    if ((rights & REMOTE_RIGHTS) === 0) return 'not-an-lkey';
    const { region } = window;
    if (region === null) return 'window-unbound';
    if (window.pd !== pd) return 'wrong-pd';
    if (window.type === 2 && window.qp !== qp) return 'wrong-qp';
    if ((window.access & rights) !== rights) return 'no-right';
    const offset = distance(vaHigh, vaLow, window.startHigh, window.startLow);
    if (offset < 0 || offset + length > window.lengthBytes)
      return outside(offset, window.lengthBytes, vaHigh, vaLow, length);
    grant.ofWindow(this.#version, window, region, rights);
    const room = window.lengthBytes - offset;
    return this.#allow(region, window.offset + offset, room, vaLow, rights, grant);
  }

  #allow(
    region: Region,
    offset: number,
    room: number,
    vaLow: number,
    rights: number,
    grant: Grant,
  ): Verdict {
    const { translation } = region;
    if ((rights & IBV_ACCESS_REMOTE_ATOMIC) !== 0) {
      const isAligned =
        vaLow % ATOMIC_BYTES === 0 && translation.addressOf(offset) % ATOMIC_BYTES === 0;
      if (!isAligned) return 'misaligned';
    }
    this.#granted = grant;
    this.offset = offset;
    this.#room = room;
    return 'allowed';
  }

  /** A key that is not in use: the byte follows the one that its index had before. Not yet entered. */
  newKey(wanted?: number): number {
    if (this.#used === this.#maxKeys) throw new UsageError('ENOMEM', `${this.#maxKeys} keys`);
    if (wanted !== undefined) {
      const index = keyIndex(wanted);
      if (!(Number.isInteger(wanted) && index >= 1 && index <= MAX_INDEX))
        throw new UsageError('EINVAL', `${wanted} is no key`);
      if (this.#entries[index] !== undefined)
        throw new UsageError('EBUSY', `index ${index} is in use`);
      return wanted;
    }
    let index = this.#free.pop();
    while (index !== undefined && this.#entries[index] !== undefined) index = this.#free.pop();
    while (index === undefined) {
      if (this.#nextIndex > MAX_INDEX) throw new UsageError('ENOMEM', 'no index is left');
      if (this.#entries[this.#nextIndex] === undefined) index = this.#nextIndex;
      this.#nextIndex++;
    }
    // The first byte differs between neighbours, so that a wrong index is not met by the right byte.
    const byte = this.#bytes[index] === undefined ? index : this.#bytes[index]! + 1;
    return keyOf(index, byte % KEY_BYTES);
  }

  enter<T extends Region | Window>(key: number, entry: T): T {
    this.#entries[keyIndex(key)] = entry;
    this.#bytes[keyIndex(key)] = keyByte(key);
    this.changed();
    this.#used++;
    entry.pd.uses++;
    return entry;
  }

  /** The consumer chose another byte for the same index. */
  changeByte(key: number): void {
    this.changed();
    this.#bytes[keyIndex(key)] = keyByte(key);
  }

  #leave(key: number, pd: ProtectionDomain): void {
    this.#entries[keyIndex(key)] = undefined;
    this.#free.push(keyIndex(key));
    this.changed();
    this.#used--;
    pd.uses--;
    this.#granted = this.#nothing;
  }

  #mustBe(key: number, entry: Region | Window): void {
    if (this.#entries[keyIndex(key)] !== entry)
      throw new UsageError('EINVAL', 'the region or window is gone already');
  }
}
