// Memory of guests: chunks of the machine's, both page tables as bytes in memory, first touches, balloons, pins.

import type { Thread, Wait } from '../../../src/cpu/index.js';
import {
  type MachineMemory,
  NODE_SPAN,
  nodeOf,
  PAGE_1G,
  PAGE_2M,
  PAGE_4K,
  type PageBytes,
} from '../../../src/memory/index.js';
import { us } from '../../../src/time/index.js';
import { Vm } from '../../../src/vm/index.js';
import { assert, spec } from '../../support/spec.js';
import { machine } from './machine.js';

const MIB = 2 ** 20;

/** A walker of its own: entries of eight bytes as Intel's manual has them, nothing of the emulator's. */
function walk(
  read: (address: number) => bigint,
  root: number,
  at: number,
  present: bigint,
): { address: number; reads: number } {
  let table = root;
  for (let shift = 39, reads = 1; ; shift -= 9, reads++) {
    const index = Math.floor(at / 2 ** shift) % 512;
    const entry = read(table + index * 8);
    if ((entry & present) === 0n) return { address: -1, reads };
    const frame = Number(entry & 0x000f_ffff_ffff_f000n);
    if (shift === 12 || ((entry >> 7n) & 1n) === 1n)
      return { address: frame + (at % 2 ** shift), reads };
    table = frame;
  }
}

const word = (memory: MachineMemory, address: number): bigint => {
  const { buffer, byteOffset } = memory.view(address, 8);
  return new DataView(buffer, byteOffset, 8).getBigUint64(0, true);
};

/** From a guest's virtual address to the machine's, through both tables. */
function walkBoth(vm: Vm, virtual: number): { physical: number; machine: number; reads: number } {
  let reads = 0;
  const second = (physical: number): number => {
    const found = walk((at) => word(vm.host.memory, at), vm.memory.table.root, physical, 7n);
    reads += found.reads;
    return found.address;
  };
  const first = walk(
    (at) => word(vm.host.memory, second(at)),
    vm.guest.table.table.root,
    virtual,
    1n,
  );
  reads += first.reads;
  return { physical: first.address, machine: second(first.address), reads };
}

