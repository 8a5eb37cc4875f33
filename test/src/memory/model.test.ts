// Random registrations, windows, invalidations and accesses against a model of a few lines: each key knows its
// bytes one by one. An access is allowed exactly when the model says, and no other byte of the machine changes.

import {
  type AddressSpace,
  accessText,
  bindWindow,
  fastRegister,
  IBV_ACCESS_FLUSH_GLOBAL,
  IBV_ACCESS_LOCAL_WRITE,
  IBV_ACCESS_MW_BIND,
  IBV_ACCESS_REMOTE_ATOMIC,
  IBV_ACCESS_REMOTE_READ,
  IBV_ACCESS_REMOTE_WRITE,
  IBV_ACCESS_ZERO_BASED,
  invalidateLocally,
  invalidateRemotely,
  LOCAL_READ,
  mapPages,
  type ProtectionDomain,
  type Region,
  type Window,
  WordOperation,
} from '../../../src/memory/index.js';
import { START } from '../../../src/time/nanos.js';
import { assert, spec } from '../../support/spec.js';
import { machine } from './machine.js';

/** What a key grants, byte by byte: address under the key to machine address. */
interface Grant {
  pd: ProtectionDomain;
  rights: number;
  isWindow: boolean;
  /** The queue pair that alone may use it, -1 for any. */
  qp: number;
  bytes: Map<bigint, number>;
}

const END = 2n ** 64n;
const RIGHTS = [
  LOCAL_READ,
  IBV_ACCESS_LOCAL_WRITE,
  IBV_ACCESS_REMOTE_READ,
  IBV_ACCESS_REMOTE_WRITE,
  IBV_ACCESS_REMOTE_ATOMIC,
  IBV_ACCESS_FLUSH_GLOBAL,
];

/** Numbers that a seed repeats (Park and Miller). */
function dice(seed: number): (below: number) => number {
  let state = (seed * 7919 + 1) % 2147483647;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return Math.floor((state / 2147483647) * below);
  };
}

class Scenario {
  readonly rig = machine(2 ** 22);
  readonly roll: (below: number) => number;
  readonly domains = [this.rig.keys.allocatePd(), this.rig.keys.allocatePd()];
  readonly grants = new Map<number, Grant>();
  /** What keys granted once: hostile accesses aim at it. */
  readonly ghosts = new Map<number, Grant>();
  readonly shadow: Uint8Array;
  readonly regions: Region[] = [];
  readonly windows: Window[] = [];
  readonly oldKeys = [0, 0xffffffff];
  readonly buffers: { at: bigint; length: number }[] = [];
  allowed = 0;
  refused = 0;

  constructor(seed: number) {
    this.roll = dice(seed);
    const { process, memory } = this.rig;
    const scattered = [3, 0, 5, 2, 4, 1].map((_, i) => ({ i, page: memory.allocate(4096) }));
    scattered.sort((a, b) => ((a.i * 5) % 6) - ((b.i * 5) % 6));
    const base = 0x7000_0000n;
    for (const [i, { page }] of scattered.entries())
      process.map(base + BigInt(i * 4096), page, 4096);
    this.buffers.push({ at: base, length: 6 * 4096 });
    this.buffers.push({ at: process.allocate(2 ** 21, { pageBytes: 2 ** 21 }), length: 8192 });
    this.buffers.push({ at: process.allocate(9000), length: 3 * 4096 });
    this.shadow = memory.view(0, 2 ** 22).slice();
  }

  pick<T>(from: readonly T[]): T {
    return from[this.roll(from.length)]!;
  }

  access(): number {
    const sum = RIGHTS.reduce((all, right) => all | (this.roll(2) === 0 ? right : 0), 0);
    const local = (sum & (IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_ATOMIC)) !== 0;
    return sum | (local ? IBV_ACCESS_LOCAL_WRITE : 0);
  }

  register(): void {
    const { keys, process } = this.rig;
    const pd = this.pick(this.domains);
    const buffer = this.pick(this.buffers);
    const from = this.roll(buffer.length);
    const length = this.roll(Math.min(600, buffer.length - from)) + (this.roll(9) > 0 ? 1 : 0);
    const isZeroBased = this.roll(4) === 0;
    const access =
      this.access() |
      (this.roll(2) * IBV_ACCESS_MW_BIND) |
      (isZeroBased ? IBV_ACCESS_ZERO_BASED : 0);
    const at = buffer.at + BigInt(from);
    const iova = this.pick([at, at, END - BigInt(length), 0xffff_ff00n, 2n ** 53n - 8n, 8n]);
    const region = keys.register(pd, process, at, length, access, { iova });
    this.regions.push(region);
    this.grant(region.lkey, region.pd, access, isZeroBased ? 0n : iova, at, length);
  }

  grant(key: number, pd: ProtectionDomain, rights: number, start: bigint, at: bigint, n: number) {
    const space: AddressSpace = this.rig.process;
    const bytes = new Map<bigint, number>();
    for (let i = 0n; i < n; i++) bytes.set(start + i, space.translate(at + i));
    this.grants.set(key, { pd, rights, isWindow: false, qp: -1, bytes });
  }

