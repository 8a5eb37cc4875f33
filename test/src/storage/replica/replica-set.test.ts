// Mirrors src/storage/replica: a volume whose copies are on other nodes, over the fabric.

import type { Thread, Wait } from '../../../../src/cpu/index.js';
import { type MemoryVolume, operate } from '../../../../src/storage/index.js';
import { Qbd } from '../../../../src/storage/qbd/index.js';
import { after, ms, type Nanos } from '../../../../src/time/index.js';
import { assert, spec } from '../../../support/spec.js';
import { DiskBuffer } from '../qbd/pool-world.js';
import { ReplicaWorld } from './replica-world.js';

const SIZE = 1 << 20;
const PIECE = 16_384;
const quick = { keepAliveMs: 1000, reconnectNs: ms(100) };

function* pause(thread: Thread, time: Nanos): Generator<Wait, void, void> {
  yield thread.sleep(after(thread.now, time));
}

/** The volume as a device, once it is there. */
function* connect(pool: ReplicaWorld, thread: Thread) {
  while (!pool.set?.volume) yield* pause(thread, ms(1));
  const qbd = new Qbd(pool.world.hosts[0]!, pool.options);
  const failure = yield* qbd.ready(thread);
  if (failure !== '') throw new Error(failure);
  return { qbd, device: qbd.devices[0]!.device };
}

const copyOf = (pool: ReplicaWorld, node: number, offset = 0): number => {
  const bytes = new Uint8Array(PIECE);
  (pool.disks[node] as MemoryVolume).read({
    ...{ offset, length: PIECE, bytes, at: 0, fua: false, noHole: false, done: () => {} },
  });
  return bytes.every((byte) => byte === bytes[0]) ? bytes[0]! : -1;
};

for (const transport of ['rdma', 'tcp'] as const)
  spec(`copies on other nodes, over ${transport}`, (it) => {
    it('a write is on all nodes when it is acknowledged, and each node is sent it once', () => {
      for (const nodes of [1, 2, 3]) {
        const pool = new ReplicaWorld({ transport, nodes, size: SIZE });
        pool.run(function* (thread) {
          const { device } = yield* connect(pool, thread);
          const buffer = new DiskBuffer(pool.world.hosts[0]!, PIECE);
          buffer.bytes.fill(7);
          const sent = () => pool.world.hosts.map(({ ledger }) => ledger.total('dma-read').bytes);
          const before = sent();
          assert.is(yield* buffer.do(device, thread, 'write', PIECE), 'BLK_STS_OK');
          const after = sent();
          for (let node = 0; node < nodes; node++) assert.is(copyOf(pool, node, PIECE), 7);
          const from = (host: number) => Math.round((after[host]! - before[host]!) / PIECE);
          assert.is(from(0), 1, 'the host sends it once');
          assert.is(
            from(1),
            nodes - 1,
            'the node that has the volume sends it to each of the others',
          );
        });
      }
    });

    it('a node that goes is done without, and gets what it missed when it comes back', () => {
      const pool = new ReplicaWorld({ transport, nodes: 3, size: SIZE, connection: quick });
      pool.run(function* (thread) {
        const { device } = yield* connect(pool, thread);
        const buffer = new DiskBuffer(pool.world.hosts[0]!, PIECE);
        const volume = pool.set!.volume!;
        buffer.bytes.fill(1);
        assert.is(yield* buffer.do(device, thread, 'write'), 'BLK_STS_OK');
        const { sim } = pool.world;
        sim.at(sim.now, () => pool.crash(2));
        yield* pause(thread, ms(1));
        buffer.bytes.fill(2);
        assert.is(yield* buffer.do(device, thread, 'write'), 'BLK_STS_OK');
        assert.equal(volume.states, ['in', 'in', 'out']);
        assert.equal(
          [0, 1, 2].map((node) => copyOf(pool, node)),
          [2, 2, 1],
        );
        sim.at(sim.now, () => pool.restart(2));
        while (volume.states[2] !== 'in') yield* pause(thread, ms(1));
        assert.equal(
          [0, 1, 2].map((node) => copyOf(pool, node)),
          [2, 2, 2],
        );
        assert.ok(volume.counts.copiedBytes < SIZE, 'and no more than that');
      });
    });

    it('the node that has the volume goes and comes back: what was acknowledged is read from those that have it', () => {
      const pool = new ReplicaWorld({ transport, nodes: 3, size: SIZE, connection: quick });
      pool.run(function* (thread) {
        const { device } = yield* connect(pool, thread);
        const buffer = new DiskBuffer(pool.world.hosts[0]!, PIECE);
        buffer.bytes.fill(3);
        assert.is(yield* buffer.do(device, thread, 'write'), 'BLK_STS_OK');
        const { sim } = pool.world;
        sim.at(sim.now, () => {
          pool.crash(0);
          // Its cache is lost.
          void operate(pool.disks[0]!, 'write', { bytes: new Uint8Array(PIECE) });
        });
        yield* pause(thread, ms(10));
        sim.at(sim.now, () => pool.restart(0));
        buffer.bytes.fill(0);
        assert.is(yield* buffer.do(device, thread, 'read'), 'BLK_STS_OK');
        assert.ok(buffer.bytes.every((byte) => byte === 3));
        assert.is(
          yield* buffer.do(device, thread, 'flush', 0, 0),
          'BLK_STS_OK',
          'nothing was lost',
        );
        while (!pool.set!.volume!.states.every((state) => state === 'in'))
          yield* pause(thread, ms(1));
        assert.is(copyOf(pool, 0), 3);
      });
    });
  });
