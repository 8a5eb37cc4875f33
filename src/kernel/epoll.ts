// epoll(7): waits for any of several sockets. Level-triggered: a socket is told as long as it is ready; edge-triggered
// (EPOLLET): when there was news since it was told last, so that who does not read to the end waits for more to come.

import { Signal, type Thread, type Wait } from '../cpu/index.js';
import { type Nanos, NEVER } from '../time/index.js';
import { ETC, SCHED } from './category.js';
import type { Kernel } from './kernel.js';
import type { Socket } from './socket.js';

export interface Readiness {
  readonly socket: Socket;
  readonly readable: boolean;
  readonly writable: boolean;
}

interface Interest {
  readonly socket: Socket;
  readonly read: boolean;
  readonly write: boolean;
  readonly edge: boolean;
  /** How often each was signalled when it was told last; -1 before. */
  readSeen: number;
  writeSeen: number;
}

export class Epoll {
  readonly #kernel: Kernel;
  readonly #signal = new Signal();
  readonly #interests: Interest[] = [];

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** epoll_ctl(2), EPOLL_CTL_ADD; with EPOLLET where `edge`. */
  *add(
    thread: Thread,
    socket: Socket,
    want: 'read' | 'write' | 'both',
    edge = false,
  ): Generator<Wait, void, void> {
    yield this.#kernel.call(thread);
    const [read, write] = [want !== 'write', want !== 'read'];
    this.#interests.push({ socket, read, write, edge, readSeen: -1, writeSeen: -1 });
    if (read) socket.readable.feed(this.#signal);
    if (!write) return;
    socket.writable.feed(this.#signal);
    socket.watchers++;
  }

  *remove(thread: Thread, socket: Socket): Generator<Wait, void, void> {
    yield this.#kernel.call(thread);
    const i = this.#interests.findIndex((one) => one.socket === socket);
    if (i < 0) return;
    if (this.#interests[i]!.write) socket.watchers--;
    this.#interests.splice(i, 1);
    socket.readable.unfeed(this.#signal);
    socket.writable.unfeed(this.#signal);
  }

  /** epoll_wait(2): those that are ready, at least one unless `until` passes. */
  *wait(thread: Thread, until: Nanos = NEVER): Generator<Wait, Readiness[], void> {
    const kernel = this.#kernel;
    const { profile } = kernel.parts;
    yield kernel.call(thread);
    for (;;) {
      const ready: Readiness[] = [];
      for (const interest of this.#interests) {
        const one = readinessOf(interest);
        if (one.readable || one.writable) ready.push(one);
      }
      kernel.enter(thread.now, thread.core);
      if (ready.length > 0 || thread.now >= until) {
        kernel.bill.charge(ETC, profile.epollEvent * ready.length);
        yield kernel.spend(thread);
        return ready;
      }
      kernel.bill.charge(SCHED, profile.blockThread);
      for (const { socket, read, write } of this.#interests) {
        if (read) socket.readers.enter();
        if (write) socket.writers.enter();
      }
      yield kernel.spend(thread);
      yield thread.block(this.#signal, until);
      for (const { socket, read, write } of this.#interests) {
        if (read) socket.readers.leave();
        if (write) socket.writers.leave();
      }
    }
  }
}

/** What is told of one now; an edge is told once. */
function readinessOf(interest: Interest): Readiness {
  const { socket, read, write, edge } = interest;
  const { readable, writable } = socket;
  const one = {
    socket,
    readable: read && socket.isReadable && !(edge && readable.raised === interest.readSeen),
    writable: write && socket.isWritable && !(edge && writable.raised === interest.writeSeen),
  };
  if (one.readable) interest.readSeen = readable.raised;
  if (one.writable) interest.writeSeen = writable.raised;
  return one;
}