  forget(key: number): void {
    const grant = this.grants.get(key);
    if (grant !== undefined) this.ghosts.set(key, grant);
    this.grants.delete(key);
    this.oldKeys.push(key);
  }

  fast(): void {
    const { keys, process } = this.rig;
    const region = this.pick([...this.regions.filter((r) => r.kind === 'fast'), null]);
    if (region === null) {
      this.regions.push(keys.allocateFast(this.pick(this.domains), 4));
      return;
    }
    const base = this.buffers[0]!.at;
    const order = [0, 1, 2].map(() => this.roll(6));
    const pages = order.map((i) => process.translate(base + BigInt(i * 4096)));
    const first = this.roll(4096);
    const length = 1 + this.roll(900) * (1 + this.roll(9));
    const start = BigInt(this.roll(2 ** 31)) * 4n;
    mapPages(keys, region, pages, 4096, first, length, start);
    const access = this.access() | IBV_ACCESS_MW_BIND;
    const old = region.lkey;
    const key = old - (old % 256) + this.roll(256);
    const by = { pd: this.pick(this.domains), qp: 1 };
    if (fastRegister(keys, by, region, key, access) !== 'done') return;
    if (key !== old) this.oldKeys.push(old);
    const bytes = new Map<bigint, number>();
    for (let i = 0; i < length; i++) {
      const page = Math.floor((first + i) / 4096);
      bytes.set(start + BigInt(i), pages[page]! + ((first + i) % 4096));
    }
    this.grants.set(key, { pd: region.pd, rights: access, isWindow: false, qp: -1, bytes });
  }

  bind(): void {
    const { keys } = this.rig;
    if (this.windows.length === 0 || this.roll(4) === 0) {
      const type = this.roll(2) === 0 ? 1 : 2;
      this.windows.push(keys.allocateWindow(this.pick(this.domains), type));
      return;
    }
    const window = this.pick(this.windows);
    const own = this.regions.filter((r) => r.pd === window.pd);
    const region = this.pick(this.roll(4) > 0 ? own : this.regions);
    if (region === undefined) return;
    const pd = this.roll(6) > 0 ? window.pd : this.pick(this.domains);
    const by = { pd, qp: this.roll(2) + 1 };
    const old = window.rkey;
    const newKey = this.roll(256);
    const from = this.roll(region.lengthBytes + 20) - 5;
    const va = region.start + BigInt(from);
    const rest = Math.max(0, region.lengthBytes - from);
    const lengthBytes = this.pick([this.roll(rest + 1), rest, rest + 1, 0]);
    const access = this.access() & ~IBV_ACCESS_LOCAL_WRITE;
    const isZeroBased = window.type === 2 && this.roll(2) === 0;
    const verdict = bindWindow(keys, by, {
      window: old,
      newKey,
      region: region.lkey,
      va: va < 0n ? 0n : va,
      lengthBytes,
      access: access | (isZeroBased ? IBV_ACCESS_ZERO_BASED : 0),
    });
    if (verdict !== 'done') return;
    this.forget(old);
    if (lengthBytes === 0) return;
    const source = this.grants.get(region.lkey)!;
    const bytes = new Map<bigint, number>();
    for (let i = 0n; i < lengthBytes; i++) {
      const address = source.bytes.get((va < 0n ? 0n : va) + i);
      assert.type(address, 'number', 'a window never reaches outside its region');
      bytes.set((isZeroBased ? 0n : va < 0n ? 0n : va) + i, address!);
    }
    const qp = window.type === 2 ? by.qp : -1;
    this.grants.set(window.rkey, { pd: window.pd, rights: access, isWindow: true, qp, bytes });
  }

  invalidate(): void {
    const { keys } = this.rig;
    const key = this.someKey();
    const by = { pd: this.pick(this.domains), qp: this.roll(2) + 1 };
    const invalid = this.roll(2) === 0 ? invalidateLocally : invalidateRemotely;
    if (invalid(keys, by, key) === 'done') this.forget(key);
  }

  leave(): void {
    const { keys } = this.rig;
    if (this.roll(3) === 0 && this.windows.length > 0) {
      const [window] = this.windows.splice(this.roll(this.windows.length), 1);
      keys.deallocateWindow(window!);
      this.forget(window!.rkey);
      return;
    }
    const region = this.pick(this.regions);
    if (region === undefined) return;
    if (region.windows > 0) return assert.throws(() => keys.deregister(region), /EBUSY/);
    keys.deregister(region);
    this.regions.splice(this.regions.indexOf(region), 1);
    this.forget(region.lkey);
  }

  someKey(): number {
    const known = [...this.regions.map((r) => r.lkey), ...this.windows.map((w) => w.rkey)];
    const key = this.pick(this.roll(5) === 0 || known.length === 0 ? this.oldKeys : known);
    return this.roll(12) === 0 ? (key + 1 + this.roll(600)) % 2 ** 32 : key;
  }

