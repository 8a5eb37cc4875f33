// A host's end of one NVMe/TCP queue, as Linux's driver has it: whoever submits sends itself when nobody else does; one
// thread of the queue's core receives (io_work), and copies data from the socket's pages to those that the command names.

import type { Thread, Wait } from '../../../cpu/index.js';
import { Signal } from '../../../cpu/index.js';
import { MSG_DONTWAIT, receiveInKernel, type Socket, sendInKernel } from '../../../kernel/index.js';
import { after, type Nanos, seconds } from '../../../time/index.js';
import { type Digests, LARGEST_HEADER, PDU, termination } from '../tcp/pdu.js';
import { Command } from './command.js';
import type { HostQueue, QueueOptions } from './host-queue.js';
import { type Outgoing, TcpHostPdus } from './tcp-pdus.js';

/** For ICResp. */
const PATIENCE = seconds(10);
const HEADER = LARGEST_HEADER + 8;

export class TcpHostQueue implements HostQueue {
  why = '';
  readonly qid: number;
  readonly commands: readonly Command[];
  readonly #options: QueueOptions;
  readonly #socket: Socket;
  readonly #pdus: TcpHostPdus;
  readonly #output: Outgoing[] = [];
  #isSending = false;
  /** What is being sent, and how much of it has gone. */
  #current: Outgoing | undefined;
  #gone = 0;
  /** For the queue's own thread. */
  readonly #work = new Signal();
  /** Where headers are copied to before they are read. */
  readonly #addr: bigint;
  readonly #bytes: Uint8Array;
  readonly #header: { readonly address: number; readonly length: number }[];
  #worker: Thread | undefined;
  #now: Nanos;
  #closed = false;

  constructor(thread: Thread, options: QueueOptions, digests: Digests, r2ts: number) {
    const { computer, qid, entries, inlineBytes } = options;
    this.#options = options;
    this.#now = thread.now;
    this.qid = qid;
    this.commands = Array.from({ length: entries }, (_, tag) => new Command(tag));
    // A command that was not delivered is sent again over the next connection: one that TCP still delivered over this one,
    // when the network is back, would undo what was written since (Linux: sock_no_linger in nvme_tcp_alloc_queue).
    this.#socket = computer.socket({ noDelay: true, noLinger: true });
    const { memory } = computer;
    this.#pdus = new TcpHostPdus(
      {
        memory,
        inlineBytes,
        isAdmin: qid === 0,
        send: (pdu) => this.#output.push(pdu),
        over: (command) => command.done(this.#now, command),
        ended: (why) => this.#fail(why),
      },
      digests,
      r2ts,
    );
    this.#addr = computer.space.allocate(HEADER, { contiguous: true, use: 'nvme headers' });
    this.#bytes = computer.space.bytes(this.#addr, HEADER);
    this.#header = [{ address: computer.space.translate(this.#addr), length: HEADER }];
  }

