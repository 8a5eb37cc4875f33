// A guest's disk by virtio-blk: the guest's block layer, its driver, rings in its memory, a thread of the host, the host's disk.

import { BlkRequest } from '../../../../protocols/virtio/index.js';
import { type RequestQueue, segmentsOf } from '../../../../src/block/index.js';
import type { Thread, Wait } from '../../../../src/cpu/index.js';
import { writePhysical } from '../../../../src/memory/physical-bytes.js';
import { after, seconds } from '../../../../src/time/index.js';
import { blkTable } from '../../../../src/vm/virtio/features.js';
import {
  Chain,
  probeVirtioBlk,
  VirtioBlk,
  type VirtioBlkDriver,
  type VirtioBlkOptions,
} from '../../../../src/vm/virtio/index.js';
import { PciDriver } from '../../../../src/vm/virtio/pci-driver.js';
import { assert, spec } from '../../../support/spec.js';
import { ask, DISK_BYTES, hostAndGuest, manyAtOnce, writeAndRead } from '../guest-disk.js';

function make(options: Partial<VirtioBlkOptions> = {}, vcpus = 1) {
  const world = hostAndGuest(vcpus);
  const card = new VirtioBlk({ name: 'virtio0', vm: world.vm, disk: world.hostDisk, ...options });
  const run = (program: (thread: Thread, disk: RequestQueue) => Generator<Wait, void, void>) =>
    world.run(function* (thread) {
      yield* program(thread, yield* probeVirtioBlk(card, thread, '/dev/sdc'));
    });
  return { ...world, disk: world.hostDisk, card, run };
}

const rings = [
  [],
  ['EVENT_IDX'],
  ['INDIRECT_DESC', 'EVENT_IDX'],
  ['RING_PACKED'],
  ['RING_PACKED', 'INDIRECT_DESC', 'EVENT_IDX', 'IN_ORDER'],
  ['IN_ORDER'],
];

