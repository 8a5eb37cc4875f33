// Buffers of a guest that the host's card sends from where they lie: pinned, given back in order, heard of now and then.

import { MachineMemory } from '../../../../src/memory/index.js';
import { LentBuffers } from '../../../../src/vm/virtio/net-lent.js';
import { assert, spec } from '../../../support/spec.js';

function lending() {
  const memory = new MachineMemory({ nodes: [2 ** 20] });
  const page = memory.allocate(4096);
  let news = 0;
  const lent = new LentBuffers(memory, () => news++);
  const lend = (id: number) => lent.lend(id, 1, [{ address: page, length: 100 }]);
  return { memory, page, lent, lend, news: () => news };
}

spec('lent buffers', (it) => {
  it('go back in the order in which they were lent', () => {
    const { lent, lend, news } = lending();
    const first = lend(7);
    const second = lend(9);
    lent.release(second);
    assert.not(lent.hasReturned, 'the first is still read');
    lent.hold(first);
    lent.release(first);
    assert.not(lent.hasReturned, 'by somebody else');
    lent.release(first);
    assert.ok(news() > 0);
    assert.is(lent.takeReturned().id, 7);
    assert.is(lent.takeReturned().id, 9);
    assert.not(lent.hasReturned);
  });

  it('are not freed while somebody reads them', () => {
    const { memory, page, lent, lend } = lending();
    const one = lend(1);
    const free = memory.freeBytes(0);
    memory.free(page, 4096);
    assert.is(memory.freeBytes(0), free);
    lent.release(one);
    assert.is(memory.freeBytes(0), free + 4096);
  });

  it('are bounded, and the thread hears of one in sixteen and of the last', () => {
    const { lent, lend, news } = lending();
    const all = Array.from({ length: 128 }, (_, i) => lend(i));
    assert.ok(lent.full);
    for (const one of all) lent.release(one);
    assert.is(news(), 128 / 16 + 1);
    assert.not(lent.full);
  });

  it("of a device that was reset are nobody's, and stay pinned while somebody reads them", () => {
    const { memory, page, lent, lend, news } = lending();
    const old = lend(1);
    lent.forget();
    assert.not(lent.hasReturned);
    const fresh = lend(2);
    memory.free(page, 4096);
    const free = memory.freeBytes(0);
    lent.release(old);
    assert.is(memory.freeBytes(0), free);
    assert.is(news(), 0);
    lent.release(fresh);
    assert.is(lent.takeReturned().id, 2);
    assert.is(memory.freeBytes(0), free + 4096);
  });
});
