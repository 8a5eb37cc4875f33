// Mirrors src/storage/qbd: connections that are lost, namespaces that come, change and go, commands that take too long.

import type { Thread, Wait } from '../../../../src/cpu/index.js';
import { MemoryVolume, type Volume } from '../../../../src/storage/index.js';
import { discover } from '../../../../src/storage/nvmeof/host/index.js';
import { Qbd } from '../../../../src/storage/qbd/index.js';
import { after, ms, type Nanos, seconds } from '../../../../src/time/index.js';
import { assert, spec } from '../../../support/spec.js';
import { connected, DiskBuffer, NQN, type PoolWorld, poolWorld, uuid } from './pool-world.js';

const ways = ['rdma', 'tcp'] as const;
const wiring = { kind: 'switched', wire: 'RoCE v2' } as const;
const quick = { keepAliveMs: 1000, reconnectNs: ms(500) };

/** A volume whose reads and writes wait until they are let go. */
class Held extends MemoryVolume {
  readonly waiting: (() => void)[] = [];
  isHeld = false;

  override write(io: Parameters<Volume['write']>[0]): void {
    const bytes = io.bytes.slice(io.at, io.at + io.length);
    const own = { ...io, bytes, at: 0, done: io.done.bind(io) };
    if (this.isHeld) this.waiting.push(() => super.write(own));
    else super.write(io);
  }

  override read(io: Parameters<Volume['read']>[0]): void {
    if (this.isHeld) this.waiting.push(() => super.read(io));
    else super.read(io);
  }

  release(): void {
    this.isHeld = false;
    for (const go of this.waiting.splice(0)) go();
  }
}

function* pause(thread: Thread, time: Nanos): Generator<Wait, void, void> {
  yield thread.sleep(after(thread.now, time));
}

/** Cuts the host's link off, both ways. */
/** Something happens at the pool. */
const atPool = (world: PoolWorld, act: (now: Nanos) => void): void =>
  world.sim.at(world.sim.now, () => {
    act(world.sim.now);
    world.sim.settle(world.stations[1]!);
  });
const cut = (world: PoolWorld, isDown: boolean): void =>
  world.sim.at(world.sim.now, () => world.sim.setLink(world.links[0]!, !isDown));

