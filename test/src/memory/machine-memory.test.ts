// Machine memory and address spaces: pages are handed out once, kept while pinned, and the same bytes are seen
// under every address that maps them.

import { crc32 } from '../../../protocols/core/checksum/index.js';
import {
  AddressSpace,
  directMapAddress,
  kernelSpace,
  MachineMemory,
  NODE_SPAN,
  nodeOf,
  PAGE_1G,
  PAGE_2M,
  PAGE_4K,
  translationOf,
} from '../../../src/memory/index.js';
import { assert, spec } from '../../support/spec.js';
import { errno, machine } from './machine.js';

const GIB = 2 ** 30;

spec('machine memory', (it) => {
  it('a node of 64 GiB holds bytes only where somebody wrote', () => {
    const memory = new MachineMemory({ nodes: [64 * GIB, 64 * GIB] });
    const near = memory.allocate(PAGE_1G, 3);
    const far = memory.allocate(PAGE_4K, 1, 1);
    assert.is(memory.backedBytes, 0);
    memory.view(near + 2 * GIB + 5, 1)[0] = 9;
    memory.view(far, 1)[0] = 7;
    assert.is(nodeOf(far), 1);
    assert.is(far, NODE_SPAN);
    assert.ok(memory.backedBytes <= 2 ** 27);
    assert.is(crc32(memory.view(far, 1)), crc32(Uint8Array.of(7)));
  });

  it('pages are aligned to their size and never handed out twice', () => {
    const memory = machine(2 ** 24).memory;
    const taken = new Set<number>();
    const live: [number, number][] = [];
    let state = 1;
    const roll = (n: number) => {
      state = (state * 48271) % 2147483647;
      return state % n;
    };
    for (let i = 0; i < 2000; i++) {
      if (roll(3) === 0 && live.length > 0) {
        const [[at, length]] = live.splice(roll(live.length), 1) as [[number, number]];
        memory.free(at, length);
        for (let p = at; p < at + length; p += PAGE_4K) taken.delete(p);
        continue;
      }
      const size = roll(20) === 0 ? PAGE_2M : PAGE_4K;
      const length = size === PAGE_2M ? size : size * (1 + roll(9));
      let at: number;
      try {
        at = memory.allocate(size, length / size);
      } catch {
        continue;
      }
      assert.is(at % size, 0);
      for (let p = at; p < at + length; p += PAGE_4K) {
        assert.not.ok(taken.has(p));
        taken.add(p);
      }
      live.push([at, length]);
      assert.is(memory.freeBytes(0), 2 ** 24 - taken.size * PAGE_4K);
    }
    for (const [at, length] of live) memory.free(at, length);
    assert.is(memory.allocate(PAGE_2M, 8), 0);
  });

  it('refuses what it does not have, by name', () => {
    const { memory } = machine(2 ** 22);
    const page = memory.allocate(PAGE_4K);
    assert.throws(() => memory.allocate(PAGE_2M, 2), /ENOMEM: node 0 has no 2 contiguous pages/);
    assert.is(
      errno(() => memory.allocate(PAGE_4K, 1, 2)),
      'EINVAL',
    );
    assert.is(
      errno(() => memory.allocate(PAGE_4K, 0)),
      'EINVAL',
    );
    memory.free(page, PAGE_4K);
    assert.is(
      errno(() => memory.free(page, PAGE_4K)),
      'EINVAL',
    );
    assert.is(
      errno(() => memory.free(page + 1, PAGE_4K)),
      'EINVAL',
    );
    assert.is(
      errno(() => memory.view(2 ** 22 - 1, 2)),
      'RangeError',
    );
    assert.is(
      errno(() => memory.locate(5 * NODE_SPAN)),
      'RangeError',
    );
    assert.is(
      errno(() => memory.locate(-1)),
      'RangeError',
    );
    assert.is(
      errno(() => memory.locate(Number.NaN)),
      'RangeError',
    );
    assert.is(
      errno(() => new MachineMemory({ nodes: [100] })),
      'EINVAL',
    );
    assert.is(
      errno(() => new MachineMemory({ nodes: [] })),
      'EINVAL',
    );
  });

  it('memory is zero when it is handed out again', () => {
    const { memory } = machine();
    const page = memory.allocate(PAGE_4K);
    memory.view(page, PAGE_4K).fill(0xaa);
    memory.free(page, PAGE_4K);
    assert.is(memory.allocate(PAGE_4K), page);
    assert.is(
      memory.view(page, PAGE_4K).every((byte) => byte === 0),
      true,
    );
  });

  it('a pinned page that was unmapped comes back with its last pin', () => {
    const { memory, process } = machine();
    const free = memory.freeBytes(0);
    const at = process.allocate(3 * PAGE_4K);
    const translation = translationOf(process, at + 5000n, 100, true);
    const middle = process.translate(at + 4096n);
    translation.pin();
    translation.pin();
    process.unmap(at, 3 * PAGE_4K);
    assert.is(memory.freeBytes(0), free - PAGE_4K);
    assert.is(
      errno(() => memory.free(middle, PAGE_4K)),
      'EINVAL',
    );
    translation.unpin();
    assert.is(memory.freeBytes(0), free - PAGE_4K);
    translation.unpin();
    assert.is(memory.freeBytes(0), free);
    assert.is(
      errno(() => translation.unpin()),
      'EINVAL',
    );
  });
});

