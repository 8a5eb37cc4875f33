// What the card and the driver save, by what is counted with it and without; and what is sent without a copy.

import { asWord } from '../../../protocols/core/serial.js';
import type { Host } from '../../../src/host/index.js';
import {
  CachedFile,
  Epoll,
  type KernelOptions,
  Moderation,
  MSG_ZEROCOPY,
  RateModeration,
  Steering,
  settledUs,
  Toeplitz,
} from '../../../src/kernel/index.js';
import { parseIp } from '../../../src/stack/index.js';
import { type Nanos, seconds, us } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';
import { KernelPair, type KernelPairOptions, pattern, receiveAll, sendAll } from './pair.js';

/** A stream of 400 kB, and what it cost. */
function stream(kernel: KernelOptions, options: KernelPairOptions = {}) {
  const pair = new KernelPair({ kernel, ...options });
  let got: Uint8Array = new Uint8Array(0);
  pair.run(
    function* (thread, socket, host) {
      yield* sendAll(thread, socket, host, pattern(400_000), 65_536);
      yield* socket.close(thread);
    },
    function* (thread, socket, host) {
      got = yield* receiveAll(thread, socket, host, 65_536);
    },
  );
  pair.sim.run(seconds(1));
  assert.ok(Buffer.compare(got, pattern(400_000)) === 0);
  const [sender, receiver] = pair.hosts;
  return {
    pair,
    sent: sender.kernel!.tcp.counters.OutSegs,
    taken: receiver.kernel!.tcp.counters.InSegs,
    frames: sender.kernel!.nic.transmitQueues.reduce((n, q) => n + q.frames, 0),
    interrupts: receiver.kernel!.nic.counters.interrupts,
    netdev: sender.kernel!.bill.total('netdev'),
    busy: (host: Host, core: number) => host.cores.cores[core]!.busyNs,
  };
}

spec('offloads', (it) => {
  it('TSO hands down a tenth of the packets and sends as many frames', () => {
    const cut = stream({});
    const whole = stream({ tso: false, gso: false });
    assert.ok(cut.frames >= 277 && whole.frames >= 277, 'of 1448 bytes');
    assert.ok(whole.sent >= 277);
    assert.ok(cut.sent * 5 < whole.sent, `${cut.sent} and ${whole.sent}`);
  });

  it('GSO hands down as few, and pays for cutting them', () => {
    const card = stream({});
    const kernel = stream({ tso: false });
    assert.ok(kernel.sent * 5 < 277);
    assert.ok(kernel.netdev > card.netdev);
  });

  it('GRO hands up a fraction of what was received', () => {
    assert.ok(stream({}).taken * 3 < stream({ gro: false }).taken);
  });

  it('LRO hands up as few without GRO, and for less', () => {
    const card = stream({ lro: true, gro: false });
    const kernel = stream({});
    assert.ok(card.taken * 3 < stream({ gro: false }).taken, `${card.taken} packets`);
    const { counters } = card.pair.hosts[1].kernel!.nic;
    assert.ok(counters.rx_lro_packets > 10 && counters.rx_lro_bytes > 300_000);
    const netdev = ({ pair }: ReturnType<typeof stream>) =>
      pair.hosts[1].kernel!.bill.total('netdev');
    assert.ok(netdev(card) < netdev(kernel), `${netdev(card)} and ${netdev(kernel)} ns`);
  });

  it('LRO gives what no PSH ends after its time, and keeps nothing', () => {
    // Each window of slow start ends without PSH: only the timer gives its last segments to the host.
    const { pair, busy } = stream({ lro: true, tso: false, gso: false }, { rate: 1e9 });
    assert.ok(busy(pair.hosts[1], 0) > 0);
    assert.is(pair.sim.pool.inUse, 0);
    assert.is(pair.hosts[1].kernel!.nic.counters.rx_out_of_buffer, 0);
  });

  it('frames of a flow go to the core of their program where flows are steered', () => {
    const { pair } = stream({ arfs: true });
    const { receiveQueues } = pair.hosts[1].kernel!.nic;
    const at = receiveQueues.findIndex((queue) => queue.frames > 200);
    assert.is(at, 0, 'the core of the server');
  });

  it('busy polling takes text without an interrupt', () => {
    const rounds = 20;
    const run = (busyPoll: number) => {
      const pair = new KernelPair({ kernel: { coalesce: 0, busyPoll } });
      let took = 0;
      pair.run(
        function* (thread, socket, host) {
          const address = host.space.allocate(64);
          for (let i = 0; i <= rounds; i++) {
            if (i === 1) {
              took = -thread.now;
              for (const { kernel } of pair.hosts) kernel!.nic.counters.interrupts = 0;
            }
            yield* socket.send(thread, address, 64);
            yield* socket.recv(thread, address, 64);
          }
          took += thread.now;
        },
        function* (thread, socket, host) {
          const address = host.space.allocate(64);
          while ((yield* socket.recv(thread, address, 64)) > 0)
            yield* socket.send(thread, address, 64);
        },
        { noDelay: true },
      );
      pair.sim.run(us(2000));
      const sum = pair.hosts.reduce((n, { kernel }) => n + kernel!.nic.counters.interrupts, 0);
      assert.ok(took > 0, 'it came to its end');
      return { took: took / rounds, interrupts: sum };
    };
    const polled = run(500);
    const slept = run(0);
    assert.ok(slept.interrupts >= 2 * rounds, `${slept.interrupts}`);
    assert.ok(polled.interrupts <= slept.interrupts / 2, `${polled.interrupts}`);
    assert.ok(polled.took < slept.took, `${polled.took} and ${slept.took} ns`);
  });
});

