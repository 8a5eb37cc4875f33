// What Linux demands of addresses, MTUs and connection requests (docs/rdma-rules.md, 5.5 to 5.7), on whole hosts and on
// single messages.

import { build, eth, icmp, ipv4 } from '../../../protocols/index.js';
import { MAD } from '../../../protocols/infiniband/mad/index.js';
import { largestMtu } from '../../../src/host/identity.js';
import { gidOfIp, readMessage, serviceIdOf, writeMessage } from '../../../src/rdma/cm/index.js';
import { gidOf, mtuBytes, type QueuePair, queryPort } from '../../../src/rdma/index.js';
import { type Nanos, seconds } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';
import { agreeable, connect, Network, SERVICE } from '../rdma/cm/network.js';
import { worldOf } from './pair.js';
import { echoClient, echoServer } from './ping-pong.js';

const PORT = 7174;
const LINKS = [1500, 4175, 4176, 4180, 4191, 4192, 9000];

/** Two hosts with those link MTUs, and the queue pairs of a connection between them. */
function connected(mtus: readonly [number, number]) {
  const world = worldOf({ kind: 'switched', wire: 'RoCE v2', hostMtu: mtus });
  const [left, right] = world.hosts;
  const log: string[] = [];
  const seen = new Map<string, QueuePair>();
  for (const host of world.hosts) {
    const { qps } = host.device;
    const set = qps.set.bind(qps);
    qps.set = (qpn, qp) => {
      if (qpn > 1) seen.set(host.name, qp);
      return set(qpn, qp);
    };
  }
  right!.spawn('server', echoServer(right!, PORT, log));
  left!.spawn('client', echoClient(left!, world.ip(1), PORT, 3, log));
  for (const station of world.stations) world.sim.settle(station);
  return { ...world, seen, run: () => world.sim.run(seconds(5)) };
}

spec('addresses', (it) => {
  it('rule 5.5.1, trap 32: the table of GIDs has the IPv4 address in its mapped form and the link-local one', () => {
    const world = worldOf({ kind: 'switched', wire: 'RoCE v2' });
    const [host] = world.hosts;
    const { gids } = host!.device.address;
    assert.ok(gids.every(({ type }) => type === 'RoCE v2'));
    const mapped = gidOf(world.places[0]!.ip);
    assert.ok(gids.some(({ bytes }) => bytes.join() === mapped.join()));
    assert.ok(gids.some(({ bytes }) => bytes[0] === 0xfe && bytes[1] === 0x80));
  });

  it('rule 5.5.4: data go to the GIDs that the REQ names, not to where it came from', () => {
    const network = new Network(1);
    network.managers[1]!.listen(SERVICE);
    const { settings } = agreeable(network);
    connect(network);
    network.run(seconds(60));
    const { address } = settings[1][0]!;
    assert.equal(address.gid, gidOfIp('10.0.0.1'));
    assert.equal(address.localGid, gidOfIp('10.0.0.2'));
  });
});

spec('MTUs', (it) => {
  it('rule 5.6.1, trap 24: a port has the largest MTU that leaves 80 bytes for headers', () => {
    assert.equal(LINKS.map(largestMtu), [1024, 2048, 4096, 4096, 4096, 4096, 4096]);
  });

  it('rule 5.6.2, trap 24: between 4176 and 4191 the port says 4096, and a connection uses 2048', () => {
    const o = connected([4180, 4180]);
    o.run();
    assert.is(queryPort(o.hosts[0]!.open({} as never)).activeMtu, 'IBV_MTU_4096');
    assert.equal(
      [...o.seen.values()].map((qp) => qp.mtu),
      [2048, 2048],
    );
  });

  it('rule 5.6.3: the codes of MTUs are 1 to 5', () => {
    assert.equal(Object.values(mtuBytes), [256, 512, 1024, 2048, 4096]);
  });

  it('rule 5.6.4: who is asked takes the MTU of the REQ', () => {
    const o = connected([1500, 4192]);
    o.run();
    assert.equal(
      [...o.seen.values()].map((qp) => qp.mtu),
      [1024, 1024],
    );
  });

  it('rule 5.6.5: a router that says too big changes no path: packets may not be fragmented, and stay as long', () => {
    const o = connected([4192, 4192]);
    const [host] = o.hosts;
    o.sim.run(seconds(5), () => o.seen.size < 2);
    const [a] = o.places;
    const quoted = new Uint8Array(28);
    const tooBig = build([
      eth({ dst: a!.mac, src: o.places[1]!.mac }),
      ipv4({ src: '10.0.0.77', dst: a!.ip, ttl: 64 }),
      icmp({ type: 3, code: 4 }),
      quoted,
    ]).bytes;
    const slot = o.sim.pool.take();
    o.sim.pool.bytes(slot).set(tooBig, o.sim.pool.at(slot));
    o.sim.pool.setLength(slot, tooBig.length);
    host!.receive(o.sim.now, 0, slot);
    o.run();
    assert.equal(
      [...o.seen.values()].map((qp) => qp.mtu),
      [4096, 4096],
    );
  });
});

spec('connection requests', (it) => {
  it('rule 5.7.1: of the class nothing but Send is taken, and of the attributes the eleven messages', () => {
    const good = writeMessage('REQ', 7n, {});
    assert.is((readMessage(good, 0, 256) as { name: string }).name, 'REQ');
    const changed = (
      field: 'method' | 'mgmtClass' | 'classVersion' | 'attributeId',
      to: number,
    ) => {
      const bytes = good.slice();
      MAD.set[field](bytes, 0, to);
      return readMessage(bytes, 0, 256);
    };
    assert.is(changed('method', 1), 'bad-method');
    assert.is(changed('method', 0x81), 'bad-method');
    assert.is(changed('mgmtClass', 3), 'other-class');
    assert.is(changed('classVersion', 1), 'bad-class-version');
    assert.is(changed('attributeId', 1), 'unknown-attribute');
    const names = Array.from({ length: 11 }, (_, i) => changed('attributeId', 0x10 + i));
    assert.equal(
      names.map((m) => (typeof m === 'string' ? m : m.name)),
      ['REQ', 'MRA', 'REJ', 'REP', 'RTU', 'DREQ', 'DREP', 'SIDR_REQ', 'SIDR_REP', 'LAP', 'APR'],
    );
  });

  it('rule 5.7.6: a service id is the port space and the port', () => {
    assert.is(serviceIdOf('RDMA_PS_TCP', 4420), 0x0106_1144n);
    assert.is(serviceIdOf('RDMA_PS_UDP', 7), 0x0111_0007n);
    assert.is(serviceIdOf('RDMA_PS_IB', 7), 0x013f_0007n);
    assert.is(serviceIdOf('RDMA_PS_IPOIB', 7), 0x0002_0007n);
  });

  it('rule 5.7.10, trap 29: a connection does not stand at who was asked before the RTU, which comes again until it does', () => {
    let lost = 0;
    const network = new Network(1, { lose: (m) => m.name === 'RTU' && ++lost <= 2 });
    network.managers[1]!.listen(SERVICE);
    agreeable(network);
    connect(network);
    network.run(1_000_000 as Nanos);
    const [request] = network.events[1];
    assert.is(request!.connection.state, 'REP_SENT');
    network.run(seconds(60));
    assert.is(request!.connection.state, 'ESTABLISHED');
    assert.is(network.names(0), 'REQ RTU RTU RTU');
  });
});
