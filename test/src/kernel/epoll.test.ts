// Mirrors src/kernel/epoll.ts: who is told of what, and how often.

import type { Thread, Wait } from '../../../src/cpu/index.js';
import { Epoll, type Socket } from '../../../src/kernel/index.js';
import { ms, type Nanos, seconds } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';
import { KernelPair } from './pair.js';

/** The server's side waits by epoll for what the client sends in two parts, and reads ten bytes each time it is told. */
function told(edge: boolean): number[] {
  const pair = new KernelPair();
  const counts: number[] = [];
  pair.run(
    function* (thread, socket, host) {
      const address = host.space.allocate(64);
      yield* socket.send(thread, address, 30);
      yield thread.sleep((thread.now + ms(12)) as Nanos);
      yield* socket.send(thread, address, 30);
    },
    function* (thread, socket, host) {
      const epoll = new Epoll(host.kernel!);
      yield* epoll.add(thread, socket, 'read', edge);
      const address = host.space.allocate(64);
      for (let i = 0; i < 5; i++) {
        const ready = yield* epoll.wait(thread, (thread.now + ms(5)) as Nanos);
        counts.push(ready.length);
        if (ready.length > 0) yield* socket.recv(thread, address, 10);
      }
    },
    { noDelay: true },
  );
  pair.sim.run(seconds(1));
  return counts;
}

function* fill(thread: Thread, socket: Socket, address: bigint): Generator<Wait, void, void> {
  socket.nonBlocking = true;
  while ((yield* socket.send(thread, address, 65_536)) > 0);
  assert.is(socket.errno, 'EAGAIN');
}

spec('epoll', (it) => {
  it('tells of a socket as long as it is ready; of an edge once, until there is news', () => {
    assert.equal(told(false), [1, 1, 1, 0, 0]);
    assert.equal(told(true), [1, 0, 0, 1, 0]);
  });

  for (const edge of [false, true])
    it(`wakes who waits for room to write (${edge ? 'edge' : 'level'})`, () => {
      const pair = new KernelPair();
      let sent = 0;
      pair.run(
        function* (thread, socket, host) {
          const address = host.space.allocate(65_536);
          const epoll = new Epoll(host.kernel!);
          yield* epoll.add(thread, socket, 'write', edge);
          for (let i = 0; i < 3; i++) {
            yield* fill(thread, socket, address);
            const ready = yield* epoll.wait(thread);
            sent += ready.filter(({ writable }) => writable).length;
          }
          yield* epoll.remove(thread, socket);
          assert.is(socket.watchers, 0);
          yield* socket.close(thread);
        },
        function* (thread, socket, host) {
          const address = host.space.allocate(65_536);
          while ((yield* socket.recv(thread, address, 65_536)) > 0)
            yield thread.sleep((thread.now + ms(1)) as Nanos);
        },
      );
      pair.sim.run(seconds(60));
      assert.is(sent, 3);
    });
});
