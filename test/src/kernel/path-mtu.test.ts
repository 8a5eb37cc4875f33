// Path MTU discovery through a router whose far side takes less than either host knows: what it says by ICMP reaches the
// connection, and the stream goes on in smaller segments (RFC 1191, RFC 8201).

import { Router } from '../../../src/fabric/index.js';
import { Host } from '../../../src/host/index.js';
import { parseIp } from '../../../src/stack/index.js';
import { seconds } from '../../../src/time/index.js';
import { Simulation } from '../../../src/world/sim.js';
import { assert, spec } from '../../support/spec.js';
import { PORT, pattern, receiveAll, sendAll } from './pair.js';

const RATE = 10e9;
const [NEAR, FAR] = [1500, 1300];
const LENGTH = 200_000;
const numbers = [0, 1] as const;
const macOf = (n: number) => `02:00:00:00:00:0${n + 1}`;

function routed() {
  const sim = new Simulation({ seed: 3, slotBytes: NEAR + 64 });
  const options = {
    rate: RATE,
    ports: numbers.map((n) => ({
      mac: `02:00:00:00:01:0${n + 1}`,
      addresses: [`10.0.${n}.1/24`, `fd00:${n}::1/64`],
      mtu: n === 0 ? NEAR : FAR,
    })),
    neighbours: numbers.flatMap((n) => [
      { port: n, ip: `10.0.${n}.2`, mac: macOf(n) },
      { port: n, ip: `fd00:${n}::2`, mac: macOf(n) },
    ]),
  };
  const router = sim.add(new Router('r', sim.pool, options, sim.random.fork('r')));
  const hosts = numbers.map((n) =>
    sim.add(
      new Host({
        name: `h${n}`,
        pool: sim.pool,
        random: sim.random,
        mac: macOf(n),
        addresses: [`10.0.${n}.2/24`, `fd00:${n}::2/64`],
        gateways: [`10.0.${n}.1`, `fd00:${n}::1`],
        mtu: NEAR,
        rate: RATE,
        kernel: {},
      }),
    ),
  );
  for (const n of numbers) sim.connect(hosts[n]!, 0, router, n, { rate: RATE });
  return { sim, router, hosts: hosts as [Host, Host] };
}

spec('path MTU', (it) => {
  for (const target of ['10.0.1.2', 'fd00:1::2'])
    it(`of a router in the way is found, and the stream goes on (${target})`, () => {
      const { sim, router, hosts } = routed();
      const [client, server] = hosts;
      const sent = pattern(LENGTH);
      let received: Uint8Array = new Uint8Array(0);
      server.spawn('server', function* (thread) {
        const listening = server.socket();
        yield* listening.bind(thread, PORT);
        yield* listening.listen(thread);
        const socket = (yield* listening.accept(thread))!;
        received = yield* receiveAll(thread, socket, server, 65_536);
        yield* socket.close(thread);
      });
      client.spawn('client', function* (thread) {
        const socket = client.socket();
        assert.is(yield* socket.connect(thread, parseIp(target), PORT), 0);
        assert.is(socket.connection!.tcb.pathMtu, NEAR);
        yield* sendAll(thread, socket, client, sent, 50_000);
        assert.is(socket.connection!.tcb.pathMtu, FAR);
        yield* socket.close(thread);
      });
      for (const host of hosts) sim.settle(host);
      sim.run(seconds(10));
      assert.ok(Buffer.compare(sent, received) === 0, `${received.length} bytes`);
      assert.ok((router.drops.get('too big') ?? 0) > 0);
      const { TCPMTUPFail, TCPTimeouts } = client.kernel!.tcp.counters;
      assert.is(TCPMTUPFail, 1);
      assert.is(TCPTimeouts, 0, 'it waited for no timer');
      assert.is(sim.pool.inUse, 0);
    });
});