spec('memory of guests', (it) => {
  const sizes: readonly [string, PageBytes, number][] = [
    ['4 KiB', PAGE_4K, 16 * MIB],
    ['2 MiB', PAGE_2M, 16 * MIB],
    ['1 GiB', PAGE_1G, PAGE_1G],
  ];
  for (const [name, pageBytes, memoryBytes] of sizes)
    it(`both page tables lie in memory, and whoever reads their bytes finds the machine's, by chunks of ${name}`, () => {
      const nodes = [2 ** 31, 2 ** 31];
      const { host } = machine({}, { nodes });
      const vm = new Vm({ name: 'vm', host, memoryBytes, pageBytes, memoryNodes: [1] });
      const { space } = vm.guest;
      for (const page of [PAGE_4K, PAGE_2M] as const) {
        const at = space.allocate(3 * page, { pageBytes: page });
        for (let offset = 5; offset < 3 * page; offset += page / 2) {
          const virtual = Number(at) + offset;
          const physical = space.translate(BigInt(virtual));
          const found = walkBoth(vm, virtual);
          assert.is(found.physical, physical);
          assert.is(found.machine, vm.memory.translate(physical));
          assert.is(nodeOf(found.machine), 1);
        }
      }
      // Four entries of the guest's, and the second stage's for each of them and for the page (Bhargava et al., ASPLOS 2008).
      const levels = pageBytes === PAGE_4K ? 4 : pageBytes === PAGE_2M ? 3 : 2;
      const at = Number(space.allocate(PAGE_4K));
      const before = vm.guest.table.references;
      space.translate(BigInt(at));
      assert.is(walkBoth(vm, at).reads, 4 + 5 * levels);
      assert.is(vm.guest.table.references - before, 4 + 5 * levels);
    });

  it('the TLB keeps what was found: a second look reads no table', () => {
    const { host } = machine();
    const { guest } = new Vm({ name: 'vm', host });
    const at = guest.space.allocate(PAGE_4K);
    guest.space.translate(at);
    const { misses } = guest.table;
    for (let i = 0; i < 10; i++) guest.space.translate(at);
    assert.is(guest.table.misses, misses);
    guest.space.unmap(at, PAGE_4K);
    assert.is(guest.space.translate(at), -1);
  });

  it('chunks are taken when touched first, on the nodes in turn, and what is one piece to the guest is one', () => {
    const { host } = machine({}, { nodes: [64 * MIB, 64 * MIB] });
    const vm = new Vm({
      name: 'vm',
      host,
      memoryBytes: 16 * MIB,
      pageBytes: PAGE_4K,
      memoryNodes: [0, 1],
    });
    const at = vm.memory.allocate(PAGE_4K, 8);
    const bytes = vm.memory.view(at, 8 * PAGE_4K);
    for (let i = 0; i < 8; i++) {
      bytes[i * PAGE_4K] = i + 1;
      const address = vm.memory.translate(at + i * PAGE_4K);
      assert.is(nodeOf(address), (at / PAGE_4K + i) % 2);
      assert.is(host.memory.view(address, 1)[0], i + 1); // the host sees the guest's bytes
    }
    assert.ok(vm.memory.faults >= 8);
    assert.ok(NODE_SPAN > 0);
  });

  it('a guest that touches memory first leaves its core until the host has cleared a chunk', () => {
    const { sim, host } = machine();
    const vm = new Vm({ name: 'vm', host, memoryBytes: 32 * MIB });
    const log: number[] = [];
    vm.guest.spawn('toucher', function* (thread: Thread): Generator<Wait, void, void> {
      for (let i = 0; i < 2; i++) {
        const before = thread.now;
        const at = vm.guest.memory.allocate(PAGE_2M); // whole chunks, so each is new
        yield thread.spend(1000);
        log.push(thread.now - before);
        assert.is(at % PAGE_2M, 0);
      }
    });
    sim.settle(host);
    sim.run(us(10_000));
    // Out of the guest, the host's fault, clearing 2 MiB at 80 Gb/s, in again, and the guest's own microsecond.
    const fault = 650 + 2000 + Math.ceil((PAGE_2M * 8) / 80) + 650;
    assert.equal(log, [fault + 1000, fault + 1000]);
    assert.is(vm.vcpus[0]!.exits['ept-violation'], 2);
    assert.is(host.ledger.total('page-fault').count, 2);
    assert.is(host.ledger.total('page-fault').bytes, 2 * PAGE_2M);
  });

  it('the balloon gives whole chunks back to the host, and the guest has them again', () => {
    const { host } = machine({}, { nodes: [64 * MIB] });
    const vm = new Vm({ name: 'vm', host, memoryBytes: 16 * MIB, populate: true });
    const before = host.memory.freeBytes(0);
    vm.memory.inflate(8 * MIB);
    assert.is(vm.memory.balloonBytes, 8 * MIB);
    assert.is(host.memory.freeBytes(0) - before, 8 * MIB);
    assert.throws(
      () => vm.memory.inflate(16 * MIB),
      /16777216 bytes are to be given back, \d+ are free/,
    );
    assert.throws(() => vm.memory.deflate(10 * MIB), /10485760 bytes are wanted .* has 8388608/);
    vm.memory.deflate(8 * MIB);
    assert.is(vm.memory.balloonBytes, 0);
    const at = vm.memory.allocate(PAGE_2M, 4);
    vm.memory.view(at, 8 * MIB).fill(7);
    assert.is(host.memory.freeBytes(0), before);
  });

  it('more memory than a node has is not promised, and the refusal says what was needed and had', () => {
    const { host } = machine({}, { nodes: [64 * MIB, 64 * MIB] });
    assert.ok(new Vm({ name: 'a', host, memoryBytes: 32 * MIB }));
    assert.throws(
      () => new Vm({ name: 'b', host, memoryBytes: 32 * MIB }),
      /ENOMEM: b needs 33554432 bytes of node 0, which has \d+ that are not promised/,
    );
    assert.ok(new Vm({ name: 'c', host, memoryBytes: 32 * MIB, memoryNodes: [1] }));
  });

  it('what is registered in a guest is pinned in the machine', () => {
    const { host } = machine();
    const vm = new Vm({ name: 'vm', host, memoryBytes: 16 * MIB, pageBytes: PAGE_4K });
    const at = vm.guest.memory.allocate(PAGE_4K, 2);
    vm.memory.pin(at + 100, 5000);
    for (const offset of [0, PAGE_4K])
      assert.is(host.memory.pinsAt(vm.memory.translate(at + offset)), 1);
    vm.memory.free(at, 2 * PAGE_4K);
    const free = vm.memory.freeBytes();
    vm.memory.unpin(at + 100, 5000);
    assert.is(vm.memory.freeBytes() - free, 2 * PAGE_4K);
    assert.is(host.memory.pinsAt(vm.memory.translate(at)), 0);
  });
});
