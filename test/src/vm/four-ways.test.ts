// What one read of 4 KiB from a remote pool costs a guest in each of the four ways.

import { after, ms, type Nanos } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';
import { DiskBuffer } from '../storage/qbd/pool-world.js';
import { busyNs, type DiskWay, type DiskWorld, diskWorld, ways } from './four-ways.js';

const READS = 20;
const BLOCK = 4096;

interface Cost {
  readonly latencyNs: number;
  readonly cpuNs: number;
  readonly exits: number;
  readonly copiedBytes: number;
}

/** Reads one block after the other, each compared with what is in the pool. */
function costOf(world: DiskWorld): Cost {
  const { vm } = world;
  const bytes = Uint8Array.from({ length: READS * BLOCK }, (_, i) => (i * 7 + (i >> 12)) % 251);
  const [host] = world.hosts;
  const cost = { latencyNs: 0, cpuNs: 0, exits: 0, copiedBytes: 0 };
  const exitCount = () => Object.values(vm.vcpus[0]!.exits).reduce((sum, one) => sum + one, 0);
  const copied = () => host!.ledger.total('copy').bytes;
  const thread = vm.guest.spawn('reader', function* (own) {
    const disk = yield* world.open(own);
    const buffer = new DiskBuffer(vm.guest, BLOCK);
    buffer.bytes.set(bytes.subarray(0, BLOCK));
    for (let i = 0; i < READS; i++) {
      buffer.bytes.set(bytes.subarray(i * BLOCK, (i + 1) * BLOCK));
      assert.is(yield* buffer.do(disk, own, 'write', i * BLOCK), 'BLK_STS_OK');
    }
    yield own.sleep(after(own.now, 1_000_000));
    const before = [busyNs(world, own.now), exitCount(), copied()] as const;
    for (let i = 0; i < READS; i++) {
      buffer.bytes.fill(0);
      const begun = own.now;
      assert.is(yield* buffer.do(disk, own, 'read', i * BLOCK), 'BLK_STS_OK');
      cost.latencyNs += (own.now - begun) / READS;
      assert.equal(buffer.bytes, bytes.subarray(i * BLOCK, (i + 1) * BLOCK));
    }
    cost.cpuNs = (busyNs(world, own.now) - before[0]) / READS;
    cost.exits = (exitCount() - before[1]) / READS;
    cost.copiedBytes = copied() - before[2];
  });
  for (const station of world.stations) world.sim.settle(station);
  world.sim.run(ms(20_000) as Nanos, () => !thread.ended);
  assert.ok(thread.ended, `${world.way} ends`);
  return cost;
}

spec('a guest disk in four ways', (it) => {
  const costs = new Map<DiskWay, Cost>();
  for (const way of ways)
    it(`${way}: every block is read as it was written, and the host copies none`, () => {
      const cost = costOf(diskWorld(way));
      costs.set(way, cost);
      if (process.env.SHOW) console.log(way, cost);
      assert.is(cost.copiedBytes, 0);
    });

  it('passthrough <= VF <= virtio <= emulated, in latency and in time of cores', () => {
    for (let i = 1; i < ways.length; i++) {
      const [dearer, cheaper] = [costs.get(ways[i - 1]!)!, costs.get(ways[i]!)!];
      const says = `${ways[i]} ${JSON.stringify(cheaper)}, ${ways[i - 1]} ${JSON.stringify(dearer)}`;
      assert.ok(cheaper.latencyNs <= dearer.latencyNs, says);
      assert.ok(cheaper.cpuNs <= dearer.cpuNs, says);
    }
    assert.ok(costs.get('virtio')!.latencyNs < costs.get('emulated')!.latencyNs);
    assert.ok(costs.get('vf')!.latencyNs < costs.get('virtio')!.latencyNs);
  });
});
