// Keys and what they refuse: each verdict provoked, each operation on regions and windows in and out of order.

import {
  type BindRequest,
  bindWindow,
  fastRegister,
  IBV_ACCESS_FLUSH_GLOBAL,
  IBV_ACCESS_LOCAL_WRITE,
  IBV_ACCESS_MW_BIND,
  IBV_ACCESS_ON_DEMAND,
  IBV_ACCESS_REMOTE_ATOMIC,
  IBV_ACCESS_REMOTE_READ,
  IBV_ACCESS_REMOTE_WRITE,
  IBV_ACCESS_ZERO_BASED,
  invalidateLocally,
  invalidateRemotely,
  KeyTable,
  keyByte,
  keyIndex,
  LOCAL_READ,
  mapPages,
  type OperationVerdict,
  operationOutcomes,
  outcomes,
  releaseWindows,
  type Verdict,
} from '../../../src/memory/index.js';
import { assert, spec } from '../../support/spec.js';
import { errno, machine } from './machine.js';

const ALL =
  IBV_ACCESS_LOCAL_WRITE |
  IBV_ACCESS_REMOTE_READ |
  IBV_ACCESS_REMOTE_WRITE |
  IBV_ACCESS_REMOTE_ATOMIC |
  IBV_ACCESS_MW_BIND;
const END = 2n ** 64n;
const seen = new Set<Verdict | OperationVerdict>();

/** A region of 1000 bytes at 0x1000, a second domain, and ways to ask that remember what was answered. */
function table(access = ALL, iova = 0x1000n) {
  const { keys, process, memory } = machine();
  const pd = keys.allocatePd();
  const other = keys.allocatePd();
  const at = process.allocate(4096);
  const region = keys.register(pd, process, at, 1000, access, { iova });
  const note = <V extends Verdict | OperationVerdict>(verdict: V): V => {
    seen.add(verdict);
    return verdict;
  };
  const ask = (key: number, va: bigint, length: number, rights: number, domain = pd, qp = 1) =>
    note(keys.checkAt(key, domain, qp, va, length, rights));
  const by = { pd, qp: 1 };
  const bind = (window: number, request: Partial<BindRequest> = {}, who = by) =>
    note(
      bindWindow(keys, who, {
        window,
        newKey: 99,
        region: region.lkey,
        va: 0x1100n,
        lengthBytes: 64,
        access: IBV_ACCESS_REMOTE_READ,
        ...request,
      }),
    );
  return { keys, process, memory, pd, other, at, region, note, ask, by, bind };
}

const READ = IBV_ACCESS_REMOTE_READ;
const WRITE = IBV_ACCESS_REMOTE_WRITE;

