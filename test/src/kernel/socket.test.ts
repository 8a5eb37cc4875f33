// Sockets between two hosts: the bytes arrive, and what the ledger says follows from what was moved.

import { CaptureTap, chances } from '../../../src/fabric/index.js';
import type { Host } from '../../../src/host/index.js';
import { MSG_OOB } from '../../../src/kernel/index.js';
import { type LedgerKind, ledgerKinds } from '../../../src/memory/index.js';
import { linux415 } from '../../../src/profiles/kernel.js';
import { type Nanos, seconds, us } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';
import { KernelPair, type KernelPairOptions, PORT, pattern, receiveAll, sendAll } from './pair.js';

function transfer(
  options: KernelPairOptions,
  length: number,
  size = 65_536,
  spoil: (pair: KernelPair) => void = () => {},
) {
  const pair = new KernelPair(options);
  spoil(pair);
  const bytes = pattern(length);
  let received: Uint8Array = new Uint8Array(0);
  pair.run(
    function* (thread, socket, host) {
      yield* sendAll(thread, socket, host, bytes, size);
      yield* socket.close(thread);
    },
    function* (thread, socket, host) {
      received = yield* receiveAll(thread, socket, host, size);
      yield* socket.close(thread);
    },
  );
  pair.sim.run(seconds(400));
  return { pair, same: Buffer.compare(bytes, received) === 0, received };
}

type Counts = Record<LedgerKind, { readonly count: number; readonly bytes: number }>;
const counts = ({ ledger }: Host): Counts =>
  Object.fromEntries(ledgerKinds.map((kind) => [kind, ledger.total(kind)])) as unknown as Counts;

function isClean(pair: KernelPair) {
  assert.is(pair.sim.pool.inUse, 0);
  for (const { kernel } of pair.hosts) {
    const { pages, heads, buffers } = kernel!.parts;
    assert.is(pages.inUse, 0, 'pages of text');
    assert.is(heads.inUse, 0, 'headers');
    const posted = kernel!.nic.receiveQueues.reduce((n, q) => n + q.tail - q.used, 0);
    const lots = 16 * kernel!.nic.receiveQueues.length;
    assert.ok(buffers.inUse >= posted && buffers.inUse <= posted + lots, 'buffers of frames');
  }
}

/** One message of `size` bytes there and back, `rounds` times, and what each side did for it. */
function pingPong(options: KernelPairOptions, size: number, rounds: number) {
  const pair = new KernelPair(options);
  const before: ReturnType<typeof counts>[] = [];
  const after: ReturnType<typeof counts>[] = [];
  let took = 0;
  pair.run(
    function* (thread, socket, host) {
      const address = host.space.allocate(size);
      for (let i = 0; i <= rounds; i++) {
        if (i === 1) {
          before.push(...pair.hosts.map(counts));
          took = -thread.now;
        }
        yield* socket.send(thread, address, size);
        yield* socket.recv(thread, address, size);
      }
      took += thread.now;
      after.push(...pair.hosts.map(counts));
    },
    function* (thread, socket, host) {
      const address = host.space.allocate(size);
      while ((yield* socket.recv(thread, address, size)) > 0)
        yield* socket.send(thread, address, size);
    },
    { noDelay: true },
  );
  pair.sim.run(seconds(1));
  const each = (side: number, kind: LedgerKind) => ({
    count: (after[side]![kind].count - before[side]![kind].count) / rounds,
    bytes: (after[side]![kind].bytes - before[side]![kind].bytes) / rounds,
  });
  return { pair, each, roundTrip: took / rounds };
}

