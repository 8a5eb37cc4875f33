// A drive in a slot as the kernel of its host has it: a block device, whose completions interrupt, and what guests have on it.

import { segmentsOf } from '../../../../src/block/index.js';
import type { Thread, Wait } from '../../../../src/cpu/index.js';
import { probeDrive } from '../../../../src/storage/drive/index.js';
import { NvmeDisk, probeNvme } from '../../../../src/vm/emulated/index.js';
import { Vm } from '../../../../src/vm/index.js';
import { probeVirtioBlk, VirtioBlk } from '../../../../src/vm/virtio/index.js';
import { assert, spec } from '../../../support/spec.js';
import { ask, writeAndRead } from '../../vm/guest-disk.js';
import { machine, SIZE } from './machine.js';

const QUEUES = 2;

spec('a local disk', (it) => {
  it('a read costs a doorbell, an interrupt and another doorbell, and no copy', () => {
    const { run, drive, host, volume } = machine();
    const bytes = Uint8Array.from({ length: 65_536 }, (_, i) => (i * 13) % 251);
    run(function* (thread) {
      const disk = yield* probeDrive(drive, thread, '/dev/nvme0n1', QUEUES);
      assert.equal([disk.name, disk.sizeBytes, disk.blockBytes], ['/dev/nvme0n1', SIZE, 512]);
      const address = host.space.allocate(bytes.length);
      const segments = segmentsOf(host.space, address, bytes.length);
      const place = { offset: 8192, length: bytes.length, segments } as const;
      host.space.write(address, bytes);
      assert.is(yield* ask(disk, thread, { op: 'write', ...place }), 'BLK_STS_OK');
      assert.is(yield* ask(disk, thread, { op: 'flush' }), 'BLK_STS_OK');
      host.space.write(address, new Uint8Array(bytes.length));
      const kinds = ['doorbell', 'interrupt', 'copy'] as const;
      const counts = () => kinds.map((kind) => host.ledger.total(kind).count);
      const before = counts();
      assert.is(yield* ask(disk, thread, { op: 'read', ...place }), 'BLK_STS_OK');
      assert.equal(host.space.read(address, bytes.length), bytes);
      assert.equal(
        counts().map((count, i) => count - before[i]!),
        [2, 1, 0],
      );
      const away = { op: 'discard', offset: 0, length: 131_072 } as const;
      assert.is(yield* ask(disk, thread, away), 'BLK_STS_OK');
    });
    assert.is(volume.allocated, 0);
    assert.equal([drive.controller.ignored, drive.commands.counts.refused], [0, 0]);
  });

  for (const device of ['emulated', 'virtio'] as const)
    it(`is what a guest's ${device} disk lies on`, () => {
      const { run, drive, host } = machine();
      const vm = new Vm({ name: 'vm1', host, vcpus: 1 });
      run(function* (thread) {
        const disk = yield* probeDrive(drive, thread, '/dev/nvme0n1', QUEUES);
        const guest = vm.guest.spawn('program', function* (own: Thread): Generator<
          Wait,
          void,
          void
        > {
          const given =
            device === 'emulated'
              ? yield* probeNvme(new NvmeDisk({ name: 'nvme0', vm, disk }), own, '/dev/sdc')
              : yield* probeVirtioBlk(new VirtioBlk({ name: 'v0', vm, disk }), own, '/dev/sdc');
          yield* writeAndRead(vm, given, own, 30);
        });
        yield thread.block(guest.done);
      });
      assert.is(drive.commands.counts.refused, 0);
    });
});