spec('key table', (it) => {
  it('an access needs the key, its byte, the domain and the right', () => {
    const { keys, region, ask, other, process, at, pd } = table();
    const { rkey } = region;
    assert.is(ask(rkey, 0x1000n, 1000, READ), 'allowed');
    assert.is(ask(rkey + 0x5000, 0x1000n, 1, READ), 'unknown-key');
    assert.is(ask(0, 0x1000n, 1, READ), 'unknown-key');
    assert.is(ask(0xffffffff, 0x1000n, 1, READ), 'unknown-key');
    assert.is(ask(rkey + 1, 0x1000n, 1, READ), 'stale-key');
    assert.is(ask(rkey, 0x1000n, 1, READ, other), 'wrong-pd');
    const readOnly = keys.register(pd, process, at, 1000, 0);
    assert.is(ask(readOnly.lkey, at, 9, LOCAL_READ), 'allowed');
    assert.is(ask(readOnly.lkey, at, 9, IBV_ACCESS_LOCAL_WRITE), 'no-right');
    assert.is(ask(readOnly.rkey, at, 9, READ), 'no-right');
  });

  it('says on which side of the region an access lies', () => {
    const { region, ask } = table();
    assert.is(ask(region.rkey, 0xfffn, 1, READ), 'below-region');
    assert.is(ask(region.rkey, 0xfffn, 2, READ), 'below-region');
    assert.is(ask(region.rkey, 0x13e7n, 1, READ), 'allowed');
    assert.is(ask(region.rkey, 0x13e7n, 2, READ), 'straddles-end');
    assert.is(ask(region.rkey, 0x13e8n, 1, READ), 'above-region');
    assert.is(ask(region.rkey, 0x1000n, 2 ** 31, READ), 'straddles-end');
    assert.is(ask(region.rkey, END - 1n, 2, READ), 'wraps');
    assert.is(ask(region.rkey, END - 1n, 1, READ), 'above-region');
    assert.is(ask(region.rkey, END - 4096n, 8192 + 1000, READ), 'wraps');
  });

  it('a region may end where the address space ends, and nothing passes it', () => {
    const { region, ask } = table(ALL, END - 1000n);
    assert.is(ask(region.rkey, END - 1n, 1, READ), 'allowed');
    assert.is(ask(region.rkey, END - 1n, 2, READ), 'wraps');
    assert.is(ask(region.rkey, 0n, 1, READ), 'below-region');
    const { keys, process, pd, at } = table();
    const wrapping = { iova: END - 999n };
    assert.is(
      errno(() => keys.register(pd, process, at, 1000, 0, wrapping)),
      'EINVAL',
    );
  });

  it('offsets are exact where a double no longer holds the address (trap 45)', () => {
    const { keys, region, ask } = table(ALL, 2n ** 63n + 3n);
    assert.is(ask(region.rkey, 2n ** 63n + 4n, 1, READ), 'allowed');
    assert.is(keys.offset, 1);
    assert.is(ask(region.rkey, 2n ** 63n + 2n, 1, READ), 'below-region');
  });

  it('for zero bytes of READ, WRITE and own buffers no key is looked at (C9-88)', () => {
    const { ask } = table();
    for (const rights of [READ, WRITE, LOCAL_READ, IBV_ACCESS_LOCAL_WRITE])
      assert.is(ask(0xdeadbeef, END - 1n, 0, rights), 'allowed');
    assert.is(ask(0xdeadbeef, 0n, 0, IBV_ACCESS_FLUSH_GLOBAL), 'unknown-key');
    assert.is(ask(0xdeadbeef, 0n, 0, IBV_ACCESS_REMOTE_ATOMIC), 'unknown-key');
  });

  it('a key is refused from the moment of deregistration, and its index gets another byte', () => {
    const { keys, region, ask, process, pd, at } = table();
    const { rkey } = region;
    assert.is(ask(rkey, 0x1000n, 500, WRITE), 'allowed');
    keys.deregister(region);
    assert.is(ask(rkey, 0x11f4n, 500, WRITE), 'deregistered');
    const next = keys.register(pd, process, at, 1000, ALL);
    assert.is(keyIndex(next.rkey), keyIndex(rkey));
    assert.is.not(keyByte(next.rkey), keyByte(rkey));
    assert.is(ask(rkey, 0x11f4n, 500, WRITE), 'stale-key');
    assert.is(
      errno(() => keys.deregister(region)),
      'EINVAL',
    );
  });

  it('an atomic operation must be aligned in address and in memory', () => {
    const { region, ask, keys, process, pd, at } = table();
    assert.is(ask(region.rkey, 0x1008n, 8, IBV_ACCESS_REMOTE_ATOMIC), 'allowed');
    assert.is(ask(region.rkey, 0x1004n, 8, IBV_ACCESS_REMOTE_ATOMIC), 'misaligned');
    const zero = keys.register(pd, process, at + 4n, 64, ALL | IBV_ACCESS_ZERO_BASED);
    assert.is(ask(zero.rkey, 0n, 8, IBV_ACCESS_REMOTE_ATOMIC), 'misaligned');
    assert.is(ask(zero.rkey, 4n, 8, IBV_ACCESS_REMOTE_ATOMIC), 'misaligned');
    assert.is(ask(zero.rkey, 0n, 8, WRITE), 'allowed');
    assert.not.ok(keys.isAligned(), 'an ATOMIC_WRITE is refused here');
    assert.is(ask(zero.rkey, 4n, 8, WRITE), 'allowed');
    assert.ok(keys.isAligned());
  });

  it('a region of all memory never reaches where none is', () => {
    const { keys, pd, ask, memory } = table();
    const region = keys.registerPhysical(pd, IBV_ACCESS_LOCAL_WRITE | READ | WRITE);
    const last = BigInt(memory.nodeBytes(0)) - 8n;
    assert.is(ask(region.rkey, last, 8, WRITE), 'allowed');
    assert.is(ask(region.rkey, last, 9, WRITE), 'above-region');
    assert.is(ask(region.rkey, 2n ** 44n, 8, WRITE), 'allowed');
    assert.is(ask(region.rkey, 2n ** 45n, 8, WRITE), 'above-region');
    assert.is(ask(region.rkey, 2n ** 60n, 8, WRITE), 'above-region');
  });

  it('registration refuses rights that make no sense and pages that are not there', () => {
    const { keys, process, pd, at } = table();
    const errnoOf = (access: number, from = at, length = 10) =>
      errno(() => keys.register(pd, process, from, length, access));
    assert.is(errnoOf(WRITE), 'EINVAL');
    assert.is(errnoOf(IBV_ACCESS_REMOTE_ATOMIC), 'EINVAL');
    assert.is(errnoOf(IBV_ACCESS_ON_DEMAND), 'EOPNOTSUPP');
    assert.is(errnoOf(0, at, 8193), 'EFAULT');
    assert.is(errnoOf(0, at, -1), 'EFAULT');
    const readOnly = process.allocate(4096, { writable: false });
    assert.is(errnoOf(IBV_ACCESS_LOCAL_WRITE, readOnly), 'EFAULT');
    assert.is(errnoOf(READ, readOnly), 'nothing');
  });

  it('the table is bounded, and a key of a capture can be asked for', () => {
    const { process, memory, at } = table();
    const keys = new KeyTable(memory, 2);
    const pd = keys.allocatePd();
    const region = keys.register(pd, process, at, 8, READ, { key: 0x1f47 });
    assert.is(region.rkey, 0x1f47);
    assert.is(
      errno(() => keys.register(pd, process, at, 8, READ, { key: 0x1f48 })),
      'EBUSY',
    );
    assert.is(
      errno(() => keys.register(pd, process, at, 8, READ, { key: 7 })),
      'EINVAL',
    );
    keys.allocateWindow(pd, 1);
    assert.is(
      errno(() => keys.register(pd, process, at, 8, READ)),
      'ENOMEM',
    );
    assert.is(memory.pinsAt(process.translate(at)), 2);
  });
});