spec('sockets between two kernels', (it) => {
  for (const v6 of [false, true]) {
    it(`carry a stream over ${v6 ? 'IPv6' : 'IPv4'}, and leave nothing behind`, () => {
      const { pair, same } = transfer({ v6 }, 1_000_000);
      assert.ok(same);
      isClean(pair);
    });
  }

  const switches: readonly (readonly [string, KernelPairOptions])[] = [
    ['jumbo frames', { mtu: 9000 }],
    ['without TSO', { kernel: { tso: false } }],
    ['without TSO and GSO', { kernel: { tso: false, gso: false } }],
    ['without GRO', { kernel: { gro: false } }],
    ['with LRO', { kernel: { lro: true } }],
    ['with LRO and without GRO, over IPv6', { kernel: { lro: true, gro: false }, v6: true }],
    ['with LRO and small rings', { kernel: { lro: true, ringEntries: 256, queues: 1 } }],
    ['with LRO, where the card knows no checksums', { kernel: { lro: true, rxChecksum: false } }],
    ['without checksum offloads', { kernel: { txChecksum: false, rxChecksum: false } }],
    [
      'with checksums and cutting in software',
      { kernel: { tso: false, txChecksum: false }, v6: true },
    ],
    ['with flow steering', { kernel: { arfs: true } }],
    ['with interrupts at once', { kernel: { coalesce: 0 } }],
    ['with adaptive moderation', { kernel: { coalesce: 'adaptive' } }],
    ['with busy polling', { kernel: { busyPoll: 50 } }],
    ['with one queue', { kernel: { queues: 1 } }],
    ['with small rings', { kernel: { ringEntries: 512, queues: 1 } }],
  ];
  for (const [title, options] of switches) {
    it(`carry the same bytes ${title}`, () => {
      const { pair, same } = transfer(options, 300_000, 50_000);
      assert.ok(same);
      isClean(pair);
    });
  }

  for (const lro of [false, true]) {
    it(`carry a stream through loss, repetition and reordering${lro ? ', with LRO' : ''}`, () => {
      const { pair, same } = transfer({ kernel: { lro } }, 300_000, 30_000, ({ sim, hosts }) => {
        for (const host of hosts) {
          const odds = { loss: 0.02, duplicate: 0.01, reorder: 0.02, reorderNs: 20_000 };
          sim.impair(host, 0, chances(odds, sim.random.fork(host.name)));
        }
      });
      assert.ok(same);
      isClean(pair);
    });
  }

  it('copy each byte once on each side, and no other way', () => {
    const { pair } = transfer({}, 500_000);
    for (const host of pair.hosts) assert.is(counts(host).copy.bytes, 500_000);
    const [sender, receiver] = pair.hosts.map(counts);
    assert.ok(sender!['dma-read'].bytes > 500_000, 'text, headers and descriptors');
    assert.ok(receiver!['dma-write'].bytes > 500_000, 'frames and completions');
    assert.is(sender!['checksum-pass'].count, 0);
  });

  it('pass over the bytes once more where the card makes no checksums', () => {
    const { pair } = transfer({ kernel: { txChecksum: false, rxChecksum: false } }, 100_000);
    for (const host of pair.hosts) assert.ok(counts(host)['checksum-pass'].bytes > 100_000);
  });

  it('do for each small message what the path has', () => {
    const { each, roundTrip } = pingPong({ kernel: { coalesce: 0 } }, 64, 50);
    for (const side of [0, 1]) {
      assert.is(each(side, 'system-call').count, 2, 'send and recv');
      assert.is(each(side, 'copy').count, 2);
      assert.is(each(side, 'copy').bytes, 128);
      assert.is(each(side, 'interrupt').count >= 1, true);
      assert.is(each(side, 'context-switch').count, 1);
      assert.ok(each(side, 'doorbell').count >= 1);
    }
    assert.ok(roundTrip > 10_000 && roundTrip < 60_000, `${roundTrip} ns`);
  });

  it('wake a thread that sleeps once, however much comes while it is on its way', () => {
    const woken = (extra: number): number => {
      const pair = new KernelPair({ kernel: { coalesce: 0, gro: false } });
      pair.run(
        function* (thread, socket, host) {
          const address = host.space.allocate(8);
          yield thread.sleep(us(500) as Nanos);
          for (let i = 0; i <= extra; i++) yield* socket.send(thread, address, 8);
          yield thread.sleep(us(1000) as Nanos);
        },
        function* (thread, socket, host) {
          const address = host.space.allocate(4096);
          yield* socket.recv(thread, address, 4096);
        },
        { noDelay: true },
      );
      pair.sim.run(us(450) as Nanos);
      const { bill } = pair.hosts[1].kernel!;
      const before = bill.total('sched');
      pair.sim.run(us(900) as Nanos);
      return bill.total('sched') - before;
    };
    const { wakeThread } = linux415;
    assert.ok(woken(0) > 0);
    assert.ok(woken(3) - woken(0) < wakeThread, 'three more messages wake nobody');
  });

  it('lose nothing where a receiver does not read: rounding has promised more than its buffer', () => {
    const pair = new KernelPair({ mtu: 9000, kernel: { gro: false } });
    let received = 0;
    pair.run(
      function* (thread, socket, host) {
        const address = host.space.allocate(100_001);
        for (let i = 0; i < 60; i++) yield* socket.send(thread, address, 100_001);
        yield* socket.close(thread);
      },
      function* (thread, socket, host) {
        const address = host.space.allocate(65_536);
        yield thread.sleep(us(20_000) as Nanos);
        for (;;) {
          const got = yield* socket.recv(thread, address, 65_536);
          if (got <= 0) return;
          received += got;
        }
      },
      { receiveBytes: 3_000_000 },
    );
    pair.sim.run(seconds(2));
    assert.is(received, 6_000_060);
    assert.is(pair.hosts[0].kernel!.tcp.counters.RetransSegs, 0);
  });

  it('do the same in the same run, byte for byte', () => {
    const run = () => {
      const pair = new KernelPair({ seed: 7 });
      const parts: Uint8Array[] = [];
      const tap = new CaptureTap((bytes) => parts.push(bytes.slice()));
      pair.sim.tap(pair.hosts[0], 0, tap.port('h0', 1, ['in', 'out', 'lost']));
      pair.run(
        function* (thread, socket, host) {
          yield* sendAll(thread, socket, host, pattern(200_000), 10_000);
          yield* socket.close(thread);
        },
        function* (thread, socket, host) {
          yield* receiveAll(thread, socket, host, 9000);
          yield* socket.close(thread);
        },
      );
      pair.sim.run(seconds(1));
      tap.flush();
      return { bytes: Buffer.concat(parts), counts: pair.hosts.map(counts), now: pair.sim.events };
    };
    const [first, second] = [run(), run()];
    assert.ok(Buffer.compare(first.bytes, second.bytes) === 0);
    assert.equal(first.counts, second.counts);
    assert.is(first.now, second.now);
  });
});