spec('virtio-blk', (it) => {
  for (const ringFeatures of rings)
    it(`every block that is read is what was written last: ${ringFeatures.join(' ')}`, () => {
      const { run, vm, card } = make({ ringFeatures });
      run((thread, disk) => writeAndRead(vm, disk, thread));
      assert.is(card.pci.needsReset, false);
      const offered = new Set(ringFeatures);
      for (const name of ['RING_PACKED', 'EVENT_IDX', 'INDIRECT_DESC', 'IN_ORDER'])
        assert.is(card.pci.features.has(name), offered.has(name));
    });

  it('many at once over several queues, with less interrupts and kicks than requests', () => {
    const { run, vm, card } = make({ queues: 2 }, 2);
    const count = 200;
    run((thread, disk) => manyAtOnce(vm, disk, thread, count));
    const { kicks, interrupts, suppressed } = card.device.counts;
    assert.ok(kicks < count, `${kicks}`);
    assert.ok(interrupts < count, `${interrupts}`);
    assert.ok(suppressed >= 0);
  });

  it('the guest pages are the segments of the host request: nobody copies but the disk', () => {
    const { run, host, vm, disk } = make();
    let before = host.ledger.total('copy');
    run(function* (thread, guestDisk) {
      const address = vm.guest.space.allocate(65_536);
      const segments = segmentsOf(vm.guest.space, address, 65_536);
      before = host.ledger.total('copy');
      yield* ask(guestDisk, thread, { op: 'read', offset: 0, length: 65_536, segments });
    });
    // The RAM disk itself copies what it has, once.
    assert.is(host.ledger.total('copy').bytes - before.bytes, 65_536);
    assert.ok(disk.counts.sent > 0);
  });

  it('a durable write is followed by a flush, and only then over', () => {
    const { run, disk, vm } = make();
    run(function* (thread, guestDisk) {
      const address = vm.guest.space.allocate(4096);
      const segments = segmentsOf(vm.guest.space, address, 4096);
      const sent = disk.counts.sent;
      const fields = { op: 'write', offset: 0, length: 4096, segments, fua: true } as const;
      assert.is(yield* ask(guestDisk, thread, fields), 'BLK_STS_OK');
      assert.is(disk.counts.sent - sent, 2);
    });
  });

  it('a disk that changes its size on the host has the new size in the guest, by an interrupt', () => {
    const { run, vm, disk, card } = make({ queues: 2 }, 2);
    run(function* (thread, guestDisk) {
      assert.is(guestDisk.sizeBytes, DISK_BYTES);
      yield thread.sleep(after(thread.now, 1_000_000));
      for (const sizeBytes of [DISK_BYTES / 2, DISK_BYTES]) {
        const { interrupts } = card.device.counts;
        const exits = () =>
          vm.vcpus[0]!.exits['ept-misconfig'] + vm.vcpus[1]!.exits['ept-misconfig'];
        const before = exits();
        disk.resize(vm.host.now, sizeBytes);
        yield thread.block(guestDisk.changed, after(thread.now, 1_000_000));
        assert.is(guestDisk.sizeBytes, sizeBytes);
        assert.is(card.device.counts.interrupts - interrupts, 1);
        assert.ok(exits() > before, 'its capacity is read anew');
        const address = vm.guest.space.allocate(4096);
        const segments = segmentsOf(vm.guest.space, address, 4096);
        const last = { op: 'read', offset: DISK_BYTES - 4096, length: 4096, segments } as const;
        const isThere = sizeBytes === DISK_BYTES;
        assert.is((yield* ask(guestDisk, thread, last)) === 'BLK_STS_OK', isThere);
      }
    });
  });

  it('a guest that turns the cache off has every write durable when it is done, without a flush (CONFIG_WCE)', () => {
    const { run, vm, disk, card } = make();
    const seen: string[] = [];
    const submit = disk.submit.bind(disk);
    disk.submit = function* (thread, request) {
      seen.push(`${request.op}${request.fua ? ' fua' : ''}`);
      yield* submit(thread, request);
    };
    run(function* (thread, guestDisk) {
      const driver = guestDisk.driver as VirtioBlkDriver;
      const address = vm.guest.space.allocate(4096);
      const segments = segmentsOf(vm.guest.space, address, 4096);
      const data = { offset: 0, length: 4096, segments } as const;
      const writeAndFlush = function* () {
        seen.length = 0;
        assert.is(yield* ask(guestDisk, thread, { op: 'write', ...data }), 'BLK_STS_OK');
        assert.is(yield* ask(guestDisk, thread, { op: 'flush' }), 'BLK_STS_OK');
        assert.is(yield* ask(guestDisk, thread, { op: 'write', ...data, fua: true }), 'BLK_STS_OK');
        return seen.join(', ');
      };
      assert.ok(guestDisk.writeCache);
      assert.is(yield* writeAndFlush(), 'write, flush, write, flush');
      assert.ok(yield* driver.setWriteCache(thread, false));
      assert.not.ok(guestDisk.writeCache);
      assert.is(yield* writeAndFlush(), 'write fua, write fua', 'nothing is left to flush');
      assert.ok(yield* driver.setWriteCache(thread, true));
      assert.is(yield* writeAndFlush(), 'write, flush, write, flush');
      const { ignored } = card.pci;
      card.pci.writeConfig(0, Uint8Array.of(1));
      assert.is(card.pci.ignored - ignored, 1, 'a driver writes nothing else');
    });
  });

  it('a driver that cannot flush has durable writes', () => {
    const { vm, disk, card, run } = make();
    run(function* (thread) {
      const bus = new PciDriver(card);
      yield* bus.settle(thread, blkTable, new Set(['VERSION_1']));
      const ring = yield* bus.openQueue(thread, 0);
      yield* bus.ready(thread);
      const seen: boolean[] = [];
      const submit = disk.submit.bind(disk);
      disk.submit = function* (own, request) {
        seen.push(request.fua);
        yield* submit(own, request);
      };
      const at = vm.memory.allocate(4096, 1);
      const header = BlkRequest.encode({ type: 1, sector: 0n });
      writePhysical(vm.memory, at, header, 0, header.length);
      const chain = new Chain()
        .read(at, header.length)
        .read(at + 512, 512)
        .write(at + 1024, 1);
      assert.ok(ring!.add(chain, 0));
      yield* bus.kick(thread, ring!);
      yield thread.sleep(after(thread.now, 1_000_000));
      assert.equal(seen, [true]);
    });
  });

  it('what the host cannot do, the guest is told', () => {
    const { run, vm, driver } = make({ readOnly: false });
    run(function* (thread, guestDisk) {
      driver.answers = 'BLK_STS_MEDIUM';
      const address = vm.guest.space.allocate(4096);
      const segments = segmentsOf(vm.guest.space, address, 4096);
      const fields = { op: 'read', offset: 0, length: 4096, segments } as const;
      assert.is(yield* ask(guestDisk, thread, fields), 'BLK_STS_IOERR');
      driver.answers = 'BLK_STS_OK';
      assert.is(yield* ask(guestDisk, thread, fields), 'BLK_STS_OK');
      assert.is(yield* ask(guestDisk, thread, { op: 'flush' }), 'BLK_STS_OK');
      const range = { op: 'discard', offset: 8192, length: 8192 } as const;
      assert.is(yield* ask(guestDisk, thread, range), 'BLK_STS_OK');
    });
  });

  it('a kick leaves the guest once, and an eventfd spares it the way through the process', () => {
    const time = (ioeventfd: boolean) => {
      const { run, vm, card } = make({ ioeventfd });
      let took = 0;
      run(function* (thread, guestDisk) {
        const address = vm.guest.space.allocate(4096);
        const segments = segmentsOf(vm.guest.space, address, 4096);
        const fields = { op: 'read', offset: 0, length: 4096, segments } as const;
        yield thread.sleep(after(thread.now, 1_000_000)); // until the host's thread sleeps again
        const exits = vm.vcpus[0]!.exits['ept-misconfig'];
        const kicks = card.device.counts.kicks;
        const begun = thread.now;
        yield* ask(guestDisk, thread, fields);
        took = thread.now - begun;
        assert.is(vm.vcpus[0]!.exits['ept-misconfig'] - exits, 1);
        assert.is(card.device.counts.kicks - kicks, 1);
      });
      return took;
    };
    assert.ok(time(true) < time(false), `${time(true)} ${time(false)}`);
  });

  it('a guest that writes requests of its own is answered, refused or stopped, and the host lives on', () => {
    const { sim, host, vm, card, disk } = make();
    const { memory } = vm;
    const thread = vm.guest.spawn('hostile', function* (own) {
      const bus = new PciDriver(card);
      const wanted = new Set(['VERSION_1', 'DISCARD', 'WRITE_ZEROES', 'FLUSH']);
      yield* bus.settle(own, blkTable, wanted);
      const ring = (yield* bus.openQueue(own, 0))!;
      yield* bus.ready(own);
      const at = memory.allocate(4096, 16);
      const ask = function* (type: number, sector: bigint, chain: Chain) {
        const b = memory.view(at, 16);
        const view = new DataView(b.buffer, b.byteOffset);
        view.setUint32(0, type, true);
        view.setBigUint64(8, sector, true);
        memory.view(at + 4095, 1)[0] = 0xaa;
        if (!ring.add(chain, 0)) throw new Error('no room');
        yield* bus.kick(own, ring);
        for (let i = 0; i < 100 && ring.take() !== 'chain'; i++)
          yield own.sleep(after(own.now, 100_000));
        return memory.view(at + 4095, 1)[0]!;
      };
      const chain = () => new Chain().read(at, 16);
      const status = (of: Chain) => of.write(at + 4095, 1);
      const page = at + 8192;
      const last = BigInt(DISK_BYTES / 512 - 1);
      assert.is(yield* ask(0, 0n, status(chain().write(page, 512))), 0);
      assert.is(yield* ask(0, last, status(chain().write(page, 512))), 0);
      assert.is(yield* ask(0, last, status(chain().write(page, 1024))), 1);
      assert.is(yield* ask(0, 2n ** 63n, status(chain().write(page, 512))), 1);
      assert.is(yield* ask(0, 0n, status(chain().write(page, 100))), 1);
      assert.is(yield* ask(0, 0n, status(chain())), 1);
      assert.is(yield* ask(1, 0n, status(chain().read(page, 513))), 1);
      assert.is(yield* ask(99, 0n, status(chain())), 2);
      assert.is(yield* ask(11, 0n, status(chain().read(page, 15))), 1);
      assert.is(yield* ask(8, 0n, status(chain().write(page, 20))), 0);
      const name = new TextDecoder().decode(memory.view(page, 9));
      assert.is(name, '/dev/ram0');
      // No room for an answer: the device stops, and says that it needs a reset.
      ring.add(chain(), 0);
      yield* bus.kick(own, ring);
      yield own.sleep(after(own.now, 1_000_000));
      assert.ok(card.pci.needsReset);
      assert.is(card.pci.queue(0)?.refusals.broken, 'no-request');
    });
    sim.settle(host);
    sim.run(seconds(10), () => !thread.ended);
    assert.ok(thread.ended);
    assert.is(disk.busy, 0);
  });
});
