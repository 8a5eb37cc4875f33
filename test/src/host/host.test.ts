// Mirrors src/host/: whole hosts on fabrics, with programs on their cores.

import { check, dissect } from '../../../protocols/index.js';
import { chances } from '../../../src/fabric/index.js';
import { ms, seconds } from '../../../src/time/index.js';
import { readCapture } from '../../support/capture.js';
import { assert, spec } from '../../support/spec.js';
import { titleOf, type Wiring, type World, wirings, worldOf } from './pair.js';
import { echoClient, echoServer, expectEvent } from './ping-pong.js';

const PORT = 7174;

/** A client on host 0 and a server on host 1, until both have ended. */
function pingPong(wiring: Wiring, count = 10) {
  const world = worldOf(wiring);
  const [left, right] = world.hosts;
  const log: string[] = [];
  right!.spawn('server', echoServer(right!, PORT, log));
  left!.spawn('client', echoClient(left!, world.ip(1), PORT, count, log));
  settle(world);
  world.sim.run(seconds(60), () => left!.cores.threads.length + right!.cores.threads.length > 0);
  world.sim.run((world.sim.now + ms(1)) as never);
  return { ...world, log };
}

const settle = ({ sim, stations }: World) => {
  for (const station of stations) sim.settle(station);
};

spec('hosts', (it) => {
  for (const wiring of wirings) {
    it(`connect, play ping-pong and part: ${titleOf(wiring)}`, () => {
      const { log, sim, hosts, capture } = pingPong(wiring);
      assert.is(log.length, 12, log.join('\n'));
      assert.match(log.join('\n'), /h0 is done/);
      assert.match(log.join('\n'), /h1 is done/);
      assert.is(sim.pool.inUse, 0);
      for (const host of hosts) {
        assert.is(host.services.lost, 0);
        assert.is(host.device.qps.size, 1);
      }
      for (const { bytes, linkType } of readCapture(capture()))
        assert.equal(check(dissect(bytes, { linkType })).findings, []);
    });
  }

  it('the same seed gives the same capture and the same times, another seed others', () => {
    const run = (seed: number) => {
      const { capture, log } = pingPong({ kind: 'switched', wire: 'RoCE v2', seed });
      return { bytes: capture(), log };
    };
    const first = run(7);
    assert.equal(run(7), first);
    assert.not.equal(run(8).bytes, first.bytes);
  });

  it('loss, copies and reordering cost time and nothing else', () => {
    const faults = { loss: 0.02, duplicate: 0.02, reorder: 0.05, reorderNs: 20_000 };
    for (let seed = 1; seed <= 5; seed++) {
      const wiring: Wiring = {
        kind: 'switched',
        wire: 'RoCE v2',
        seed,
        impairment: (sim) => chances(faults, sim.random.fork(`faults ${seed}`)),
      };
      const { log } = pingPong(wiring, 50);
      assert.is(log.length, 52, `seed ${seed}:\n${log.join('\n')}`);
    }
  });

  it('rule 5.5.2: an address that nobody has is an error of its own, -110', () => {
    const world = worldOf({ kind: 'switched', wire: 'RoCE v2' });
    const [host] = world.hosts;
    let status = 0;
    host!.spawn('client', function* (thread) {
      const id = host!.rdmaCm.createId();
      const nobody = world.ip(1).slice();
      nobody[15] = 99;
      host!.rdmaCm.resolveAddr(thread.now, id, nobody, PORT);
      ({ status } = yield* expectEvent(host!, thread, 'RDMA_CM_EVENT_ADDR_ERROR'));
    });
    settle(world);
    world.sim.run(seconds(10));
    assert.is(status, -110);
  });

  it('over InfiniBand the route is the path record of subnet administration', () => {
    const world = worldOf({ kind: 'infiniband', wire: 'IB' });
    const host = world.hosts[1]!;
    const id = host.rdmaCm.createId();
    host.spawn('client', function* (thread) {
      host.rdmaCm.resolveAddr(thread.now, id, world.ip(0), PORT);
      yield* expectEvent(host, thread, 'RDMA_CM_EVENT_ADDR_RESOLVED');
      host.rdmaCm.resolveRoute(thread.now, id);
      yield* expectEvent(host, thread, 'RDMA_CM_EVENT_ROUTE_RESOLVED');
    });
    settle(world);
    world.sim.run();
    const { remoteLid, localLid, mtu, packetRate, lifeTime } = id.path!;
    assert.equal([remoteLid, localLid, mtu, packetRate, lifeTime], [1, 2, 5, 16, 18]);
    const keys = [...readCapture(world.capture())].flatMap(({ bytes, linkType }) =>
      dissect(bytes, { linkType }).layers.map(({ key }) => key),
    );
    assert.is(keys.filter((key) => key === 'path-record').length, 2, 'question and answer');
  });

  it('over InfiniBand a route is an error when no subnet administration answers', () => {
    const world = worldOf({ kind: 'infiniband', wire: 'IB' });
    const host = world.hosts[1]!;
    let status = 0;
    host.device.address.managerLid = 99;
    host.spawn('client', function* (thread) {
      const id = host.rdmaCm.createId();
      host.rdmaCm.resolveAddr(thread.now, id, world.ip(0), PORT);
      yield* expectEvent(host, thread, 'RDMA_CM_EVENT_ADDR_RESOLVED');
      host.rdmaCm.resolveRoute(thread.now, id);
      ({ status } = yield* expectEvent(host, thread, 'RDMA_CM_EVENT_ROUTE_ERROR'));
    });
    settle(world);
    world.sim.run(seconds(10));
    assert.is(status, -110);
  });

  it('a port on which nobody listens rejects', () => {
    const world = worldOf({ kind: 'switched', wire: 'RoCE v2' });
    const log: string[] = [];
    const [host] = world.hosts;
    host!.spawn('client', echoClient(host!, world.ip(1), PORT, 1, log));
    settle(world);
    assert.throws(
      () => world.sim.run(seconds(10)),
      /REJECTED \(8\), not RDMA_CM_EVENT_CONNECT_RESPONSE/,
    );
  });

  it('zero copy is seen: no core copies, and the payload goes by DMA', () => {
    const { hosts } = pingPong({ kind: 'switched', wire: 'RoCE v2' });
    for (const { ledger } of hosts) {
      assert.is(ledger.total('copy').count, 0);
      assert.ok(ledger.total('dma-read').bytes > 0 && ledger.total('doorbell').count > 0);
      assert.ok(ledger.total('context-switch').count > 0);
    }
  });
});
