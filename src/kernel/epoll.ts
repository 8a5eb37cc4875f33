// epoll(7): waits for any of several sockets. Level-triggered: a socket is told as long as it is ready.

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
}

export class Epoll {
  readonly #kernel: Kernel;
  readonly #signal = new Signal();
  readonly #interests: Interest[] = [];

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** epoll_ctl(2), EPOLL_CTL_ADD. */
  *add(
    thread: Thread,
    socket: Socket,
    want: 'read' | 'write' | 'both',
  ): Generator<Wait, void, void> {
    yield this.#kernel.call(thread);
    this.#interests.push({ socket, read: want !== 'write', write: want !== 'read' });
    if (want !== 'write') socket.readable.feed(this.#signal);
    if (want !== 'read') socket.writable.feed(this.#signal);
  }

  *remove(thread: Thread, socket: Socket): Generator<Wait, void, void> {
    yield this.#kernel.call(thread);
    const i = this.#interests.findIndex((one) => one.socket === socket);
    if (i < 0) return;
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
      const ready = this.#interests.map(readinessOf).filter((r) => r.readable || r.writable);
      kernel.enter(thread.now, thread.core);
      if (ready.length > 0 || thread.now >= until) {
        kernel.bill.charge(ETC, profile.epollEvent * ready.length);
        yield kernel.spend(thread);
        return ready;
      }
      kernel.bill.charge(SCHED, profile.blockThread);
      for (const { socket } of this.#interests) socket.readers.enter();
      yield kernel.spend(thread);
      yield thread.block(this.#signal, until);
      for (const { socket } of this.#interests) socket.readers.leave();
    }
  }
}

function readinessOf({ socket, read, write }: Interest): Readiness {
  return {
    socket,
    readable: read && socket.isReadable,
    writable: write && socket.isWritable,
  };
}