spec('memory windows', (it) => {
  it('grant their own range and rights, of both types', () => {
    const { keys, pd, other, ask, bind, region } = table();
    for (const type of [1, 2] as const) {
      const window = keys.allocateWindow(pd, type);
      const before = window.rkey;
      assert.is(ask(before, 0x1100n, 1, READ), 'window-unbound');
      assert.is(bind(before), 'done');
      assert.is(keyByte(window.rkey), 99);
      assert.is(ask(window.rkey, 0x1100n, 64, READ), 'allowed');
      assert.is(keys.offset, 0x100);
      assert.is(ask(window.rkey, 0x1100n, 65, READ), 'straddles-end');
      assert.is(ask(window.rkey, 0x10ffn, 1, READ), 'below-region');
      assert.is(ask(window.rkey, 0x1100n, 1, WRITE), 'no-right');
      assert.is(ask(window.rkey, 0x1100n, 1, READ, other), 'wrong-pd');
      assert.is(ask(window.rkey, 0x1100n, 1, LOCAL_READ), 'not-an-lkey');
      const elsewhere = ask(window.rkey, 0x1100n, 1, READ, pd, 2);
      assert.is(elsewhere, type === 1 ? 'allowed' : 'wrong-qp');
      keys.deallocateWindow(window);
      assert.is(ask(window.rkey, 0x1100n, 1, READ), 'deregistered');
    }
    assert.is(region.windows, 0);
  });

  it('type 1 is bound anew and unbound by length 0, type 2 is not', () => {
    const { keys, pd, ask, bind, region } = table();
    const one = keys.allocateWindow(pd, 1);
    bind(one.rkey);
    const first = one.rkey;
    assert.is(bind(one.rkey, { newKey: 3, va: 0x1200n }), 'done');
    assert.is(ask(first, 0x1100n, 1, READ), 'stale-key');
    assert.is(region.windows, 1);
    assert.is(bind(one.rkey, { lengthBytes: 0 }), 'done');
    assert.is(ask(one.rkey, 0x1200n, 1, READ), 'window-unbound');
    assert.is(region.windows, 0);
    const two = keys.allocateWindow(pd, 2);
    assert.is(bind(two.rkey, { lengthBytes: 0 }), 'empty');
    bind(two.rkey);
    assert.is(bind(two.rkey), 'not-free');
  });

  it('binding is refused as the standard says', () => {
    const { keys, pd, other, by, bind, process, at, region } = table();
    const one = keys.allocateWindow(pd, 1).rkey;
    const two = keys.allocateWindow(pd, 2).rkey;
    const mr = (access: number, domain = pd) =>
      keys.register(domain, process, at, 1000, access, { iova: 0x1000n }).lkey;
    assert.is(bind(region.lkey), 'wrong-kind');
    assert.is(bind(two, { region: two }), 'wrong-kind');
    assert.is(bind(two + 1), 'stale-key');
    assert.is(bind(0x77700), 'unknown-key');
    assert.is(bind(two, {}, { ...by, pd: other }), 'wrong-pd');
    assert.is(bind(two, { region: mr(ALL, other) }), 'wrong-pd');
    assert.is(bind(two, { region: mr(READ) }), 'no-bind-right');
    assert.is(
      bind(two, { region: mr(READ | IBV_ACCESS_MW_BIND), access: WRITE }),
      'no-local-write',
    );
    assert.is(bind(two, { region: mr(ALL | IBV_ACCESS_ZERO_BASED) }), 'zero-based');
    assert.is(bind(one, { access: READ | IBV_ACCESS_ZERO_BASED }), 'zero-based');
    assert.is(bind(two, { access: IBV_ACCESS_LOCAL_WRITE }), 'bad-rights');
    assert.is(bind(two, { va: 0xfffn }), 'out-of-range');
    assert.is(bind(two, { va: 0x1000n, lengthBytes: 1001 }), 'out-of-range');
    assert.is(bind(two, { va: END - 8n, lengthBytes: 64 }), 'out-of-range');
    assert.is(bind(two, { region: keys.allocateFast(pd, 1).lkey }), 'not-valid');
    assert.is(region.windows, 0);
  });

  it('a zero-based window counts from its own first byte', () => {
    const { keys, pd, ask, bind } = table();
    const window = keys.allocateWindow(pd, 2);
    bind(window.rkey, { access: READ | IBV_ACCESS_ZERO_BASED });
    assert.is(ask(window.rkey, 5n, 59, READ), 'allowed');
    assert.is(keys.offset, 0x105);
    assert.is(ask(window.rkey, 0x1100n, 1, READ), 'above-region');
  });

  it('a region with windows stays', () => {
    const { keys, pd, bind, region } = table();
    const window = keys.allocateWindow(pd, 2);
    bind(window.rkey);
    assert.is(
      errno(() => keys.deregister(region)),
      'EBUSY',
    );
    releaseWindows(keys, 2);
    assert.is(region.windows, 1);
    releaseWindows(keys, 1);
    keys.deregister(region);
  });
});