spec('sending without a copy', (it) => {
  it('MSG_ZEROCOPY pins the pages, copies nothing, and tells when they are free', () => {
    const pair = new KernelPair();
    let got: Uint8Array = new Uint8Array(0);
    const told: (readonly [number, number])[] = [];
    const [host] = pair.hosts;
    pair.run(
      function* (thread, socket, self) {
        const address = self.space.allocate(200_000);
        self.space.write(address, pattern(200_000));
        for (let at = 0; at < 200_000; at += 50_000) {
          const sent = yield* socket.send(thread, address + BigInt(at), 50_000, MSG_ZEROCOPY);
          assert.is(sent, 50_000);
        }
        while (told.length === 0 || told.at(-1)![1] < 3) {
          told.push(...(yield* socket.notices(thread)));
          yield thread.sleep((thread.now + 10_000) as Nanos);
        }
        assert.is(self.memory.pinsAt(self.space.translate(address)), 0);
        yield* socket.close(thread);
      },
      function* (thread, socket, self) {
        got = yield* receiveAll(thread, socket, self, 65_536);
      },
    );
    pair.sim.run(seconds(1));
    assert.ok(Buffer.compare(got, pattern(200_000)) === 0);
    assert.is(host.ledger.total('copy').bytes, 0);
    assert.is(told[0]![0], 0);
  });

  it('sendfile sends from the page cache', () => {
    const pair = new KernelPair();
    let got: Uint8Array = new Uint8Array(0);
    const [host] = pair.hosts;
    const file = new CachedFile(host.memory, pattern(100_000));
    pair.run(
      function* (thread, socket) {
        assert.is(yield* socket.sendfile(thread, file, 1000, 90_000), 90_000);
        yield* socket.close(thread);
      },
      function* (thread, socket, self) {
        got = yield* receiveAll(thread, socket, self, 65_536);
      },
    );
    pair.sim.run(seconds(1));
    assert.ok(Buffer.compare(got, pattern(100_000).subarray(1000, 91_000)) === 0);
    assert.is(host.ledger.total('copy').bytes, 0);
  });

  it('epoll says which of several sockets can be read', () => {
    const pair = new KernelPair();
    const [a, b] = pair.hosts;
    const order: number[] = [];
    b.spawn('server', function* (thread) {
      const listening = b.socket();
      yield* listening.bind(thread, 7);
      yield* listening.listen(thread);
      const epoll = new Epoll(b.kernel!);
      const sockets = [];
      for (let i = 0; i < 3; i++) {
        const socket = (yield* listening.accept(thread))!;
        yield* epoll.add(thread, socket, 'read');
        sockets.push(socket);
      }
      const address = b.space.allocate(64);
      while (order.length < 3) {
        for (const { socket } of yield* epoll.wait(thread)) {
          yield* socket.recv(thread, address, 64);
          order.push(sockets.indexOf(socket));
        }
      }
    });
    a.spawn('client', function* (thread) {
      const address = a.space.allocate(64);
      const sockets = [a.socket(), a.socket(), a.socket()];
      for (const socket of sockets) yield* socket.connect(thread, parseIp('10.0.0.2'), 7);
      for (const i of [2, 0, 1]) {
        yield thread.sleep((thread.now + 1e6) as Nanos);
        yield* sockets[i]!.send(thread, address, 64);
      }
    });
    pair.sim.settle(b);
    pair.sim.settle(a);
    pair.sim.run(seconds(1));
    assert.equal(order, [2, 0, 1]);
  });
});

