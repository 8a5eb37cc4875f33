// What a program waits for on one connection: completions by events, as librdmacm's programs wait for them, and what
// connection management says of it. Both feed one signal, which others may raise as well.

import { Signal, type Thread, type Wait } from '../cpu/index.js';
import { EventChannel } from '../rdma/cm/index.js';
import {
  ackCqEvents,
  type CompletionQueue,
  type Context,
  createCompChannel,
  createCq,
  destroyCq,
  getCqEvent,
  pollCq,
  reqNotifyCq,
  type Wc,
} from '../rdma/index.js';
import { type Nanos, NEVER } from '../time/index.js';
import type { Computer } from './computer.js';

export interface ConnectionWatchOptions {
  readonly host: Computer;
  readonly thread: Thread;
  readonly context: Context;
  /** Entries of the completion queue, and how many are taken at a time. */
  readonly entries: number;
  readonly batch: number;
  completed(wc: Wc): void;
  /** Anything was said of the connection but that it is established. */
  hungUp(): void;
}

export class ConnectionWatch {
  /** Events of this connection's identifier. */
  readonly events = new EventChannel();
  readonly news = new Signal();
  readonly cq: CompletionQueue;
  readonly #channel = createCompChannel();
  readonly #options: ConnectionWatchOptions;
  readonly #wc: Wc[] = [];

  constructor(options: ConnectionWatchOptions) {
    this.#options = options;
    this.cq = createCq(options.context, options.entries, this.#channel);
    this.#channel.signal.feed(this.news);
    this.events.signal.feed(this.news);
  }

  /** Takes all completions. */
  *poll(): Generator<Wait, void, void> {
    const { host, thread, context, batch } = this.#options;
    const { pollNs, emptyPollNs } = host.cores.profile;
    for (;;) {
      const count = pollCq(context, this.cq, batch, this.#wc);
      yield thread.spend(count === 0 ? emptyPollNs : count * pollNs);
      if (count === 0) return;
      for (let i = 0; i < count; i++) this.#options.completed(this.#wc[i]!);
    }
  }

  /** Takes all events. */
  hear(): void {
    const { host, thread } = this.#options;
    for (;;) {
      const event = host.rdmaCm.event(thread.now, this.events);
      if (!event) return;
      if (event.type !== 'RDMA_CM_EVENT_ESTABLISHED') this.#options.hungUp();
    }
  }

  /** Waits for news, at most until then; comes back at once when a completion came since the last look. */
  *wait(end: Nanos = NEVER): Generator<Wait, void, void> {
    reqNotifyCq(this.cq);
    if (this.cq.peek() >= 0) return; // came between looking and asking to be told
    yield this.#options.thread.block(this.news, end);
    this.#acknowledge();
  }

  #acknowledge(): void {
    for (let cq = getCqEvent(this.#channel); cq; cq = getCqEvent(this.#channel)) ackCqEvents(cq, 1);
  }

  /** Nothing wakes the program any more. */
  silence(): void {
    this.#channel.signal.unfeed(this.news);
    this.events.signal.unfeed(this.news);
  }

  /** Gives the completion queue back; its queue pairs must have gone. */
  destroy(): void {
    this.#acknowledge();
    destroyCq(this.#options.context, this.cq);
  }
}