spec('socket calls', (it) => {
  it('an urgent byte stands in the stream, and no call reads across it (RFC 6093 6)', () => {
    const pair = new KernelPair();
    const got: [number, boolean][] = [];
    let refused = '';
    pair.run(
      function* (thread, socket, host) {
        const address = host.space.allocate(64);
        yield* socket.send(thread, address, 20, MSG_OOB);
        yield* socket.send(thread, address, 10);
        yield* socket.close(thread);
      },
      function* (thread, socket, host) {
        const address = host.space.allocate(64);
        yield thread.sleep((thread.now + 1e6) as Nanos);
        refused = (yield* socket.recv(thread, address, 1, MSG_OOB)) < 0 ? socket.errno : '';
        for (let size = -1; size !== 0; ) {
          const marked = yield* socket.atMark(thread);
          size = yield* socket.recv(thread, address, 64);
          got.push([size, marked]);
        }
      },
      { noDelay: true },
    );
    pair.sim.run(seconds(1));
    assert.is(refused, 'EINVAL');
    assert.equal(got, [
      [19, false],
      [11, true],
      [0, false],
    ]);
  });

  it('connect is refused where nobody listens', () => {
    const pair = new KernelPair();
    const [host] = pair.hosts;
    const seen: (number | string)[] = [];
    host.spawn('client', function* (thread) {
      const socket = host.socket();
      seen.push(yield* socket.connect(thread, pair.ip(1), PORT), socket.errno);
    });
    pair.sim.settle(host);
    pair.sim.run(seconds(5));
    assert.equal(seen, [-1, 'ECONNREFUSED']);
  });

  it('do not wait where they must not', () => {
    const pair = new KernelPair();
    const seen: (number | string)[] = [];
    pair.run(
      function* (thread, socket, host) {
        socket.nonBlocking = true;
        const address = host.space.allocate(4_000_000);
        seen.push(yield* socket.recv(thread, address, 100), socket.errno);
        const sent = yield* socket.send(thread, address, 4_000_000);
        assert.ok(sent > 0 && sent < 4_000_000, 'as much as fits');
        seen.push(yield* socket.send(thread, address, 100), socket.errno);
      },
      function* (thread) {
        yield thread.sleep((thread.now + 1e9) as Nanos);
      },
    );
    pair.sim.run(seconds(1));
    assert.equal(seen, [-1, 'EAGAIN', -1, 'EAGAIN']);
  });

  it('tell who writes that the peer has gone', () => {
    const pair = new KernelPair();
    const seen: (number | string)[] = [];
    pair.run(
      function* (thread, socket, host) {
        const address = host.space.allocate(4096);
        for (let sent = 0; sent >= 0; ) {
          sent = yield* socket.send(thread, address, 4096);
          yield thread.sleep((thread.now + 1e6) as Nanos);
          if (sent < 0) seen.push(socket.errno);
        }
        seen.push(yield* socket.send(thread, address, 4096), socket.errno);
      },
      function* (thread, socket) {
        yield* socket.close(thread);
      },
    );
    pair.sim.run(seconds(5));
    assert.equal(seen, ['ECONNRESET', -1, 'EPIPE']);
  });

  it('end one side and go on with the other', () => {
    const pair = new KernelPair();
    let answer: Uint8Array = new Uint8Array(0);
    pair.run(
      function* (thread, socket, host) {
        yield* sendAll(thread, socket, host, pattern(5000), 5000);
        yield* socket.shutdown(thread);
        answer = yield* receiveAll(thread, socket, host, 4096);
        yield* socket.close(thread);
      },
      function* (thread, socket, host) {
        const got = yield* receiveAll(thread, socket, host, 4096);
        yield* sendAll(thread, socket, host, got, 5000);
        yield* socket.close(thread);
      },
    );
    pair.sim.run(seconds(100));
    assert.ok(Buffer.compare(answer, pattern(5000)) === 0);
  });

  for (const noLinger of [false, true])
    it(`what was not delivered when the socket is closed ${noLinger ? 'is given up without lingering' : 'is still delivered'}`, () => {
      const pair = new KernelPair();
      const { sim, hosts } = pair;
      let isCut = false;
      sim.impair(hosts[0], 0, {
        name: 'cut',
        apply: (_now, _from, _pool, _slot, fate) => {
          if (isCut) fate.lost = 'cut';
        },
      });
      const bytes = pattern(3000);
      let received = 0;
      pair.run(
        function* (thread, socket, host) {
          yield* sendAll(thread, socket, host, bytes.subarray(0, 1000), 1000);
          yield thread.sleep((thread.now + 1e6) as Nanos);
          isCut = true;
          yield* sendAll(thread, socket, host, bytes.subarray(1000), 1000);
          yield* socket.close(thread);
          yield thread.sleep((thread.now + 1e9) as Nanos);
          isCut = false;
        },
        function* (thread, socket, host) {
          const address = host.space.allocate(4096);
          for (;;) {
            const got = yield* socket.recv(thread, address, 4096);
            if (got <= 0) return;
            received += got;
          }
        },
        { noLinger },
      );
      sim.run(seconds(60));
      assert.is(received, noLinger ? 1000 : 3000);
    });
});
