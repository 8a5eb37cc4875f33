// A guest's /dev/sdc on a volume of a remote pool, in each of the four ways: the host's disk behind an emulated controller or a
// virtio ring, or the guest's own driver over a function of the card, or over all of it.

import type { BlockDevice } from '../../../src/block/index.js';
import type { Thread, Wait } from '../../../src/cpu/index.js';
import type { Computer } from '../../../src/host/index.js';
import { connectX4 } from '../../../src/profiles/nic.js';
import { MemoryVolume } from '../../../src/storage/index.js';
import { Qbd } from '../../../src/storage/qbd/index.js';
import { after, type Nanos, us } from '../../../src/time/index.js';
import { NvmeDisk, probeNvme } from '../../../src/vm/emulated/index.js';
import { assignCard, assignFunction, Vm, type VmOptions } from '../../../src/vm/index.js';
import { probeVirtioBlk, VirtioBlk } from '../../../src/vm/virtio/index.js';
import { type PoolWorld, poolWorld } from '../storage/qbd/pool-world.js';

export const ways = ['emulated', 'virtio', 'vf', 'passthrough'] as const;
export type DiskWay = (typeof ways)[number];

export interface DiskWorld extends PoolWorld {
  readonly way: DiskWay;
  readonly vm: Vm;
  /** In a thread of the guest: its disk, however it comes. */
  open(thread: Thread): Generator<Wait, BlockDevice, void>;
}

export function diskWorld(way: DiskWay, options: Partial<VmOptions> = {}): DiskWorld {
  const volume = new MemoryVolume(1 << 20);
  const world = poolWorld({
    kind: 'switched',
    wire: 'RoCE v2',
    uncaptured: true,
    volumes: [volume],
    host: { card: connectX4 },
    each: way === 'vf' ? [{ sriov: {} }] : [],
  });
  const host = world.hosts[0]!;
  const vm = new Vm({ name: 'vm', host, pins: [2], memoryBytes: 32 * 2 ** 20, ...options });
  giveNetwork(way, world, vm);
  return { ...world, way, vm, open: (thread) => openDisk(way, world, vm, thread) };
}

function giveNetwork(way: DiskWay, world: PoolWorld, vm: Vm): void {
  if (way === 'emulated' || way === 'virtio') return;
  const { mac, addresses, gateways } = world.places[0]!;
  const network = { mac, addresses, gateways, card: connectX4, wire: 'RoCE v2' } as const;
  if (way === 'passthrough') assignCard(vm, network);
  else {
    // Another station on the same link.
    const own = addresses.map((one) => one.replace(/^10\.0\.0\.\d+/, '10.0.0.101'));
    assignFunction(vm, { ...network, mac: mac.replace(/^../, '0a'), addresses: own });
  }
  world.sim.settle(world.stations[0]!);
}

function* openDisk(
  way: DiskWay,
  world: PoolWorld,
  vm: Vm,
  thread: Thread,
): Generator<Wait, BlockDevice, void> {
  if (way === 'vf' || way === 'passthrough') return yield* connect(world, vm.guest, thread);
  let disk: BlockDevice | undefined;
  const { host } = vm;
  const connecting = host.spawn('qbd', function* (own) {
    disk = yield* connect(world, host, own);
  });
  while (disk === undefined) {
    if (connecting.ended) throw new Error('the host has no disk');
    yield thread.sleep(after(thread.now, us(100)));
  }
  if (way === 'emulated')
    return yield* probeNvme(new NvmeDisk({ name: 'nvme0', vm, disk }), thread, '/dev/sdc');
  return yield* probeVirtioBlk(new VirtioBlk({ name: 'virtio0', vm, disk }), thread, '/dev/sdc');
}

function* connect(
  world: PoolWorld,
  computer: Computer,
  thread: Thread,
): Generator<Wait, BlockDevice, void> {
  const qbd = new Qbd(computer, world.options);
  const failure = yield* qbd.ready(thread);
  if (failure !== '') throw new Error(failure);
  return qbd.find(1)!;
}

/** Nanoseconds that the host's cores were not idle so far: the guest's code, the host's, and what lies between. */
export function busyNs(world: DiskWorld, now: Nanos): number {
  return world.hosts[0]!.cores.cores.reduce((sum, core) => {
    core.account(now);
    return sum + core.busyNs + core.spinNs + core.interruptNs + core.switchNs;
  }, 0);
}
