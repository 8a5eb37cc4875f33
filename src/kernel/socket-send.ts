// The sending calls: what the user has is copied into pages of the kernel's, or borrowed where it lies, and TCP is told,
// piece by piece, so that the first segments are under way while the last bytes are still being copied.

import type { Thread, Wait } from '../cpu/index.js';
import { copyMachine } from '../memory/index.js';
import { ETC, MM } from './category.js';
import type { Socket } from './socket.js';
import { has, MSG_DONTWAIT, MSG_MORE, MSG_OOB, MSG_ZEROCOPY } from './socket-error.js';
import { type Piece, UserPieces } from './user-pieces.js';
import type { CachedFile } from './zero-copy.js';

const PAGE = 4096;
/** What one packet of the stack holds at most (GSO_MAX_SIZE). */
const GOAL = 65_536;

/** Puts up to `most` more bytes into the socket's buffer; how many, or -1 without memory. */
export type Filler = (now: Thread['now'], done: number, most: number) => number;

export function* send(
  socket: Socket,
  thread: Thread,
  pieces: readonly Piece[],
  flags: number,
): Generator<Wait, number, void> {
  const { kernel } = socket;
  yield kernel.call(thread);
  const from = new UserPieces(pieces);
  if (!has(flags, MSG_ZEROCOPY)) {
    const fill: Filler = (now, done, most) => copyIn(socket, thread, now, from, done, most);
    return yield* push(socket, thread, from.length, flags, fill);
  }
  const id = socket.zeroCopies.begin();
  if (id < 0) return socket.fail('ENOBUFS');
  const fill: Filler = (_now, done, most) => pinIn(socket, thread, from, done, most, id);
  const sent = yield* push(socket, thread, from.length, flags, fill);
  kernel.enter(thread.now, thread.core);
  kernel.bill.charge(ETC, kernel.parts.profile.notice);
  socket.zeroCopies.release(id);
  return sent;
}

export function* sendFile(
  socket: Socket,
  thread: Thread,
  file: CachedFile,
  offset: number,
  length: number,
): Generator<Wait, number, void> {
  yield socket.kernel.call(thread);
  const whole = Math.max(0, Math.min(length, file.lengthBytes - offset));
  const fill: Filler = (_now, done, most) => {
    let filled = 0;
    while (filled < most) {
      const at = offset + done + filled;
      const size = Math.min(most - filled, PAGE - (at % PAGE));
      socket.sendBuffer.borrow(size, file.addressOf(at), file, 0);
      filled += size;
    }
    return filled;
  };
  return yield* push(socket, thread, whole, 0, fill);
}

/** The loop that all of them share (tcp_sendmsg_locked). */
export function* push(
  socket: Socket,
  thread: Thread,
  length: number,
  flags: number,
  fill: Filler,
): Generator<Wait, number, void> {
  const { kernel, sendBuffer } = socket;
  const { bill } = kernel;
  let done = 0;
  while (done < length) {
    const refusal = refused(socket);
    if (refusal) return done > 0 ? done : refusal;
    const { connection } = socket;
    const room = socket.sendRoom;
    if (room === 0) {
      if (tell(socket, thread, sendBuffer.written)) yield* kernel.goOn(thread);
      if (socket.sendRoom > 0) continue;
      if (socket.nonBlocking || has(flags, MSG_DONTWAIT))
        return done > 0 ? done : socket.fail('EAGAIN');
      yield* socket.sleep(thread, 'writers');
      continue;
    }
    kernel.enter(thread.now, thread.core);
    const filled = fill(thread.now, done, Math.min(room, length - done, goalOf(socket)));
    if (filled < 0) return done > 0 ? done : socket.fail('ENOBUFS');
    done += filled;
    yield thread.spend(bill.take(thread.core));
    // In the middle of a call only whole segments go out.
    const sent = connection!.tcb.sndNxt - 1;
    const mss = connection!.tcb.sndMss;
    const ends = done === length && !has(flags, MSG_MORE);
    const whole = sent + Math.floor((sendBuffer.written - sent) / mss) * mss;
    const place = ends ? sendBuffer.written : Math.max(sendBuffer.end, whole);
    const urgent = ends && has(flags, MSG_OOB);
    if (tell(socket, thread, place, urgent)) yield* kernel.goOn(thread);
  }
  kernel.follow(socket.hash, thread.core);
  return done;
}

/** TCP may send everything below `place`, the last byte as urgent; true when it does, and the thread must go on with that. */
function tell(socket: Socket, thread: Thread, place: number, urgent = false): boolean {
  const { kernel, connection, sendBuffer } = socket;
  sendBuffer.end = place;
  kernel.enter(thread.now, thread.core);
  const takes = urgent ? connection!.urgent(thread.now) : connection!.push(thread.now);
  return takes && kernel.sendNext(thread.now, thread.core);
}

/** As much as TCP hands out at once: the largest packet, or one segment where nobody cuts. */
function goalOf({ connection, kernel }: Socket): number {
  const { tso = true, gso = true } = kernel.parts.options;
  const mss = connection!.tcb.sndMss;
  return tso || gso ? Math.max(mss, GOAL - (GOAL % mss)) : mss;
}

/** Why nothing can be sent: 0 while it can. */
function refused(socket: Socket): number {
  const { connection } = socket;
  if (socket.closed) return socket.fail('EBADF');
  if (!connection) return socket.fail('ENOTCONN');
  const error = socket.takeError();
  if (error) return socket.fail(error);
  if (connection.tcb.closing || !connection.tcb.facts.takesData) return socket.fail('EPIPE');
  return 0;
}

// hot
function copyIn(
  socket: Socket,
  thread: Thread,
  now: Thread['now'],
  from: UserPieces,
  done: number,
  most: number,
): number {
  const { kernel, sendBuffer } = socket;
  const { profile } = kernel.parts;
  let filled = 0;
  while (filled < most) {
    from.seek(done + filled);
    const address = sendBuffer.reserve(Math.min(most - filled, from.left));
    if (address < 0) return filled > 0 ? filled : -1;
    const { room } = sendBuffer;
    const copier = kernel.copying.at(thread.actor, profile.copyIn);
    copyMachine(now, copier, kernel.space(thread), from, address, room, 'kernel', socket.hash);
    kernel.copying.charge(room);
    kernel.bill.charge(MM, (profile.fragmentPage * room) / PAGE);
    sendBuffer.commit(room);
    filled += room;
  }
  return filled;
}

// hot
function pinIn(
  socket: Socket,
  thread: Thread,
  from: UserPieces,
  done: number,
  most: number,
  id: number,
): number {
  const { kernel, sendBuffer, zeroCopies } = socket;
  let filled = 0;
  while (filled < most) {
    from.seek(done + filled);
    const address = kernel.space(thread).translateFolded(from.at);
    if (address < 0) return filled > 0 ? filled : -1;
    const size = Math.min(most - filled, from.left, PAGE - (from.at % PAGE));
    zeroCopies.pin(id, address);
    kernel.bill.charge(MM, kernel.parts.profile.pagePin);
    sendBuffer.borrow(size, address, zeroCopies, id);
    filled += size;
  }
  return filled;
}