spec('address space', (it) => {
  it('user, kernel and device see the same bytes', () => {
    const { memory, process } = machine();
    const kernel = kernelSpace(memory);
    const device = new AddressSpace(memory, 'device');
    const at = process.allocate(8192);
    const page = process.translate(at);
    device.map(0x1000n, page, 4096);
    process.write(at + 9n, Uint8Array.of(1, 2, 3));
    assert.equal([...device.read(0x1009n, 3)], [1, 2, 3]);
    assert.equal([...kernel.read(directMapAddress(page) + 9n, 3)], [1, 2, 3]);
    device.bytes(0x1009n, 3)[0] = 5;
    assert.is(process.read(at + 9n, 1)[0], 5);
  });

  it('maps pages of all three sizes', () => {
    const memory = new MachineMemory({ nodes: [4 * GIB] });
    const space = new AddressSpace(memory);
    for (const pageBytes of [PAGE_1G, PAGE_2M, PAGE_4K] as const) {
      const at = space.allocate(pageBytes + 1, { pageBytes });
      const first = space.translate(at);
      assert.is(first % pageBytes, 0);
      assert.is(space.pageBytes, pageBytes);
      assert.is(space.translate(at + BigInt(pageBytes) * 2n - 1n) % pageBytes, pageBytes - 1);
      assert.is(space.translate(at + BigInt(pageBytes) * 2n), -1);
      space.unmap(at, 2 * pageBytes);
      assert.is(space.translate(at), -1);
    }
    assert.is(memory.freeBytes(0), 4 * GIB);
  });

  it('a translation over pages of several sizes finds every byte', () => {
    const memory = new MachineMemory({ nodes: [2 ** 24] });
    const space = new AddressSpace(memory);
    const large = memory.allocate(PAGE_2M);
    const small = memory.allocate(PAGE_4K, 2);
    space.map(BigInt(PAGE_2M), large, PAGE_2M, { pageBytes: PAGE_2M });
    space.map(BigInt(2 * PAGE_2M), small + PAGE_4K, PAGE_4K);
    space.map(BigInt(2 * PAGE_2M + PAGE_4K), small, PAGE_4K);
    const from = BigInt(2 * PAGE_2M - 5000);
    const t = translationOf(space, from, 5000 + 8192, true);
    for (const offset of [0, 1, 903, 904, 4999, 5000, 9095, 9096, 13191])
      assert.is(t.addressOf(offset), space.translate(from + BigInt(offset)), `${offset}`);
    assert.is(t.entries, 4);
  });

  it('refuses what is mapped already, not mapped, or no address', () => {
    const { process, memory } = machine();
    const at = process.allocate(4096);
    const page = memory.allocate(4096);
    assert.is(
      errno(() => process.map(at, page, 4096)),
      'EEXIST',
    );
    assert.is(
      errno(() => process.map(at + 1n, page, 4096)),
      'EINVAL',
    );
    assert.is(
      errno(() => process.map(1n << 50n, page, 4096)),
      'EFAULT',
    );
    assert.is(
      errno(() => process.unmap(at, 8192)),
      'EINVAL',
    );
    assert.is(
      errno(() => process.bytes(at, 4097)),
      'EFAULT',
    );
    assert.is(
      errno(() => process.bytes(-1n, 1)),
      'EFAULT',
    );
    assert.is(process.translate(0n), -1);
    assert.is(process.translate(2n ** 64n - 1n), -1);
    assert.is(process.translate(2n ** 64n), -1);
    assert.is(process.translate(1n << 47n), -1);
  });

  it('gives everything back when its process ends', () => {
    const { process, memory } = machine();
    const free = memory.freeBytes(0);
    process.allocate(100000);
    const at = process.allocate(PAGE_2M, { pageBytes: PAGE_2M });
    const pinned = translationOf(process, at, 10, true);
    pinned.pin();
    process.release();
    assert.is(process.translate(at), -1);
    assert.is(memory.freeBytes(0), free - PAGE_2M);
    pinned.unpin();
    assert.is(memory.freeBytes(0), free);
  });

  it('gives back what it took when memory runs out half-way', () => {
    const { process, memory } = machine(2 ** 16);
    assert.is(
      errno(() => process.allocate(2 ** 17)),
      'ENOMEM',
    );
    assert.is(memory.freeBytes(0), 2 ** 16);
    process.allocate(2 ** 16);
  });
});
