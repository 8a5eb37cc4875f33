// What a host sends to itself: it never reaches the wire, is not copied on the way, and is believed to come from here only then.

import type { Host } from '../../../src/host/index.js';
import { mapPages } from '../../../src/kernel/index.js';
import { PAGE_4K } from '../../../src/memory/index.js';
import { parseIp } from '../../../src/stack/index.js';
import { seconds } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';
import { KernelPair, pattern, receiveAll, sendAll } from './pair.js';

const LENGTH = 1_000_000;

function within(address: string, kernel = {}) {
  const pair = new KernelPair({ kernel });
  const [host] = pair.hosts;
  let got: Uint8Array = new Uint8Array(0);
  let frames = 0;
  pair.sim.tap(host, 0, {
    frame: () => {
      frames++;
    },
  });
  host.spawn(
    'server',
    function* (thread) {
      const listening = host.socket();
      yield* listening.bind(thread, 80);
      yield* listening.listen(thread);
      const socket = (yield* listening.accept(thread))!;
      got = yield* receiveAll(thread, socket, host, 65_536);
      yield* socket.close(thread);
      yield* listening.close(thread);
    },
    { core: 1 },
  );
  host.spawn(
    'client',
    function* (thread) {
      const socket = host.socket();
      assert.is(yield* socket.connect(thread, parseIp(address), 80), 0);
      yield* sendAll(thread, socket, host, pattern(LENGTH), 50_000);
      yield* socket.close(thread);
    },
    { core: 0 },
  );
  pair.sim.settle(host);
  pair.sim.run(seconds(200));
  return { host, got, frames };
}

const isClean = ({ kernel, pool }: Host) => {
  const { parts } = kernel!;
  assert.is(pool.inUse, 0);
  assert.is(parts.pages.inUse, 0);
  assert.is(parts.heads.inUse, 0);
};

spec('loopback', (it) => {
  for (const address of ['127.0.0.1', '127.8.8.8', '10.0.0.1', '::1', 'fd00::1']) {
    it(`carries a stream to ${address} without a frame`, () => {
      const { host, got, frames } = within(address);
      assert.is(Buffer.compare(got, pattern(LENGTH)), 0);
      assert.is(frames, 0);
      isClean(host);
    });
  }

  it('copies each byte into the kernel and out of it, and no more', () => {
    const { host } = within('127.0.0.1');
    assert.is(host.ledger.total('copy').bytes, 2 * LENGTH);
    for (const queue of host.kernel!.nic.transmitQueues) assert.is(queue.frames, 0);
    assert.is(host.ledger.total('checksum-pass').count, 0);
  });

  it('cuts nothing, because nothing on the way is too small', () => {
    const { host } = within('127.0.0.1', { tso: false });
    assert.ok(host.kernel!.tcp.counters.OutSegs < LENGTH / 1448);
  });

  it('is a shorter way than that to another host', () => {
    const roundTrip = (address: string): number => {
      const pair = new KernelPair({ kernel: { coalesce: 0 } });
      const [a, b] = pair.hosts;
      const server = address === '10.0.0.2' ? b : a;
      let took = 0;
      server.spawn('server', function* (thread) {
        const listening = server.socket({ noDelay: true });
        yield* listening.bind(thread, 80);
        yield* listening.listen(thread);
        const socket = (yield* listening.accept(thread))!;
        const at = server.space.allocate(8);
        while ((yield* socket.recv(thread, at, 8)) > 0) yield* socket.send(thread, at, 8);
      });
      a.spawn(
        'client',
        function* (thread) {
          const socket = a.socket({ noDelay: true });
          yield* socket.connect(thread, parseIp(address), 80);
          const at = a.space.allocate(8);
          const began = thread.now;
          for (let i = 0; i < 20; i++) {
            yield* socket.send(thread, at, 8);
            yield* socket.recv(thread, at, 8);
          }
          took = thread.now - began;
          yield* socket.close(thread);
        },
        { core: 3 },
      );
      pair.sim.settle(b);
      pair.sim.settle(a);
      pair.sim.run(seconds(1));
      return took;
    };
    assert.ok(roundTrip('127.0.0.1') < roundTrip('10.0.0.2') / 1.5);
  });
});

spec('pages that are mapped into another space', (it) => {
  it('are the same bytes there, for a call and no copy', () => {
    const pair = new KernelPair();
    const [host] = pair.hosts;
    const target = 0x7000_0000_0000n;
    let took = 0;
    host.spawn('mapper', function* (thread) {
      const source = host.space.allocate(2 * PAGE_4K);
      host.space.bytes(source, 1)[0] = 42;
      const began = thread.now;
      const { kernel, space } = host;
      yield* mapPages(kernel!, thread, space, source, space, target, 2 * PAGE_4K);
      took = thread.now - began;
    });
    pair.sim.settle(host);
    pair.sim.run(seconds(1));
    assert.is(host.space.bytes(target, 1)[0], 42);
    assert.is(host.ledger.total('copy').count, 0);
    assert.ok(took > host.cores.profile.systemCallNs);
  });
});
