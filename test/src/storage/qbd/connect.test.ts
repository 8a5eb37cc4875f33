// Mirrors src/storage/nvmeof/host and rdma: connecting through loss, and what connections take of a pool's node.

import { chances } from '../../../../src/fabric/index.js';
import type { Host } from '../../../../src/host/index.js';
import { newServed, rdmaServer } from '../../../../src/storage/nvmeof/index.js';
import { Qbd } from '../../../../src/storage/qbd/index.js';
import { after, ms, seconds } from '../../../../src/time/index.js';
import { assert, spec } from '../../../support/spec.js';
import type { Wiring } from '../../host/pair.js';
import { connected, DiskBuffer, type PoolWiring, poolWorld } from './pool-world.js';

const roce = { kind: 'switched', wire: 'RoCE v2' } as const satisfies Wiring;
const LOSS = 0.01;
/** More by hand. */
const SEEDS = Number(process.env.CONNECT_SEEDS ?? 20);

/** How long connecting took through loss, or what went wrong. */
function connects(wiring: PoolWiring, seed: number): number | string {
  const world = poolWorld({
    ...wiring,
    seed,
    uncaptured: true,
    impairment: ({ random }) => chances({ loss: LOSS }, random.fork('loss')),
  });
  let found: number | string = 'it never ended';
  world.run(function* (thread) {
    const qbd = new Qbd(world.hosts[0]!, world.options);
    const failure = yield* qbd.ready(thread);
    found = failure || thread.now;
  });
  return found;
}

/** A timeout shorter than two losses of a message of connection management, where a lost packet itself is sent again sooner. */
const keepAliveMs = 1000;
const ways: readonly (readonly [string, PoolWiring])[] = [
  ['RoCE v2', { ...roce, qbd: { keepAliveMs, queues: 2 } }],
  ['RoCE v2, routed', { ...roce, kind: 'routed', qbd: { keepAliveMs, queues: 2 } }],
  ['iWARP', { ...roce, wire: 'iWARP', qbd: { keepAliveMs, queues: 2 } }],
  ['TCP', { ...roce, transport: 'tcp', qbd: { keepAliveMs, queues: 2 } }],
  ['InfiniBand', { kind: 'infiniband', wire: 'IB', qbd: { queues: 2 } }],
];

spec('connecting to a pool', (it) => {
  for (const [name, wiring] of ways)
    it(`one frame in a hundred that is lost costs time, and no connection: ${name}`, () => {
      let longest = 0;
      for (let seed = 1; seed <= SEEDS; seed++) {
        const took = connects(wiring, seed);
        if (typeof took === 'string') assert.unreachable(`seed ${seed}: ${took}`);
        else longest = Math.max(longest, took);
      }
      assert.ok(longest > ms(100), 'something was lost');
    });
});

spec('a host that takes several R2Ts of a command', (it) => {
  it('gives what each of them asks for', () => {
    const r2ts = 4;
    const world = poolWorld({
      ...roce,
      transport: 'tcp',
      uncaptured: true,
      qbd: { r2ts, queues: 1 },
    });
    const [host] = world.hosts as [Host];
    const buffer = new DiskBuffer(host, 1 << 20);
    world.run(function* (thread) {
      const qbd = yield* connected(world, thread);
      const { device } = qbd.devices[0]!;
      for (let i = 0; i < buffer.size; i++) buffer.bytes[i] = i % 251;
      assert.is(yield* buffer.do(device, thread, 'write'), 'BLK_STS_OK');
      buffer.bytes.fill(0);
      assert.is(yield* buffer.do(device, thread, 'read'), 'BLK_STS_OK');
      assert.ok(buffer.bytes.every((byte, i) => byte === i % 251));
    });
  });
});

/** What a host has given away. */
const taken = ({ memory, device, keys }: Host) => ({
  freeBytes: memory.freeBytes(0),
  queuePairs: device.qps.size,
  keys: keys.used,
});

spec('what a connection takes', (it) => {
  it("a pool's node has everything back when hosts hang up, and when it ends while they are there", () => {
    const world = poolWorld({ ...roce, unserved: true });
    const [host, pool] = world.hosts as [Host, Host];
    const options = { target: world.target, address: '10.0.0.2', poolBytes: 1 << 20 };
    const served = newServed();
    const buffer = new DiskBuffer(host, 65_536);
    const before = world.hosts.map(taken);
    const server = pool.spawn('pool', rdmaServer(pool, options, served));
    world.run(function* (thread) {
      for (let round = 0; round < 3; round++) {
        const qbd = yield* connected(world, thread);
        assert.is(yield* buffer.do(qbd.devices[0]!.device, thread, 'write'), 'BLK_STS_OK');
        if (round < 2) yield* qbd.close(thread);
        else {
          // What is under way when it ends is no exception.
          const request = buffer.request('write', 0);
          yield* qbd.devices[0]!.device.submit(thread, request);
          world.sim.at(after(thread.now, 2_000), () => {
            pool.cores.kill(world.sim.now, server);
            world.sim.settle(world.stations[1]!);
          });
        }
        yield thread.sleep(after(thread.now, seconds(1)));
        assert.is(served.open.size, 0, `round ${round}`);
        if (round === 1) assert.equal(taken(host), before[0]);
      }
    });
    assert.equal(taken(pool), before[1]);
  });
});
