// Mirrors src/memory/page-use.ts: memory says what its pages are for, as long as they are.

import { AddressSpace } from '../../../src/memory/index.js';
import { assert, spec } from '../../support/spec.js';
import { machine } from './machine.js';

const PAGE = 4096;

spec('the use of pages', (it) => {
  it('is what whoever took them said, for every byte of them', () => {
    const { memory } = machine(2 ** 24);
    const first = memory.allocate(PAGE, 3, 0, 'ring');
    const second = memory.allocate(PAGE, 1, 0, 'socket buffer');
    const third = memory.allocate(PAGE);
    assert.is(memory.useOf(first), 'ring');
    assert.is(memory.useOf(first + 3 * PAGE - 1), 'ring');
    assert.is(memory.useOf(second), 'socket buffer');
    assert.is(memory.useOf(third), '');
  });

  it('ends when somebody else takes them', () => {
    const { memory } = machine(2 ** 24);
    const before = memory.allocate(PAGE, 1, 0, 'ring');
    memory.free(before, PAGE);
    assert.is(memory.allocate(PAGE), before);
    assert.is(memory.useOf(before), '');
  });

  it("is the application's in a process, unless it says more", () => {
    const { memory } = machine(2 ** 24);
    const space = new AddressSpace(memory, 'user');
    const plain = space.translate(space.allocate(2 * PAGE));
    const queue = space.translate(space.allocate(PAGE, { use: 'send queue' }));
    const kernel = new AddressSpace(memory, 'kernel');
    assert.is(memory.useOf(plain), 'application memory');
    assert.is(memory.useOf(queue), 'send queue');
    assert.is(memory.useOf(kernel.translate(kernel.allocate(PAGE))), '');
  });
});
