// What tests do with a guest's disk, whichever way the guest has it: random reads and writes held to a model.

import {
  type BlockDevice,
  BlockRequest,
  type BlockStatus,
  perform,
  type RamOptions,
  type RequestQueue,
  ramDisk,
  segmentsOf,
} from '../../../src/block/index.js';
import type { Thread, Wait } from '../../../src/cpu/index.js';
import { Random, seconds } from '../../../src/time/index.js';
import { Vm } from '../../../src/vm/index.js';
import { alone } from '../../support/one-host.js';
import { assert } from '../../support/spec.js';

export const DISK_BYTES = 4 << 20;

/** A host with a RAM disk and a guest. */
export function hostAndGuest(vcpus = 1, options: RamOptions = {}) {
  const { sim, host } = alone();
  const limits = { writeCache: true, ...options.limits };
  const disk = { name: '/dev/ram0', sizeBytes: DISK_BYTES, ...options, limits };
  const { disk: hostDisk, driver } = ramDisk(host, disk);
  const vm = new Vm({ name: 'vm1', host, vcpus });
  /** Runs a program of the guest to its end. */
  const run = (program: (thread: Thread) => Generator<Wait, void, void>) => {
    const thread = vm.guest.spawn('program', program);
    sim.settle(host);
    sim.run(seconds(100), () => !thread.ended);
    assert.ok(thread.ended, 'the program ends');
  };
  return { sim, host, vm, hostDisk, driver, run };
}

/** One request to its end. */
export function* ask(
  disk: BlockDevice,
  thread: Thread,
  fields: Partial<BlockRequest>,
): Generator<Wait, BlockStatus, void> {
  const request = Object.assign(new BlockRequest(), fields);
  yield* perform(disk, thread, request);
  return request.status;
}

/** Random requests, and each that reads is compared with what was written last. */
export function* writeAndRead(
  vm: Vm,
  disk: BlockDevice,
  thread: Thread,
  rounds = 60,
): Generator<Wait, void, void> {
  const random = new Random(7);
  const { space } = vm.guest;
  const model = new Uint8Array(DISK_BYTES);
  const address = space.allocate(1 << 18);
  for (let i = 0; i < rounds; i++) {
    const length = 512 * (1 + random.below(i % 10 === 0 ? 300 : 20));
    const offset = 512 * random.below(DISK_BYTES / 512 - length / 512);
    const at = address + BigInt(512 * random.below(16));
    const segments = segmentsOf(space, at, length);
    const op = (['read', 'write', 'write-zeroes', 'write'] as const)[random.below(4)]!;
    if (op === 'write') {
      const bytes = Uint8Array.from({ length }, () => random.below(256));
      space.write(at, bytes);
      model.set(bytes, offset);
    } else if (op === 'write-zeroes') model.fill(0, offset, offset + length);
    const data = op === 'write-zeroes' ? {} : { segments };
    assert.is(yield* ask(disk, thread, { op, offset, length, ...data }), 'BLK_STS_OK');
    if (op === 'read') assert.equal(space.read(at, length), model.slice(offset, offset + length));
  }
}

/** Blocks of 512 bytes apart from each other, all at once: written, then read back and compared. */
export function* manyAtOnce(
  vm: Vm,
  disk: RequestQueue,
  thread: Thread,
  count: number,
): Generator<Wait, void, void> {
  const { space } = vm.guest;
  const address = space.allocate(count * 512, { contiguous: true });
  const bytes = Uint8Array.from({ length: count * 512 }, (_, i) => (i * 31) % 253);
  space.write(address, bytes);
  for (const op of ['write', 'read'] as const) {
    let left = count;
    const requests = Array.from({ length: count }, (_, i) => {
      const segments = segmentsOf(space, address + BigInt(i * 512), 512);
      const fields = { op, offset: 1024 * i, length: 512, segments };
      return Object.assign(new BlockRequest(), fields, { done: () => left-- });
    });
    disk.plug(thread);
    for (const request of requests) yield* disk.submit(thread, request);
    yield* disk.unplug(thread);
    while (left > 0) yield thread.spend(10_000);
    for (const { status } of requests) assert.is(status, 'BLK_STS_OK');
    if (op === 'write') space.write(address, new Uint8Array(count * 512));
  }
  assert.equal(space.read(address, count * 512), bytes);
}