  touch(): void {
    const { keys, dma } = this.rig;
    const key = this.someKey();
    const grant = this.grants.get(key);
    const aim = grant ?? this.ghosts.get(key);
    const pd = aim !== undefined && this.roll(8) > 0 ? aim.pd : this.pick(this.domains);
    const qp = this.roll(2) + 1;
    const rights = this.pick(RIGHTS);
    const size = aim?.bytes.size ?? 20;
    const from = this.pick([0, 0, -1, size - 8, this.roll(size + 40) - 20]);
    const near = (aim?.bytes.keys().next().value ?? 0n) + BigInt(from);
    const va = this.roll(10) > 0 ? (near + END) % END : this.hostile();
    const isAtomic = rights === IBV_ACCESS_REMOTE_ATOMIC;
    const left = Math.max(0, size - from);
    const lengths = [0, 1, left, left + 1, this.roll(left + 1), this.roll(900), 2 ** 31, 2 ** 32];
    const length = isAtomic ? 8 : this.pick(lengths);
    const expected = this.allows(grant, pd, qp, va, length, rights);
    const verdict = keys.checkAt(key, pd, qp, va, length, rights);
    const what = `${length} bytes at ${va} by ${key} for ${accessText(rights)}: ${verdict}`;
    assert.is(verdict === 'allowed', expected, what);
    expected ? this.allowed++ : this.refused++;
    if (!expected) return;
    const data = Uint8Array.from({ length }, () => this.roll(256));
    const swap = new WordOperation().swap(1, 1, 2, 2);
    if (isAtomic) dma.atomic(START, keys.translation, keys.offset, swap);
    else if (rights === IBV_ACCESS_REMOTE_WRITE || rights === IBV_ACCESS_LOCAL_WRITE) {
      dma.write(START, keys.translation, keys.offset, data, 0, length);
      for (let i = 0; i < length; i++) this.shadow[grant!.bytes.get(va + BigInt(i))!] = data[i]!;
    } else {
      dma.read(START, keys.translation, keys.offset, length, data, 0);
      for (let i = 0; i < length; i++)
        assert.is(data[i], this.shadow[grant!.bytes.get(va + BigInt(i))!]);
    }
  }

  hostile(): bigint {
    const edge = this.pick([0n, 1n, 2n ** 32n, 2n ** 53n, 2n ** 63n, END - 1n, END - 4096n]);
    return (edge + BigInt(this.roll(64)) + END - 32n) % END;
  }

  /** The model: every single byte is granted. */
  allows(
    grant: Grant | undefined,
    pd: ProtectionDomain,
    qp: number,
    va: bigint,
    length: number,
    rights: number,
  ): boolean {
    const mayBeEmpty = rights !== IBV_ACCESS_REMOTE_ATOMIC && rights !== IBV_ACCESS_FLUSH_GLOBAL;
    if (length === 0 && mayBeEmpty) return true;
    if (grant === undefined || grant.pd !== pd || (grant.rights & rights) !== rights) return false;
    if (grant.qp !== -1 && grant.qp !== qp) return false;
    if (grant.isWindow && (rights === LOCAL_READ || rights === IBV_ACCESS_LOCAL_WRITE))
      return false;
    if (length > grant.bytes.size) return false;
    for (let i = 0n; i < length; i++) if (!grant.bytes.has(va + i)) return false;
    if (length === 0)
      return grant.bytes.has(va) || grant.bytes.has(va - 1n) || grant.bytes.size === 0;
    const aligned = va % 8n === 0n && grant.bytes.get(va)! % 8 === 0;
    return rights !== IBV_ACCESS_REMOTE_ATOMIC || aligned;
  }

  step(): void {
    const what = this.roll(40);
    if (what < 3) this.register();
    else if (what < 5) this.fast();
    else if (what < 8) this.bind();
    else if (what < 9) this.invalidate();
    else if (what < 10) this.leave();
    else this.touch();
  }
}

const seeds = Number(process.env.MEMORY_SEEDS ?? 30);

spec('memory model', (it) => {
  it(`${seeds} random lives of keys: allowed exactly when every byte is granted`, () => {
    let allowed = 0;
    let refused = 0;
    for (let seed = 1; seed <= seeds; seed++) {
      const scenario = new Scenario(seed);
      try {
        for (let i = 0; i < 600; i++) scenario.step();
        const memory = scenario.rig.memory.view(0, scenario.shadow.length);
        assert.is(Buffer.compare(memory, scenario.shadow), 0, 'a byte outside was written');
      } catch (error) {
        (error as Error).message = `seed ${seed}: ${(error as Error).message}`;
        throw error;
      }
      allowed += scenario.allowed;
      refused += scenario.refused;
    }
    assert.ok(allowed > seeds * 50 && refused > seeds * 100, `${allowed} and ${refused}`);
  });
});
