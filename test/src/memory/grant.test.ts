// What was allowed once is allowed again without looking all of it up: until anything of it changes.

import {
  bindWindow,
  fastRegister,
  IBV_ACCESS_LOCAL_WRITE,
  IBV_ACCESS_MW_BIND,
  IBV_ACCESS_REMOTE_ATOMIC,
  IBV_ACCESS_REMOTE_WRITE,
  invalidateLocally,
  invalidateRemotely,
  mapPages,
  releaseWindows,
} from '../../../src/memory/index.js';
import { assert, spec } from '../../support/spec.js';
import { machine } from './machine.js';

const WRITE = IBV_ACCESS_REMOTE_WRITE;
const ALL = IBV_ACCESS_LOCAL_WRITE | WRITE | IBV_ACCESS_MW_BIND | IBV_ACCESS_REMOTE_ATOMIC;
const VA = 0x10000n;
const QP = 5;

function rig() {
  const { keys, process, memory } = machine();
  const pd = keys.allocatePd();
  const by = { pd, qp: QP };
  const buffer = process.allocate(8192);
  const user = keys.register(pd, process, buffer, 8192, ALL, { iova: VA });
  const fast = keys.allocateFast(pd, 2);
  mapPages(keys, fast, [memory.allocate(4096)], 4096, 0, 4096, VA);
  assert.is(fastRegister(keys, by, fast, fast.lkey + 1, ALL), 'done');
  const bind = (type: 1 | 2) => {
    const window = keys.allocateWindow(pd, type);
    const request = { region: user.lkey, va: VA, lengthBytes: 4096, access: WRITE };
    assert.is(bindWindow(keys, by, { ...request, window: window.rkey, newKey: 7 }), 'done');
    return window;
  };
  const ask = (key: number, length = 64, va = VA, domain = pd, qp = QP, rights = WRITE) =>
    keys.checkAt(key, domain, qp, va, length, rights);
  return { keys, pd, by, user, fast, one: bind(1), two: bind(2), ask };
}

type Rig = ReturnType<typeof rig>;

spec('what was allowed before', (it) => {
  it('is allowed again, wherever it lies within the same bytes', () => {
    const { keys, user, two, ask } = rig();
    for (const { rkey } of [user, two]) {
      assert.is(ask(rkey), 'allowed');
      assert.is(ask(rkey, 96, VA + 4000n), 'allowed');
      assert.is(keys.offset, 4000);
      assert.is(keys.region, user);
      assert.is(ask(rkey, 9000), 'straddles-end');
      assert.is(ask(rkey, 1, VA - 1n), 'below-region');
    }
  });

  it('says nothing of other domains, queue pairs, rights and keys', () => {
    const { keys, user, one, two, ask } = rig();
    for (const { rkey } of [user, one, two]) assert.is(ask(rkey), 'allowed');
    const other = keys.allocatePd();
    for (const { rkey } of [user, one, two]) assert.is(ask(rkey, 64, VA, other), 'wrong-pd');
    assert.is(ask(two.rkey, 64, VA, undefined, QP + 1), 'wrong-qp');
    assert.is(ask(one.rkey, 64, VA, undefined, QP + 1), 'allowed');
    assert.is(ask(two.rkey, 8, VA, undefined, QP, IBV_ACCESS_REMOTE_ATOMIC), 'no-right');
    assert.is(ask(user.rkey + 1), 'stale-key');
    assert.is(ask(user.rkey, 8, VA, undefined, QP, IBV_ACCESS_REMOTE_ATOMIC), 'allowed');
    assert.is(ask(user.rkey, 8, VA + 4n, undefined, QP, IBV_ACCESS_REMOTE_ATOMIC), 'misaligned');
  });

  const changes: Record<string, (r: Rig) => [key: number, expected: string]> = {
    'a region is deregistered': ({ keys, user, one, two }) => {
      keys.deallocateWindow(one);
      keys.deallocateWindow(two);
      keys.deregister(user);
      return [user.rkey, 'deregistered'];
    },
    'a window is deallocated': ({ keys, one }) => {
      keys.deallocateWindow(one);
      return [one.rkey, 'deregistered'];
    },
    'a region is invalidated': ({ keys, by, fast }) => {
      invalidateLocally(keys, by, fast.rkey);
      return [fast.rkey, 'not-valid'];
    },
    'a window is invalidated from afar': ({ keys, by, two }) => {
      invalidateRemotely(keys, by, two.rkey);
      return [two.rkey, 'window-unbound'];
    },
    'the queue pair of a window is gone': ({ keys, two }) => {
      releaseWindows(keys, QP);
      return [two.rkey, 'window-unbound'];
    },
    'a window is bound anew': ({ keys, by, user, one }) => {
      const old = one.rkey;
      const request = { region: user.lkey, va: VA, lengthBytes: 16, access: WRITE };
      bindWindow(keys, by, { ...request, window: old, newKey: old });
      return [old, 'straddles-end'];
    },
    'a region is registered anew with other rights': ({ keys, by, fast }) => {
      invalidateLocally(keys, by, fast.rkey);
      fastRegister(keys, by, fast, fast.lkey, 0);
      return [fast.rkey, 'no-right'];
    },
  };
  for (const [title, change] of Object.entries(changes)) {
    it(`is refused from the moment that ${title}`, () => {
      const r = rig();
      for (const { rkey } of [r.user, r.fast, r.one, r.two]) assert.is(r.ask(rkey), 'allowed');
      const [key, expected] = change(r);
      assert.is(r.ask(key), expected);
    });
  }
});
