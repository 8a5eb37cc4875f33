// Parts of a device that takes time: the heap of instants, caches, engines side by side.

import { NicCache } from '../../../src/rdma/nic-cache.js';
import { TimeHeap } from '../../../src/rdma/time-heap.js';
import { Units } from '../../../src/rdma/units.js';
import { NEVER, Random } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';

spec('things that become ready', (it) => {
  it('come in the order of their instants, those of one instant in the order of putting in', () => {
    const random = new Random(1);
    const heap = new TimeHeap<number>();
    const model: { at: number; item: number }[] = [];
    for (let item = 0; item < 3000; item++) {
      const at = random.below(200);
      heap.put(item, at);
      model.push({ at, item });
      if (random.chance(0.4)) {
        model.sort((a, b) => a.at - b.at || a.item - b.item);
        const first = model.shift()!;
        assert.is(heap.next, first.at);
        assert.is(heap.take(), first.item);
      }
    }
    model.sort((a, b) => a.at - b.at || a.item - b.item);
    for (const { item } of model) assert.is(heap.take(), item);
    assert.is(heap.next, NEVER);
  });
});

const cacheOf = (replacement: 'lru' | 'fifo' | 'random', entries = 8) =>
  new NicCache({ entries, ways: entries, replacement, lineBytes: 64 }, new Random(1));

spec('a cache of a device', (it) => {
  it('drives out what was used least recently', () => {
    const cache = cacheOf('lru', 2);
    for (const tag of [1, 2, 1, 3]) cache.touch(tag);
    assert.ok(cache.holds(1) && cache.holds(3) && !cache.holds(2));
    assert.is(cache.hits, 1);
    assert.is(cache.misses, 3);
  });

  it('drives out what came first, used or not', () => {
    const cache = cacheOf('fifo', 2);
    for (const tag of [1, 2, 1, 3]) cache.touch(tag);
    assert.ok(!cache.holds(1) && cache.holds(2) && cache.holds(3));
  });

  it('going round in one entry more than it has always misses by age, and sometimes hits by chance', () => {
    const round = (cache: NicCache): number => {
      for (let i = 0; i < 900; i++) cache.touch(i % 9);
      return cache.hits;
    };
    assert.is(round(cacheOf('lru')), 0);
    assert.ok(round(cacheOf('random')) > 100);
  });

  it('spreads neighbours over its sets', () => {
    const profile = { entries: 1024, ways: 8, replacement: 'lru', lineBytes: 64 } as const;
    const cache = new NicCache(profile, new Random(1));
    for (let i = 0; i < 700; i++) cache.touch(17 + i);
    for (let i = 0; i < 700; i++) cache.touch(17 + i);
    assert.ok(cache.hits > 650, `${cache.hits} hits of 700`);
  });
});

spec('engines side by side', (it) => {
  it('share the work, each one piece at a time, at rates finer than a nanosecond', () => {
    const units = new Units(2);
    let done = 0;
    for (let i = 0; i < 1000; i++) done = units.serve(0, 6.4);
    assert.ok(Math.abs(done - 3200) <= 1, `${done} ns`);
    assert.is(units.freeAt, done);
    // The same, whenever it begins.
    const late = 2 ** 53 - 2 ** 20;
    const later = new Units(2);
    let then = 0;
    for (let i = 0; i < 1000; i++) then = later.serve(late, 6.4);
    assert.is(then - late, done);
  });
});