spec('invalidation and REG_MR', (it) => {
  function fast(access = ALL) {
    const t = table();
    const region = t.keys.allocateFast(t.pd, 2);
    const pages = [t.memory.allocate(4096), t.memory.allocate(4096)];
    const map = (length = 5000) => mapPages(t.keys, region, pages, 4096, 96, length, 0x8000n);
    const register = (key = region.lkey, rights = access, by = t.by) =>
      t.note(fastRegister(t.keys, by, region, key, rights));
    return { ...t, fast: region, pages, map, register };
  }

  it('a fast region serves between REG_MR and its invalidation', () => {
    const t = fast();
    const first = t.fast.rkey;
    assert.is(t.ask(first, 0x8000n, 1, READ), 'not-valid');
    assert.is(t.register(), 'no-pages');
    t.map();
    assert.is(t.register(first ^ 0x55), 'done');
    const key = t.fast.rkey;
    assert.is(key, first ^ 0x55);
    assert.is(t.ask(first, 0x8000n, 1, READ), 'stale-key');
    assert.is(t.ask(key, 0x8000n, 5000, READ), 'allowed');
    assert.is(t.ask(key, 0x8000n, 5001, READ), 'straddles-end');
    assert.is(t.memory.pinsAt(t.pages[1]!), 1);
    assert.is(t.register(), 'not-free');
    assert.is(t.note(invalidateRemotely(t.keys, t.by, key)), 'done');
    assert.is(t.memory.pinsAt(t.pages[1]!), 0);
    assert.is(t.ask(key, 0x8000n, 1, READ), 'not-valid');
    assert.is(invalidateRemotely(t.keys, t.by, key), 'done', 'once more does no harm, as in rxe');
    assert.is(invalidateLocally(t.keys, t.by, key), 'done');
    assert.is(t.register(key + 1), 'done');
    t.keys.deregister(t.fast);
    assert.is(t.memory.pinsAt(t.pages[1]!), 0);
    assert.is(t.register(), 'deregistered');
  });

  it('REG_MR refuses another index, another domain and senseless rights', () => {
    const t = fast();
    t.map();
    assert.is(t.register(t.fast.lkey + 256), 'index-changed');
    assert.is(t.register(t.fast.lkey, ALL, { pd: t.other, qp: 1 }), 'wrong-pd');
    assert.is(t.register(t.fast.lkey, WRITE), 'bad-rights');
    assert.is(t.register(t.fast.lkey, IBV_ACCESS_ON_DEMAND), 'bad-rights');
    assert.is(fastRegister(t.keys, t.by, t.region, t.region.lkey, ALL), 'wrong-kind');
  });

  it('a page list must be of real pages and fit', () => {
    const t = fast();
    const map = (pages: number[], size: number, first: number, length: number) =>
      errno(() => mapPages(t.keys, t.fast, pages, size, first, length, 0n));
    assert.is(map([4096], 4096, 0, 4097), 'EINVAL');
    assert.is(map([0, 4096, 8192], 4096, 0, 100), 'EINVAL');
    assert.is(map([100], 4096, 0, 100), 'EFAULT');
    assert.is(map([2 ** 43], 4096, 0, 100), 'EFAULT');
    assert.is(map([0], 5000, 0, 100), 'EINVAL');
    assert.is(map([0], 4096, 4096, 0), 'EINVAL');
    assert.is(
      errno(() => mapPages(t.keys, t.region, [0], 4096, 0, 8, 0n)),
      'EINVAL',
    );
  });

  it('invalidation keeps to what may be invalidated', () => {
    const t = fast(READ | IBV_ACCESS_MW_BIND);
    const local = (key: number, by = t.by) => t.note(invalidateLocally(t.keys, by, key));
    assert.is(local(t.region.lkey), 'wrong-kind');
    assert.is(local(0x66600), 'unknown-key');
    assert.is(local(t.fast.lkey, { pd: t.other, qp: 1 }), 'wrong-pd');
    t.map();
    t.register();
    const window = t.keys.allocateWindow(t.pd, 2);
    assert.is(local(window.rkey), 'done', 'there is nothing to do');
    t.bind(window.rkey, { region: t.fast.lkey, va: 0x8000n });
    assert.is(local(t.fast.lkey), 'windows-bound');
    assert.is(local(window.rkey, { pd: t.pd, qp: 2 }), 'wrong-qp');
    assert.is(local(window.rkey), 'done');
    assert.is(local(t.keys.allocateWindow(t.pd, 1).rkey), 'wrong-kind');
    assert.is(local(t.fast.lkey), 'done');
    t.register(t.fast.lkey, 0);
    assert.is(t.note(invalidateRemotely(t.keys, t.by, t.fast.rkey)), 'bad-rights');
  });
});

spec('verdicts', (it) => {
  it('each one was provoked above', () => {
    const named = [...Object.keys(outcomes), ...Object.keys(operationOutcomes)] as Verdict[];
    assert.equal(
      named.filter((verdict) => !seen.has(verdict)),
      [],
    );
  });

  it('a refused R_Key is a NAK of remote access, a misaligned atomic an invalid request', () => {
    assert.is(outcomes['stale-key'].remote, 'nak-remote-access-error');
    assert.is(outcomes['stale-key'].requester, 'IBV_WC_REM_ACCESS_ERR');
    assert.is(outcomes['no-right'].local, 'IBV_WC_LOC_PROT_ERR');
    assert.is(outcomes.misaligned.remote, 'nak-invalid-request');
    assert.is(outcomes.misaligned.requester, 'IBV_WC_REM_INV_REQ_ERR');
  });
});
