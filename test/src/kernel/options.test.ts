// Mirrors src/kernel/settle-options.ts: what a kernel is told to do works, or is refused by name; nothing is silent.

import { type KernelOptions, MSG_ZEROCOPY, type Piece } from '../../../src/kernel/index.js';
import { ms, seconds } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';
import { KernelPair, type KernelPairOptions, pattern, receiveAll, sendAll } from './pair.js';

const LENGTH = 300_000;

/** Sends a stream from one host to the other, and says whether it came. */
function carries(options: KernelPairOptions): boolean {
  const pair = new KernelPair(options);
  const bytes = pattern(LENGTH);
  let got: Uint8Array = new Uint8Array(0);
  pair.run(
    function* (thread, socket, host) {
      yield* sendAll(thread, socket, host, bytes, 65_536);
      yield* socket.close(thread);
    },
    function* (thread, socket, host) {
      got = yield* receiveAll(thread, socket, host, 65_536);
    },
  );
  pair.sim.run(seconds(5));
  return Buffer.compare(got, bytes) === 0;
}

const refused: readonly (readonly [KernelOptions, RegExp])[] = [
  [{ ringEntries: 32 }, /ringEntries: expected a whole number from 64 to 65536, found 32/],
  [{ ringEntries: 0 }, /ringEntries: .* found 0/],
  [{ ringEntries: 100 }, /ringEntries: expected a power of two, found 100/],
  [{ ringEntries: 65_536 }, /h0: 8 rings of 65536 buffers of 2048 bytes want/],
  [{ queues: 0 }, /queues: expected a whole number from 1 to 64, found 0/],
  [{ queues: 1.5 }, /queues: .* found 1.5/],
  [{ affinity: [-1] }, /affinity: .* found -1/],
  [{ coalesce: -1 }, /coalesce: expected from 0 to 1000000 microseconds, found -1/],
  [{ coalesce: Number.NaN }, /coalesce: .* found NaN/],
  [{ coalesceFrames: 0 }, /coalesceFrames: expected a whole number from 1 .* found 0/],
  [{ busyPoll: -5 }, /busyPoll: .* found -5/],
  [{ receiveBytes: [4096, 100, 6e6] }, /receiveBytes: .* in this order, found 4096, 100, 6000000/],
  [{ receiveBytes: [0, 0, 0] }, /receiveBytes: .* bytes of text, found 0/],
  [{ sendBytes: [1, 1, 1] }, /sendBytes: expected from 2304 .* found 1/],
  [{ bufferBytes: 1e6 }, /bufferBytes: 8 rings of 1024 buffers of 2048 bytes .* found 1000000/],
  [{ ecn: 'maybe' as 'on' }, /ecn: expected off, accept, on, found maybe/],
  [{ congestion: 'vegas' as 'reno' }, /congestion: expected reno, cubic, dctcp, found vegas/],
];

spec("a kernel's options", (it) => {
  it('that cannot work are refused by name', () => {
    for (const [kernel, words] of refused) {
      assert.throws(() => new KernelPair({ kernel }), words);
    }
    assert.throws(
      () => new KernelPair({ host: { nodes: [2 ** 22] } }),
      /h0: 8 rings of 1024 buffers of 2048 bytes want .*, 4194304 are free/,
    );
    const [host] = new KernelPair().hosts;
    assert.throws(() => host.socket({ congestion: 'vegas' as 'reno' }), /congestion: .* vegas/);
  });

  it('short rings work: packets are cut so that they fit', () => {
    for (const ringEntries of [64, 128])
      for (const tso of [true, false])
        for (const mtu of [1280, 9000])
          assert.ok(carries({ kernel: { ringEntries, tso }, mtu }), `${ringEntries} ${tso} ${mtu}`);
  });

  it('queues of any number that is not refused work', () => {
    for (const kernel of [{ queues: 1 }, { queues: 64, ringEntries: 64 }, { affinity: [99] }])
      assert.ok(carries({ kernel }), JSON.stringify(kernel));
  });

  it('a packet refers to 17 pieces of memory at most, however small they are', () => {
    for (const kernel of [{}, { tso: false, ringEntries: 64 }]) {
      const pair = new KernelPair({ kernel });
      const bytes = pattern(20_000);
      let got: Uint8Array = new Uint8Array(0);
      pair.run(
        function* (thread, socket, host) {
          const address = host.space.allocate(2 * bytes.length);
          const size = 50;
          const pieces: Piece[] = [];
          for (let at = 0; at < bytes.length; at += size) {
            const piece = { address: address + BigInt(2 * at), length: size };
            host.space.write(piece.address, bytes.subarray(at, at + size));
            pieces.push(piece);
          }
          assert.is(yield* socket.sendmsg(thread, pieces, MSG_ZEROCOPY), bytes.length);
          yield* socket.close(thread);
        },
        function* (thread, socket, host) {
          got = yield* receiveAll(thread, socket, host, 65_536);
        },
      );
      pair.sim.run(seconds(5));
      assert.is(Buffer.compare(got, bytes), 0);
    }
  });

  it('a socket with buffers below the least gets the least, as from setsockopt', () => {
    const [host] = new KernelPair().hosts;
    assert.equal(host.socket({ sendBytes: 1, receiveBytes: -1 }).options, {
      sendBytes: 2304,
      receiveBytes: 1152,
    });
  });

  it('a card without buffers gets some as soon as programs have read', () => {
    const each = 120_000;
    const count = 100;
    const pair = new KernelPair({
      kernels: [{}, { queues: 1, ringEntries: 64, bufferBytes: 7 * 2 ** 20 }],
    });
    const [a, b] = pair.hosts;
    let got = 0;
    b.spawn('server', function* (thread) {
      const listening = b.socket();
      yield* listening.bind(thread, 5001);
      yield* listening.listen(thread);
      for (let i = 0; i < count; i++) {
        const socket = (yield* listening.accept(thread))!;
        b.spawn(`reader ${i}`, function* (own) {
          // Nobody reads until all that the card has is full.
          yield own.sleep(ms(100));
          const { length } = yield* receiveAll(own, socket, b, 65_536);
          got += length;
        });
      }
    });
    for (let i = 0; i < count; i++)
      a.spawn(`client ${i}`, function* (thread) {
        const socket = a.socket();
        assert.is(yield* socket.connect(thread, pair.ip(1), 5001), 0);
        yield* sendAll(thread, socket, a, new Uint8Array(each), 65_536);
        yield* socket.close(thread);
      });
    pair.sim.run(seconds(60));
    assert.ok(b.kernel!.nic.counters.rx_out_of_buffer > 0);
    assert.is(got, count * each);
  });
});
