// What the threads of a TCP test do, once they are connected.

import type { Thread, Wait } from '../../cpu/index.js';
import type { Computer } from '../../host/index.js';
import { MSG_WAITALL, MSG_ZEROCOPY, type Socket } from '../../kernel/index.js';
import type { Nanos } from '../../time/index.js';
import type { TcpTestParameters } from './parameters.js';

/** What the threads of both sides tell of. */
export interface Course {
  readonly parameters: TcpTestParameters;
  /** A message is about to be sent, or has come; those of the warm-up too. */
  begins(now: Nanos): void;
  completes(now: Nanos): void;
  failed(why: string): void;
}

type Steps = Generator<Wait, void, void>;

/** A buffer with a pattern in it, so that what arrives is worth looking at. */
function bufferOf(host: Computer, size: number): bigint {
  const address = host.space.allocate(size);
  const bytes = Uint8Array.from({ length: size }, (_, i) => i % PATTERN);
  host.space.write(address, bytes);
  return address;
}
const PATTERN = 251;

/** All of a message; false when the connection does not take it. */
export function* sendWhole(
  thread: Thread,
  socket: Socket,
  address: bigint,
  size: number,
  flags: number,
): Generator<Wait, boolean, void> {
  for (let done = 0; done < size; ) {
    const sent = yield* socket.send(thread, address + BigInt(done), size - done, flags);
    if (sent < 0) return false;
    done += sent;
  }
  return true;
}

/** Sends its messages one after the other, as fast as the socket takes them. */
export function* sends(thread: Thread, host: Computer, socket: Socket, course: Course): Steps {
  const { size, iters, warmUp, zeroCopy } = course.parameters;
  const address = bufferOf(host, size);
  const flags = zeroCopy ? MSG_ZEROCOPY : 0;
  for (let i = 0; i < warmUp + iters; i++) {
    course.begins(thread.now);
    if (!(yield* sendWhole(thread, socket, address, size, flags)))
      return course.failed(`send: ${socket.errno}`);
    // Pages that are the program's again are told of; their notices must be read, or they would pile up.
    if (zeroCopy && i % NOTICE_EVERY === NOTICE_EVERY - 1) yield* socket.notices(thread);
  }
  yield* socket.shutdown(thread);
}
const NOTICE_EVERY = 16;

/** Reads what comes, as much as there is room for at once. */
export function* receives(thread: Thread, host: Computer, socket: Socket, course: Course): Steps {
  const { size } = course.parameters;
  const room = Math.max(size, READ_BYTES);
  const address = host.space.allocate(room);
  for (let bytes = 0; ; ) {
    const got = yield* socket.recv(thread, address, room);
    if (got < 0) return course.failed(`recv: ${socket.errno}`);
    if (got === 0) return;
    const before = Math.floor(bytes / size);
    bytes += got;
    for (let i = before; i < Math.floor(bytes / size); i++) course.completes(thread.now);
  }
}
const READ_BYTES = 131_072;

/** One message of a ping-pong. Without a copy the buffer is not touched before its pages are told of: the notice is read. */
function* sendMessage(
  thread: Thread,
  socket: Socket,
  address: bigint,
  size: number,
  zeroCopy: boolean,
): Generator<Wait, boolean, void> {
  if (!zeroCopy) return yield* sendWhole(thread, socket, address, size, 0);
  yield* socket.notices(thread); // of the message before
  return yield* sendWhole(thread, socket, address, size, MSG_ZEROCOPY);
}

/** The client of a ping-pong. */
export function* asks(thread: Thread, host: Computer, socket: Socket, course: Course): Steps {
  const { size, iters, warmUp, zeroCopy } = course.parameters;
  const address = bufferOf(host, size);
  for (let i = 0; i < warmUp + iters; i++) {
    course.begins(thread.now);
    const gone = yield* sendMessage(thread, socket, address, size, zeroCopy);
    const got = gone ? yield* socket.recv(thread, address, size, MSG_WAITALL) : -1;
    if (got !== size) return course.failed(`client: ${socket.errno || 'the peer has ended'}`);
    course.completes(thread.now);
  }
  yield* socket.shutdown(thread);
}

/** Its server. */
export function* answers(thread: Thread, host: Computer, socket: Socket, course: Course): Steps {
  const { size, zeroCopy } = course.parameters;
  const address = bufferOf(host, size);
  for (;;) {
    const got = yield* socket.recv(thread, address, size, MSG_WAITALL);
    if (got === 0) return;
    const gone = got === size && (yield* sendMessage(thread, socket, address, size, zeroCopy));
    if (!gone) return course.failed(`server: ${socket.errno || 'half a message'}`);
  }
}
