// The two programs over a TCP socket: send() and recv(). A READ is a request of as many bytes as the wire's own, and the
// answer to it, because nobody but the target's program can reach the target's memory.

import type { Thread, Wait } from '../../cpu/index.js';
import type { Computer } from '../../host/index.js';
import { MSG_WAITALL, type Socket } from '../../kernel/index.js';
import type { Run } from './run.js';

const PORT = 5001;
/** What a request to read says: address, key and length (the RETH's, IBA 9.3.3). */
const REQUEST_BYTES = 16;

export function* initiator(
  run: Run,
  host: Computer,
  thread: Thread,
  remote: Uint8Array,
): Generator<Wait, void, void> {
  const { op, size } = run.task;
  const buffer = host.space.allocate(size);
  const request = host.space.allocate(REQUEST_BYTES);
  run[op === 'read' ? 'sink' : 'source'] = { host, side: 'initiator', address: buffer };
  const socket = host.socket({ noDelay: true });
  if ((yield* socket.connect(thread, remote, PORT)) !== 0) return fail(run, host, socket);
  for (let message = 0; message < run.total; message++) {
    yield* run.before(thread, message);
    if (op === 'read') {
      if (!(yield* send(run, host, thread, socket, request, REQUEST_BYTES))) return;
      if (!(yield* receive(run, host, thread, socket, buffer, size))) return;
      run.known(thread.now, 'initiator');
    } else if (!(yield* send(run, host, thread, socket, buffer, size))) return;
  }
}

export function* target(run: Run, host: Computer, thread: Thread): Generator<Wait, void, void> {
  const { op, size } = run.task;
  const buffer = host.space.allocate(size);
  const request = host.space.allocate(REQUEST_BYTES);
  run[op === 'read' ? 'source' : 'sink'] = { host, side: 'target', address: buffer };
  const listening = host.socket({ noDelay: true });
  yield* listening.bind(thread, PORT);
  yield* listening.listen(thread);
  const socket = yield* listening.accept(thread);
  if (!socket) return fail(run, host, listening);
  // After the measured message it asks for the next, as after every other.
  for (;;) {
    if (op === 'read') {
      if (!(yield* receive(run, host, thread, socket, request, REQUEST_BYTES))) return;
      if (!(yield* send(run, host, thread, socket, buffer, size))) return;
    } else {
      if (!(yield* receive(run, host, thread, socket, buffer, size))) return;
      run.known(thread.now, 'target');
    }
  }
}

function* send(
  run: Run,
  host: Computer,
  thread: Thread,
  socket: Socket,
  address: bigint,
  size: number,
): Generator<Wait, boolean, void> {
  const end = run.recorder.call(host, thread, 'send()', true);
  const sent = yield* socket.send(thread, address, size);
  end(thread.now);
  if (sent === size) return true;
  fail(run, host, socket);
  return false;
}

function* receive(
  run: Run,
  host: Computer,
  thread: Thread,
  socket: Socket,
  address: bigint,
  size: number,
): Generator<Wait, boolean, void> {
  const end = run.recorder.call(host, thread, 'recv()', true);
  const got = yield* socket.recv(thread, address, size, MSG_WAITALL);
  end(thread.now);
  if (got === size) return true;
  fail(run, host, socket);
  return false;
}

function fail(run: Run, host: Computer, socket: Socket): void {
  run.failure = `${host.name}: ${socket.errno || 'the connection has ended'}`;
}