for (const transport of ways)
  spec(`qbd over ${transport}: what may happen`, (it) => {
    it('a link that is down for long costs time, and no write', () => {
      const world = poolWorld({ ...wiring, transport, qbd: quick });
      const [host] = world.hosts;
      const ends: string[] = [];
      world.run(function* (thread) {
        const qbd = yield* connected(world, thread);
        const { device } = qbd.devices[0]!;
        const buffer = new DiskBuffer(host!, 8192);
        for (let round = 1; round <= 3; round++) {
          buffer.bytes.fill(round);
          ends.push(yield* buffer.do(device, thread, 'write', 0));
          cut(world, true);
          yield* pause(thread, ms(round * 20));
          buffer.bytes.fill(round + 100);
          const request = buffer.request('write', 65_536);
          let isOver = false;
          request.done = () => {
            isOver = true;
          };
          yield* device.submit(thread, request);
          yield* pause(thread, seconds(30));
          assert.not(isOver);
          cut(world, false);
          while (!isOver) yield* pause(thread, ms(10));
          ends.push(request.status);
          buffer.bytes.fill(0);
          ends.push(yield* buffer.do(device, thread, 'read', 0));
          assert.ok(buffer.bytes.every((byte) => byte === round));
          ends.push(yield* buffer.do(device, thread, 'read', 65_536));
          assert.ok(buffer.bytes.every((byte) => byte === round + 100));
        }
        assert.ok(qbd.controllers[0]!.counts.losses >= 3);
      });
      assert.equal([...new Set(ends)], ['BLK_STS_OK']);
    });

    it('what waits for a pool that does not come back fails when it is given up, and the device goes', () => {
      const lossNs = seconds(5);
      const world = poolWorld({ ...wiring, transport, qbd: { ...quick, lossNs } });
      const [host] = world.hosts;
      let end = '';
      let took = 0;
      world.run(function* (thread) {
        const qbd = yield* connected(world, thread);
        const { device } = qbd.devices[0]!;
        const buffer = new DiskBuffer(host!, 4096);
        cut(world, true);
        const began = thread.now;
        end = yield* buffer.do(device, thread, 'read');
        took = thread.now - began;
        assert.is(qbd.devices.length, 0);
        assert.is(device.sizeBytes, 0);
      });
      assert.is(end, 'BLK_STS_TRANSPORT');
      assert.ok(took > seconds(5) && took < seconds(400), `${took}`);
    });

    it('namespaces that come, grow, shrink and go are followed', () => {
      const world = poolWorld({ ...wiring, transport });
      const subsystem = world.target.find(NQN)!;
      const volume = new MemoryVolume(1 << 20);
      world.run(function* (thread) {
        const qbd = yield* connected(world, thread);
        assert.is(qbd.devices.length, 1);
        atPool(world, (now) => subsystem.addNamespace(now, { nsid: 7, volume, uuid: uuid(7) }));
        yield* pause(thread, ms(50));
        const device = qbd.find(7)!;
        assert.is(device.name, '/dev/qbd2');
        for (const size of [1 << 21, 1 << 19]) {
          volume.resize(size);
          atPool(world, (now) => subsystem.resizedNamespace(now, 7));
          yield* pause(thread, ms(50));
          assert.is(device.sizeBytes, size);
        }
        atPool(world, (now) => subsystem.removeNamespace(now, 7));
        yield* pause(thread, ms(50));
        assert.is(qbd.find(7), undefined);
        assert.is(device.sizeBytes, 0);
        const other = new MemoryVolume(1 << 20);
        atPool(world, (now) =>
          subsystem.addNamespace(now, { nsid: 7, volume: other, uuid: uuid(8) }),
        );
        yield* pause(thread, ms(50));
        assert.is(qbd.find(7)!.name, '/dev/qbd3');
      });
    });

    it('a command that takes too long is aborted, then the connection is made anew, and it is done in the end', () => {
      const volume = new Held(1 << 20);
      const timeoutNs = seconds(2);
      const world = poolWorld({
        ...wiring,
        transport,
        volumes: [volume],
        qbd: { ...quick, timeoutNs },
      });
      const [host] = world.hosts;
      let end = '';
      world.run(function* (thread) {
        const qbd = yield* connected(world, thread);
        const { device } = qbd.devices[0]!;
        const [controller] = qbd.controllers;
        const buffer = new DiskBuffer(host!, 4096);
        volume.isHeld = true;
        const request = buffer.request('read', 0);
        request.done = (_now, { status }) => {
          end = status;
        };
        yield* device.submit(thread, request);
        yield* pause(thread, seconds(3));
        assert.is(controller!.counts.aborts, 1);
        assert.is(controller!.counts.losses, 0);
        yield* pause(thread, seconds(3));
        assert.is(controller!.counts.losses, 1);
        volume.release();
        yield* pause(thread, seconds(3));
      });
      assert.is(end, 'BLK_STS_OK');
    });

    it('a write of an earlier connection that is still being made is over before the next connection is used', () => {
      const volume = new Held(1 << 20);
      const world = poolWorld({ ...wiring, transport, volumes: [volume], qbd: quick });
      const [host] = world.hosts;
      world.run(function* (thread) {
        const qbd = yield* connected(world, thread);
        const { device } = qbd.devices[0]!;
        const [controller] = qbd.controllers;
        const buffer = new DiskBuffer(host!, 4096);
        volume.isHeld = true;
        buffer.bytes.fill(1);
        const request = buffer.request('write', 0);
        let end = '';
        request.done = (_now, { status }) => {
          end = status;
        };
        yield* device.submit(thread, request);
        yield* pause(thread, ms(5));
        assert.is(volume.waiting.length, 1);
        cut(world, true);
        yield* pause(thread, seconds(10));
        cut(world, false);
        yield* pause(thread, seconds(5));
        assert.not.equal(controller!.state, 'live');
        atPool(world, () => volume.release());
        yield* pause(thread, seconds(80));
        assert.is(controller!.state, 'live');
        assert.is(end, 'BLK_STS_OK');
      });
    });

    it('discovery tells what there is, and a name that is not there is refused', () => {
      const world = poolWorld({ ...wiring, transport });
      const [host] = world.hosts;
      world.run(function* (thread) {
        const target = world.ip(1);
        const found = yield* discover(host!, thread, { transport, target });
        if (typeof found === 'string') throw new Error(found);
        assert.equal(
          found.map(({ subnqn, transport: by, service }) => [subnqn, by, service]),
          [
            ['nqn.2014-08.org.nvmexpress.discovery', transport, '4420'],
            [NQN, transport, '4420'],
          ],
        );
        const qbd = new Qbd(host!, { ...world.options, subnqn: 'nqn.2026-11.org.example:none' });
        const failure = yield* qbd.ready(thread);
        assert.match(failure, /Connect/);
        const nobody = { ...world.options, paths: [{ transport, target, port: 4421 }] };
        assert.match(yield* new Qbd(host!, nobody).ready(thread), /refuses the connection/);
      });
    });
  });

spec('qbd over several ways', (it) => {
  it('goes on over the other way while one is lost, and uses it again when it is back', () => {
    const world = poolWorld(wiring);
    const [host] = world.hosts;
    const ends: string[] = [];
    world.run(function* (thread) {
      const target = world.ip(1);
      const way = { transport: 'rdma', target } as const;
      const paths = [way, way];
      const qbd = new Qbd(host!, { ...world.options, ...quick, paths });
      assert.is(yield* qbd.ready(thread), '');
      const { device } = qbd.devices[0]!;
      assert.is(qbd.devices.length, 1);
      assert.is(device.name, '/dev/qbd1');
      const buffer = new DiskBuffer(host!, 4096);
      for (let i = 0; i < 20; i++) {
        if (i === 5) {
          const [first] = world.target.find(NQN)!.controllers.values();
          atPool(world, (now) => first!.end(now, 'a test ends it'));
        }
        buffer.bytes.fill(i);
        ends.push(yield* buffer.do(device, thread, 'write', i * 4096));
        yield* pause(thread, ms(100));
      }
      const [a, b] = qbd.controllers;
      assert.is(a!.counts.losses + b!.counts.losses, 1);
      assert.ok(a!.state === 'live' && b!.state === 'live');
      for (let i = 0; i < 20; i++) {
        ends.push(yield* buffer.do(device, thread, 'read', i * 4096));
        assert.is(buffer.bytes[4095], i);
      }
    });
    assert.equal([...new Set(ends)], ['BLK_STS_OK']);
  });
});
