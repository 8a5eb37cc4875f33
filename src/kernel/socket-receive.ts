// The receiving calls: what DMA has put into the kernel's pages is copied to the user, and the pages are given back. A call
// that finds nothing sleeps, or polls the card for a while first.

import type { Thread, Wait } from '../cpu/index.js';
import { copyMachine } from '../memory/index.js';
import type { TcpConnection } from '../tcp/index.js';
import { busyPoll } from './busy-poll.js';
import { LOCK, MM, SKB, TCP_IP } from './category.js';
import type { Socket } from './socket.js';
import { has, MSG_DONTWAIT, MSG_OOB, MSG_PEEK, MSG_WAITALL } from './socket-error.js';
import { type Piece, UserPieces } from './user-pieces.js';

const PAGE = 4096;
/** What is copied before the window may open again. */
const LOT = 65_536;

export function* receive(
  socket: Socket,
  thread: Thread,
  pieces: readonly Piece[],
  flags: number,
): Generator<Wait, number, void> {
  const { kernel, receiveBuffer } = socket;
  yield kernel.call(thread);
  if (socket.closed) return socket.fail('EBADF');
  if (!socket.connection) return socket.fail('ENOTCONN');
  // Urgent data stands in the stream, as with SO_OOBINLINE, which RFC 6093 6 asks of all.
  if (has(flags, MSG_OOB)) return socket.fail('EINVAL');
  kernel.follow(socket.hash, thread.core);
  const to = new UserPieces(pieces);
  const { length } = to;
  let done = 0;
  while (done < length) {
    // No call reads across the mark: what is urgent begins a call of its own.
    const { toMark } = socket;
    if (done > 0 && toMark === 0) return done;
    const ready = Math.min(receiveBuffer.ready, length - done, LOT, toMark || LOT);
    if (ready > 0) {
      kernel.enter(thread.now, thread.core);
      copyOut(socket, thread, to, done, ready);
      yield kernel.spend(thread);
      done += ready;
      if (has(flags, MSG_PEEK)) return done;
      giveBack(socket, thread, ready);
      yield kernel.spend(thread);
      kernel.enter(thread.now, thread.core);
      socket.connection.consumed(thread.now);
      if (kernel.sendNext(thread.now, thread.core)) yield* kernel.goOn(thread);
      continue;
    }
    if (done > 0 && !has(flags, MSG_WAITALL)) return done;
    const error = socket.takeError();
    if (error) return done > 0 ? done : socket.fail(error);
    if (socket.ended) return done;
    if (socket.nonBlocking || has(flags, MSG_DONTWAIT))
      return done > 0 ? done : socket.fail('EAGAIN');
    const us = socket.options.busyPoll ?? kernel.parts.options.busyPoll ?? 0;
    if (us > 0) yield* busyPoll(kernel, socket, thread, us);
    if (receiveBuffer.ready > 0 || socket.ended) continue;
    yield socket.fallAsleep(thread, 'readers');
    yield thread.block(socket.readable);
    socket.readers.leave();
  }
  return done;
}

/** The bytes are the user's: pages go back, before TCP may open its window. */
export function giveBack(socket: Socket, thread: Thread, length: number): void {
  const { kernel, receiveBuffer, connection } = socket;
  const { bill, parts } = kernel;
  const { profile } = parts;
  kernel.enter(thread.now, thread.core);
  const packets = receiveBuffer.take(thread.now, length, roundTripOf(connection!));
  bill.charge(SKB, profile.skbFree * packets);
  bill.charge(MM, profile.pageFree * Math.max(packets, length / PAGE));
  const dearer = kernel.readsRemotely(socket, thread.core) ? profile.crossCore : 1;
  bill.charge(TCP_IP, profile.tcpRead * packets * dearer);
  bill.charge(LOCK, profile.skbLock * packets * dearer);
}

/** As Linux measures it for its buffers: by timestamps, whose clock counts milliseconds (tcp_rcv_rtt_measure_ts). */
const roundTripOf = ({ tcb }: TcpConnection): number =>
  tcb.timestamps ? Math.max(tcb.srtt, TICK_NS) : tcb.srtt;
const TICK_NS = 1e6;

/** Copies the next `length` bytes of the stream to byte `done` of the user's pieces. */
// hot
function copyOut(
  socket: Socket,
  thread: Thread,
  to: UserPieces,
  done: number,
  length: number,
): void {
  const { kernel, receiveBuffer } = socket;
  const { fragments, taken: place } = receiveBuffer;
  const remote = kernel.readsRemotely(socket, thread.core);
  let copied = 0;
  for (let i = fragments.find(place); copied < length; ) {
    const skip = place + copied - fragments.start(i);
    let size = Math.min(length - copied, fragments.end(i) - place - copied);
    to.seek(done + copied);
    size = Math.min(size, to.left);
    const copier = kernel.copying.out(thread.actor, kernel, fragments.stamp(i), remote);
    const from = fragments.address(i) + skip;
    copyMachine(thread.now, copier, kernel.space(thread), to, from, size, 'user', socket.hash);
    kernel.copying.charge(size);
    copied += size;
    if (place + copied === fragments.end(i)) i++;
    if (copied < length && !fragments.holds(i, place + copied)) i = fragments.find(place + copied);
  }
}