  *connect(thread: Thread): Generator<Wait, string, void> {
    const { computer, target, port, qid, core } = this.#options;
    const socket = this.#socket;
    if ((yield* socket.connect(thread, target, port)) < 0) {
      this.why = words[socket.errno] ?? socket.errno;
      return this.why;
    }
    socket.readable.feed(this.#work);
    socket.writable.feed(this.#work);
    this.#pdus.greet();
    const program = (worker: Thread) => this.#serve(worker);
    const { cores } = computer.cores;
    this.#worker = computer.spawn(`nvme-tcp queue ${qid}`, program, { core: core % cores.length });
    const end = after(thread.now, PATIENCE);
    const { news } = this.#options.owner;
    while (!this.#pdus.ready && this.why === '') {
      if (thread.now >= end) this.why = 'the target does not answer';
      else yield thread.block(news, end);
    }
    return this.why;
  }

  // hot
  *send(thread: Thread, command: Command, last: boolean): Generator<Wait, void, void> {
    if (this.#closed) return;
    yield thread.spend(this.#options.computer.cores.profile.postNs);
    if (this.#closed) return;
    this.#pdus.submit(command);
    if (last) yield* this.#drain(thread);
  }

  *commit(thread: Thread): Generator<Wait, void, void> {
    yield* this.#drain(thread);
  }

  /**
   * Sends what there is, unless somebody is at it, who then sends this too. The queue's own thread does not wait for room:
   * who must receive before the target does would wait for ever.
   */
  // hot
  *#drain(thread: Thread, flags = 0): Generator<Wait, void, void> {
    if (this.#isSending) return;
    this.#isSending = true;
    const socket = this.#socket;
    try {
      while (this.#take()) {
        const { head, runs, tail } = this.#current!;
        const sent = yield* sendInKernel(socket, thread, head, runs, tail, flags, this.#gone);
        if (sent < 0) {
          if (socket.errno === 'EAGAIN') return;
          this.#now = thread.now;
          return this.#fail(words[socket.errno] ?? 'the connection ended');
        }
        this.#gone += sent;
      }
    } finally {
      this.#isSending = false;
    }
  }

  /** Goes on to what is to be sent next, when all of the one before has gone; false when there is nothing. */
  #take(): boolean {
    if (this.#current && this.#gone < lengthOf(this.#current)) return true;
    this.#current = this.#output.shift();
    this.#gone = 0;
    return this.#current !== undefined;
  }

  /** io_work: receives, and sends what is asked for. */
  *#serve(thread: Thread): Generator<Wait, void, void> {
    yield* this.#drain(thread);
    const socket = this.#socket;
    while (!this.#closed && this.why === '') {
      const got = yield* this.#receive(thread);
      yield* this.#drain(thread, MSG_DONTWAIT);
      if (got || this.#closed || this.why !== '') continue;
      const { ended, connection } = socket;
      if (ended || connection?.error !== undefined) {
        this.#now = thread.now;
        this.#fail('the target hung up');
        continue;
      }
      const waitsForRoom = this.#current !== undefined && !this.#isSending;
      if (waitsForRoom) socket.writers.enter();
      yield socket.fallAsleep(thread, 'readers');
      yield thread.block(this.#work);
      socket.readers.leave();
      if (waitsForRoom) socket.writers.leave();
    }
  }

  /** Takes what has come up to the end of a header or of data; false when there was nothing. */
  // hot
  *#receive(thread: Thread): Generator<Wait, boolean, void> {
    const { reader, target } = this.#pdus;
    const { needs } = reader;
    const socket = this.#socket;
    let fatal: ReturnType<typeof reader.push>;
    if (reader.dataIsElsewhere) {
      const { command, at } = target;
      const { segments } = command!;
      const size = yield* receiveInKernel(socket, thread, segments, at, needs);
      if (size === 0) return false;
      if (this.#closed) return true;
      this.#now = thread.now;
      target.at += size;
      fatal = reader.placed(size);
    } else {
      const most = Math.min(needs, HEADER);
      const size = yield* receiveInKernel(socket, thread, this.#header, 0, most);
      if (size === 0) return false;
      if (this.#closed) return true;
      this.#now = thread.now;
      fatal = reader.push(this.#bytes, 0, size);
      if (this.#pdus.ready) this.#tellReady();
    }
    if (fatal) {
      const head = termination(PDU.h2cTermReq, fatal, reader.headerBytes);
      this.#output.push({ head, runs: [], tail: new Uint8Array(0) });
      yield* this.#drain(thread);
      this.#fail(`terminated: ${fatal.fes}, ${fatal.fei}`);
    }
    return true;
  }

  #isTold = false;
  #tellReady(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#options.owner.news.raise(this.#now);
  }

  #fail(why: string): void {
    if (this.why !== '' || this.#closed) return;
    this.why = why;
    this.#options.owner.failed(this.#now, this);
  }

  /** What is said of the connection, the socket hears. */
  hear(): void {}

  *close(thread: Thread): Generator<Wait, void, void> {
    if (this.#closed) return;
    this.#closed = true;
    this.why ||= 'closed';
    const { computer } = this.#options;
    this.#socket.readable.unfeed(this.#work);
    this.#socket.writable.unfeed(this.#work);
    for (const command of this.#pdus.open) command.ending = 'lost';
    if (this.#worker && !this.#worker.ended) computer.cores.kill(thread.now, this.#worker);
    yield* this.#socket.close(thread);
    computer.space.unmap(this.#addr, HEADER);
  }
}

const lengthOf = ({ head, runs, tail }: Outgoing): number =>
  runs.reduce((sum, { length }) => sum + length, head.length + tail.length);

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the target refuses the connection',
  ETIMEDOUT: 'the target does not answer',
  EHOSTUNREACH: 'nobody answers at this address',
  ENETUNREACH: 'nobody answers at this address',
  EPIPE: 'the target hung up',
  ECONNRESET: 'the target hung up',
};
