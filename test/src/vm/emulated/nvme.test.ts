// A guest's disk by full emulation: an NVMe controller whose registers trap, served by a process of the host.

import * as fc from 'fast-check';
import { segmentsOf } from '../../../../src/block/index.js';
import type { Thread, Wait } from '../../../../src/cpu/index.js';
import { after } from '../../../../src/time/index.js';
import { NvmeDisk, probeNvme } from '../../../../src/vm/emulated/index.js';
import { assert, spec } from '../../../support/spec.js';
import { ask, hostAndGuest, manyAtOnce, writeAndRead } from '../guest-disk.js';

function make(vcpus = 1) {
  const world = hostAndGuest(vcpus);
  const card = new NvmeDisk({ name: 'nvme0', vm: world.vm, disk: world.hostDisk });
  return { ...world, card };
}

spec('emulated NVMe', (it) => {
  it('every block that is read is what was written last', () => {
    const { run, vm, card } = make();
    run(function* (thread) {
      const disk = yield* probeNvme(card, thread, '/dev/sdc');
      yield* writeAndRead(vm, disk, thread);
    });
    assert.equal([card.controller.ignored, card.commands.counts.refused], [0, 0]);
  });

  it('many at once over a queue a virtual CPU, with one doorbell for many commands', () => {
    const { run, vm, card } = make(2);
    const count = 200;
    run(function* (thread) {
      const disk = yield* probeNvme(card, thread, '/dev/sdc');
      const exits = vm.vcpus[0]!.exits['ept-misconfig'];
      yield* manyAtOnce(vm, disk, thread, count);
      assert.ok(vm.vcpus[0]!.exits['ept-misconfig'] - exits < 2 * count);
    });
    assert.is(card.commands.counts.refused, 0);
  });

  it('a read costs two exits, one interrupt, and no copy but the disk itself makes', () => {
    const { run, host, vm, card } = make();
    run(function* (thread) {
      const disk = yield* probeNvme(card, thread, '/dev/sdc');
      const address = vm.guest.space.allocate(65_536);
      const segments = segmentsOf(vm.guest.space, address, 65_536);
      yield thread.sleep(after(thread.now, 1_000_000));
      const exits = vm.vcpus[0]!.exits['ept-misconfig'];
      const copies = host.ledger.total('copy').bytes;
      const { interrupts } = card.counts;
      const read = { op: 'read', offset: 0, length: 65_536, segments } as const;
      assert.is(yield* ask(disk, thread, read), 'BLK_STS_OK');
      assert.is(vm.vcpus[0]!.exits['ept-misconfig'] - exits, 2);
      assert.is(host.ledger.total('copy').bytes - copies, 65_536);
      assert.is(card.counts.interrupts - interrupts, 1);
    });
  });

  it('what the host cannot do, the guest is told; durable writes, flushes and discards are passed on', () => {
    const { run, vm, card, driver, hostDisk } = make();
    run(function* (thread) {
      const disk = yield* probeNvme(card, thread, '/dev/sdc');
      assert.is(disk.sizeBytes, hostDisk.sizeBytes);
      assert.ok(disk.writeCache);
      const address = vm.guest.space.allocate(4096);
      const segments = segmentsOf(vm.guest.space, address, 4096);
      const data = { offset: 0, length: 4096, segments } as const;
      driver.answers = 'BLK_STS_MEDIUM';
      assert.is(yield* ask(disk, thread, { op: 'read', ...data }), 'BLK_STS_MEDIUM');
      driver.answers = 'BLK_STS_OK';
      assert.is(yield* ask(disk, thread, { op: 'write', ...data, fua: true }), 'BLK_STS_OK');
      assert.is(yield* ask(disk, thread, { op: 'flush' }), 'BLK_STS_OK');
      const range = { op: 'discard', offset: 8192, length: 8192 } as const;
      assert.is(yield* ask(disk, thread, range), 'BLK_STS_OK');
    });
  });

  it('a disk that changes its size on the host has the new size in the guest, by an asynchronous event', () => {
    const { run, vm, card, hostDisk } = make(2);
    const whole = hostDisk.sizeBytes;
    run(function* (thread) {
      const disk = yield* probeNvme(card, thread, '/dev/sdc');
      yield thread.sleep(after(thread.now, 1_000_000));
      const address = vm.guest.space.allocate(4096);
      const segments = segmentsOf(vm.guest.space, address, 4096);
      for (const sizeBytes of [whole / 2, whole, whole / 4]) {
        const { interrupts } = card.counts;
        const commands = card.commands.counts.commands;
        hostDisk.resize(vm.host.now, sizeBytes);
        yield thread.block(disk.changed, after(thread.now, 1_000_000));
        assert.is(disk.sizeBytes, sizeBytes);
        assert.ok(card.counts.interrupts > interrupts);
        yield thread.sleep(after(thread.now, 1_000_000));
        // Another event request, the list of what has changed, and who the controller and its namespace are.
        assert.is(card.commands.counts.commands - commands, 4);
        const last = { op: 'read', offset: whole - 4096, length: 4096, segments } as const;
        assert.is((yield* ask(disk, thread, last)) === 'BLK_STS_OK', sizeBytes === whole);
      }
    });
    assert.equal([card.controller.ignored, card.commands.counts.refused], [0, 0]);
  });

  it('a reset forgets everything, and the disk can be set up again', () => {
    const { run, vm, card } = make();
    run(function* (thread) {
      yield* probeNvme(card, thread, '/dev/sdc');
      const disk = yield* probeNvme(card, thread, '/dev/sdd');
      yield* writeAndRead(vm, disk, thread, 10);
    });
  });

  it('any access to any register, and any command, is answered, refused or ignored', () => {
    const access = fc.record({
      offset: fc.oneof(
        fc.constantFrom(0x14, 0x24, 0x28, 0x2c, 0x30, 0x34, 0x1000, 0x1004, 0x1008, 0x100c),
        fc.nat({ max: 0x2000 }),
      ),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
    });
    const any = fc.property(
      fc.array(access, { maxLength: 30 }),
      fc.uint8Array({ minLength: 64 * 8, maxLength: 64 * 8 }),
      (accesses, commands) => {
        const { run, vm, card } = make();
        const { memory } = vm;
        run(function* (thread: Thread): Generator<Wait, void, void> {
          yield* probeNvme(card, thread, '/dev/sdc');
          // The first pages are the queues: over them with anything, then doorbells and registers.
          for (let page = 0; page < 8; page++)
            memory.view(page * 4096, commands.length).set(commands);
          for (const tail of [3, 8])
            yield* card.write(thread, 0x1000, Uint8Array.of(tail, 0, 0, 0));
          for (const { offset, bytes } of accesses) {
            card.controller.read(offset, new Uint8Array(bytes.length));
            yield* card.write(thread, offset, bytes);
            yield thread.spend(1000);
          }
          yield thread.sleep(after(thread.now, 1_000_000));
        });
      },
    );
    fc.assert(any, { numRuns: 15 });
  });
});