/** Microsoft, "Verifying the RSS hash calculation". */
const suite: readonly (readonly [string, number, string, number, number])[] = [
  ['66.9.149.187', 2794, '161.142.100.80', 1766, 0x51ccc178],
  ['199.92.111.2', 14230, '65.69.140.83', 4739, 0xc626b0ea],
  ['24.19.198.95', 12898, '12.22.207.184', 38024, 0x5c2b394a],
  ['38.27.205.30', 48228, '209.142.163.6', 2217, 0xafc7327f],
  ['153.39.163.191', 44251, '202.188.127.2', 1303, 0x10e828a2],
  ['3ffe:2501:200:1fff::7', 2794, '3ffe:2501:200:3::1', 1766, 0x40207d3d],
];

spec('cards', (it) => {
  it('hash flows as the verification suite of RSS has it', () => {
    const toeplitz = new Toeplitz();
    for (const [source, sourcePort, target, targetPort, hash] of suite)
      assert.is(
        asWord(toeplitz.flow(parseIp(source), sourcePort, parseIp(target), targetPort)),
        hash,
      );
  });

  it('spread flows over queues, and send those elsewhere that have a rule', () => {
    const steering = new Steering(4);
    assert.is(steering.queueOf(5), 1);
    steering.steer(5, 3);
    assert.is(steering.queueOf(5), 3);
    steering.forget(5);
    assert.is(steering.queueOf(5), 1);
  });

  it('interrupt so long after the first completion, or when there are enough', () => {
    const moderation = new Moderation('delay', 10, 3);
    moderation.arm(us(0), 0, 0);
    assert.not(moderation.completed(us(1)));
    assert.is(moderation.due, us(11));
    assert.not(moderation.completed(us(2)));
    assert.ok(moderation.completed(us(3)), 'the third');
    moderation.fired(us(3));
    assert.not(moderation.completed(us(20)), 'not armed');
  });

  it('of another kind wait until nothing has come for so long, or there are enough', () => {
    const moderation = new Moderation('quiet', 10, 4);
    moderation.arm(us(0), 0, 0);
    assert.not(moderation.completed(us(1)));
    assert.not(moderation.completed(us(9)));
    assert.is(moderation.due, us(19));
    assert.not(moderation.completed(us(18)));
    assert.is(moderation.due, us(28));
    assert.ok(moderation.completed(us(27)), 'the fourth');
  });

  it('wait for what was sent apart from what was received', () => {
    const moderation = new Moderation('quiet', 10, 64, 16, 32);
    moderation.arm(us(0), 0, 0);
    assert.not(moderation.sent(us(1)));
    assert.not(moderation.completed(us(9)));
    assert.is(moderation.due, us(17), 'what came later does not put it off');
  });

  it('of the last kind interrupt at once, but not again so soon', () => {
    const moderation = new Moderation('interval', 10, 64);
    moderation.arm(us(0), 0, 0);
    assert.ok(moderation.completed(us(1)));
    moderation.fired(us(1));
    moderation.arm(us(2), 0, 0);
    assert.not(moderation.completed(us(5)));
    assert.is(moderation.due, us(11));
  });

  it('count what came while the driver was looking elsewhere', () => {
    const delay = new Moderation('delay', 10, 3);
    assert.not(delay.arm(us(5), 2, 0));
    assert.is(delay.due, us(15));
    assert.ok(delay.completed(us(6)), 'the third');
    assert.ok(new Moderation('delay', 10, 3).arm(us(5), 3, 0), 'enough already');
    const interval = new Moderation('interval', 10, 64);
    interval.fired(us(1));
    assert.not(interval.arm(us(3), 1, 0));
    assert.is(interval.due, us(11));
    assert.ok(new Moderation('quiet', 10, 64, 16, 32).arm(us(5), 0, 32), 'enough was sent');
  });

  it('follow the rate of frames where a driver has a rule for it, and never keep small ones', () => {
    const rule = {
      lowRate: 100,
      lowUs: 0,
      highRate: 300,
      highUs: 80,
      smallBytes: 256,
      sampleNs: us(1000),
    };
    assert.is(settledUs(rule, 99, 1500), 0);
    assert.is(settledUs(rule, 200, 1500), 40);
    assert.is(settledUs(rule, 9999, 1500), 80);
    assert.is(settledUs(rule, 9999, 256), 0);
    const moderation = new RateModeration({ ...rule, lowRate: 10_000, highRate: 20_000 }, 16, 44);
    assert.not(moderation.served(us(500), 10, 15_000), 'too soon');
    assert.is(moderation.us, 16);
    assert.ok(moderation.served(us(1000), 5, 7_500));
    assert.is(moderation.us, 40, '15,000 a second');
  });
});
