// Sockets as the kernel's own users have them, such as nvme-tcp: no system calls, pages sent from where they lie
// (MSG_SPLICE_PAGES), and what has come copied straight to the pages where it belongs (tcp_read_sock).

import type { Thread, Wait } from '../cpu/index.js';
import { copyPhysical } from '../memory/index.js';
import { LOCK } from './category.js';
import type { Keeper } from './page-pool.js';
import type { Socket } from './socket.js';
import { giveBack } from './socket-receive.js';
import { type Filler, push } from './socket-send.js';

/** A run of physical memory. */
export interface Run {
  readonly address: number;
  readonly length: number;
}

/** Pages that their owner keeps for as long as they may be sent again. */
const owners: Keeper = { hold: () => {}, release: () => {} };
const NO_RUNS: readonly Run[] = [];
const NOTHING = new Uint8Array(0);

/**
 * Sends bytes that are made here (headers), runs of memory as they lie, and more made bytes (digests), in this order, but
 * for the first `gone`; waits for room, unless MSG_DONTWAIT. How many went, or -1.
 */
export function* sendInKernel(
  socket: Socket,
  thread: Thread,
  head: Uint8Array,
  runs: readonly Run[] = NO_RUNS,
  tail: Uint8Array = NOTHING,
  flags = 0,
  gone = 0,
): Generator<Wait, number, void> {
  const { kernel } = socket;
  kernel.enter(thread.now, thread.core);
  kernel.bill.charge(LOCK, kernel.parts.profile.socketLock);
  let data = 0;
  for (let i = 0; i < runs.length; i++) data += runs[i]!.length;
  const fill: Filler = (_now, filled, most) => {
    const done = gone + filled;
    if (done < head.length) return build(socket, head, done, Math.min(most, head.length - done));
    const at = done - head.length;
    if (at < data) return borrow(socket, runs, at, Math.min(most, data - at));
    return build(socket, tail, at - data, Math.min(most, tail.length - at + data));
  };
  const length = head.length + data + tail.length - gone;
  return yield* push(socket, thread, length, flags, fill);
}

/** Headers are written where the card reads them, which is building and not copying. */
function build({ sendBuffer, kernel }: Socket, from: Uint8Array, at: number, most: number): number {
  let done = 0;
  while (done < most) {
    const address = sendBuffer.reserve(most - done);
    if (address < 0) return done > 0 ? done : -1;
    const { room } = sendBuffer;
    const { memory } = kernel;
    const into = memory.locate(address);
    if (room > LONG) into.set(from.subarray(at + done, at + done + room), memory.at);
    else for (let i = 0; i < room; i++) into[memory.at + i] = from[at + done + i]!;
    sendBuffer.commit(room);
    done += room;
  }
  return done;
}

/** From this on a view is cheaper than moving byte by byte. */
const LONG = 128;

function borrow({ sendBuffer }: Socket, runs: readonly Run[], at: number, most: number): number {
  let skip = at;
  let done = 0;
  for (let i = 0; i < runs.length && done < most; i++) {
    const { address, length } = runs[i]!;
    if (skip >= length) {
      skip -= length;
      continue;
    }
    const size = Math.min(length - skip, most - done);
    sendBuffer.borrow(size, address + skip, owners, 0);
    skip = 0;
    done += size;
  }
  return done;
}

/** Copies what has come, at most `length` bytes, to byte `at` of the runs; how many: 0 when nothing is there. */
export function* receiveInKernel(
  socket: Socket,
  thread: Thread,
  runs: readonly Run[],
  at: number,
  length: number,
): Generator<Wait, number, void> {
  const { kernel, receiveBuffer, connection } = socket;
  if (socket.closed || !connection) return 0;
  const ready = Math.min(receiveBuffer.ready, length);
  if (ready === 0) return 0;
  kernel.follow(socket.hash, thread.core);
  kernel.enter(thread.now, thread.core);
  copyOut(socket, thread, runs, at, ready);
  giveBack(socket, thread, ready);
  yield kernel.spend(thread);
  kernel.enter(thread.now, thread.core);
  connection.consumed(thread.now);
  if (kernel.sendNext(thread.now, thread.core)) yield* kernel.goOn(thread);
  return ready;
}

// hot
function copyOut(
  socket: Socket,
  thread: Thread,
  runs: readonly Run[],
  at: number,
  length: number,
): void {
  const { kernel, receiveBuffer } = socket;
  const { fragments, taken: place } = receiveBuffer;
  const remote = kernel.readsRemotely(socket, thread.core);
  let run = 0;
  let skip = at;
  while (skip >= runs[run]!.length) skip -= runs[run++]!.length;
  let copied = 0;
  for (let i = fragments.find(place); copied < length; ) {
    const from = fragments.address(i) + place + copied - fragments.start(i);
    const there = fragments.end(i) - place - copied;
    const size = Math.min(length - copied, there, runs[run]!.length - skip);
    const copier = kernel.copying.out(thread.actor, kernel, fragments.stamp(i), remote);
    const target = runs[run]!.address + skip;
    copyPhysical(thread.now, copier, kernel.memory, from, target, size, socket.hash);
    kernel.copying.charge(size);
    copied += size;
    skip += size;
    if (skip === runs[run]!.length) {
      run++;
      skip = 0;
    }
    if (place + copied === fragments.end(i)) i++;
    if (copied < length && !fragments.holds(i, place + copied)) i = fragments.find(place + copied);
  }
}
