// The sending calls: what the user has is copied into pages of the kernel's, or borrowed where it lies, and TCP is told,
// piece by piece, so that the first segments are under way while the last bytes are still being copied.

import type { Thread, Wait } from '../cpu/index.js';
import { copyMachine, folded } from '../memory/index.js';
import { DATA_COPY, ETC, MM } from './category.js';
import type { Piece, Socket } from './socket.js';
import { has, MSG_DONTWAIT, MSG_MORE, MSG_ZEROCOPY } from './socket-error.js';
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
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (!has(flags, MSG_ZEROCOPY)) {
    const fill: Filler = (now, done, most) => copyIn(socket, thread, now, pieces, done, most);
    return yield* push(socket, thread, length, flags, fill);
  }
  const id = socket.zeroCopies.begin();
  if (id < 0) return socket.fail('ENOBUFS');
  const fill: Filler = (_now, done, most) => pinIn(socket, thread, pieces, done, most, id);
  const sent = yield* push(socket, thread, length, flags, fill);
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
      yield* tell(socket, thread, sendBuffer.written);
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
    yield* tell(socket, thread, ends ? sendBuffer.written : Math.max(sendBuffer.end, whole));
  }
  kernel.follow(socket.hash, thread.core);
  return done;
}

/** TCP may send everything below `place`. */
function* tell(socket: Socket, thread: Thread, place: number): Generator<Wait, void, void> {
  const { kernel, connection, sendBuffer } = socket;
  sendBuffer.end = place;
  kernel.enter(thread.now, thread.core);
  if (connection!.push(thread.now)) yield* kernel.flush(thread);
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

/** The piece in which byte `done` of the message lies: its address, and how many bytes from there. */
const spot = { at: 0, left: 0 };
function locate(pieces: readonly Piece[], done: number): void {
  let skip = done;
  for (const { address, length } of pieces) {
    if (skip < length) {
      spot.at = folded(address) + skip;
      spot.left = length - skip;
      return;
    }
    skip -= length;
  }
  spot.left = 0;
}

// hot
function copyIn(
  socket: Socket,
  thread: Thread,
  now: Thread['now'],
  pieces: readonly Piece[],
  done: number,
  most: number,
): number {
  const { kernel, sendBuffer } = socket;
  const { profile } = kernel.parts;
  let filled = 0;
  while (filled < most) {
    locate(pieces, done + filled);
    const address = sendBuffer.reserve(Math.min(most - filled, spot.left));
    if (address < 0) return filled > 0 ? filled : -1;
    const { room } = sendBuffer;
    const copier = kernel.copying.at(thread.actor, profile.copyIn);
    copyMachine(now, copier, kernel.space(thread), spot.at, address, room, 'kernel', socket.hash);
    kernel.bill.charge(DATA_COPY, profile.copyIn * room);
    kernel.copying.chargeFar();
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
  pieces: readonly Piece[],
  done: number,
  most: number,
  id: number,
): number {
  const { kernel, sendBuffer, zeroCopies } = socket;
  let filled = 0;
  while (filled < most) {
    locate(pieces, done + filled);
    const address = kernel.space(thread).translateFolded(spot.at);
    if (address < 0) return filled > 0 ? filled : -1;
    const size = Math.min(most - filled, spot.left, PAGE - (spot.at % PAGE));
    zeroCopies.pin(id, address);
    kernel.bill.charge(MM, kernel.parts.profile.pagePin);
    sendBuffer.borrow(size, address, zeroCopies, id);
    filled += size;
  }
  return filled;
}
