// Mirrors src/storage/qbd: volumes of a pool as block devices.

import { MemoryVolume } from '../../../../src/storage/index.js';
import { after, seconds } from '../../../../src/time/index.js';
import { assert, spec } from '../../../support/spec.js';
import { titleOf } from '../../host/pair.js';
import { connected, DiskBuffer, type PoolWiring, poolWorld } from './pool-world.js';

const digests = { header: true, data: true };
const wirings: readonly PoolWiring[] = [
  { kind: 'switched', wire: 'RoCE v2' },
  { kind: 'switched', wire: 'RoCE v1' },
  { kind: 'infiniband', wire: 'IB' },
  { kind: 'switched', wire: 'iWARP' },
  { kind: 'switched', wire: 'RoCE v2', transport: 'tcp' },
  { kind: 'switched', wire: 'RoCE v2', transport: 'tcp', qbd: { digests } },
];

const nameOf = (wiring: PoolWiring): string => {
  if (wiring.transport !== 'tcp') return titleOf(wiring);
  return wiring.qbd?.digests ? 'TCP with digests' : 'TCP';
};

spec('qbd', (it) => {
  for (const wiring of wirings)
    it(`what is written to a device is in its volume, and comes back: ${nameOf(wiring)}`, () => {
      const volumes = [new MemoryVolume(1 << 20), new MemoryVolume(1 << 20)];
      const world = poolWorld({ ...wiring, volumes });
      const [host] = world.hosts;
      const ends: string[] = [];
      world.run(function* (thread) {
        const qbd = yield* connected(world, thread);
        assert.equal(
          qbd.devices.map(({ device }) => device.name),
          ['/dev/qbd1', '/dev/qbd2'],
        );
        const device = qbd.find(2)!;
        const out = new DiskBuffer(host!, 300_032);
        const back = new DiskBuffer(host!, 300_032);
        out.bytes.forEach((_, i) => {
          out.bytes[i] = (i * 7) % 251;
        });
        const sizes = [512, 4096, 5120, 8192, 65_536, 300_032];
        for (const size of sizes) {
          ends.push(yield* out.do(device, thread, 'write', 8192, size));
          ends.push(yield* out.do(device, thread, 'flush', 0, 0));
          ends.push(yield* back.do(device, thread, 'read', 8192, size));
          assert.equal(back.bytes.subarray(0, size), out.bytes.subarray(0, size));
        }
        ends.push(yield* out.do(device, thread, 'discard', 8192, 65_536));
        ends.push(yield* out.do(device, thread, 'write-zeroes', 73_728, 4096));
        ends.push(yield* back.do(device, thread, 'read', 8192, 69_632));
        assert.ok(back.bytes.subarray(0, 69_632).every((byte) => byte === 0));
        yield* qbd.close(thread);
        ends.push(yield* back.do(device, thread, 'read', 0, 512));
        yield thread.sleep(after(thread.now, seconds(1)));
      });
      assert.equal([...new Set(ends.slice(0, -1))], ['BLK_STS_OK']);
      assert.is(ends.at(-1), 'BLK_STS_OFFLINE');
      assert.is(world.target.find('nqn.2026-11.org.example:pool')!.controllers.size, 0);
    });
});
