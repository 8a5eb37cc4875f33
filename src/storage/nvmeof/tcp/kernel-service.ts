// The target over a kernel's sockets, as programs of a computer: one listens and keeps time for keep-alive, one serves each
// connection, which is one queue (nvmet-tcp's io_work). What comes is copied from the socket's pages once; data that
// goes is sent from the pages where the volume put it.

import { type Program, Signal, type Thread, type Wait } from '../../../cpu/index.js';
import type { Computer } from '../../../host/index.js';
import {
  MSG_DONTWAIT,
  type Run,
  receiveInKernel,
  type Socket,
  sendInKernel,
} from '../../../kernel/index.js';
import { type Port, TRANSPORTS } from '../port.js';
import type { NvmeTarget } from '../target.js';
import { TcpSession } from './session.js';

export const NVME_TCP_PORT = 4420;
/** What is taken from a socket at once. */
const PIECE = 1 << 16;

export interface TcpServerOptions {
  readonly target: NvmeTarget;
  /** As discovery tells it. */
  readonly address: string;
  readonly port?: number;
  readonly portid?: number;
}

/** What has been served so far. */
export interface TcpServed {
  connections: number;
  open: number;
}

export const newTcpServed = (): TcpServed => ({ connections: 0, open: 0 });

/** The program that listens. `served` is written as things happen. */
export const tcpServer = (
  computer: Computer,
  options: TcpServerOptions,
  served: TcpServed,
): Program =>
  function* listen(thread) {
    const { target, address, port: service = NVME_TCP_PORT, portid = 2 } = options;
    const port: Port = { portid, transport: TRANSPORTS.tcp, address, service: String(service) };
    const socket = computer.socket({ noDelay: true });
    yield* socket.bind(thread, service);
    if ((yield* socket.listen(thread)) < 0) throw new Error(`NVMe/TCP: ${socket.errno}`);
    const news = new Signal();
    socket.readable.feed(news);
    socket.nonBlocking = true;
    const before = target.onDeadline;
    target.onDeadline = (now) => {
      before(now);
      news.raise(now);
    };
    try {
      for (;;) {
        const accepted = yield* socket.accept(thread);
        if (accepted) {
          served.connections++;
          const program = serve(computer, accepted, target, port, served);
          computer.spawn(`nvmet-tcp ${served.connections}`, program);
          continue;
        }
        if (target.wakeAt() <= thread.now) target.expire(thread.now);
        yield thread.block(news, target.wakeAt());
      }
    } finally {
      target.onDeadline = before;
      const { listener } = socket;
      if (listener) computer.kernel!.tcp.unlisten(thread.now, listener);
    }
  };

const serve = (
  computer: Computer,
  socket: Socket,
  target: NvmeTarget,
  port: Port,
  served: TcpServed,
): Program =>
  function* queue(thread) {
    const news = new Signal();
    const session = new TcpSession({ target, port, wake: () => news.raise(computer.now) });
    socket.readable.feed(news);
    socket.writable.feed(news);
    const address = computer.space.allocate(PIECE, { contiguous: true, use: 'nvmet receive' });
    const bytes = computer.space.bytes(address, PIECE);
    const runs = [{ address: computer.space.translate(address), length: PIECE }];
    served.open++;
    let isOver = false;
    try {
      yield* carry(thread, socket, session, news, runs, bytes);
      isOver = true;
    } finally {
      served.open--;
      if (!session.ended) session.lost(thread.now, 'the host hung up');
      computer.space.unmap(address, PIECE);
      if (!isOver) socket.connection?.abort(thread.now); // the thread was ended
    }
    yield* socket.close(thread);
  };

/** Until the connection ends. It does not wait for room: a host that itself waits for some is to be heard meanwhile. */
function* carry(
  thread: Thread,
  socket: Socket,
  session: TcpSession,
  news: Signal,
  runs: readonly Run[],
  bytes: Uint8Array,
): Generator<Wait, void, void> {
  let out: Uint8Array | undefined;
  let gone = 0;
  for (;;) {
    const size = yield* receiveInKernel(socket, thread, runs, 0, PIECE);
    if (size > 0) session.receive(thread.now, bytes, 0, size);
    let hasSent = false;
    for (out ??= session.take(); out; out = session.take()) {
      while (gone < out.length) {
        const sent = yield* sendInKernel(socket, thread, out, [], NOTHING, MSG_DONTWAIT, gone);
        if (sent < 0) break;
        hasSent = true;
        gone += sent;
      }
      if (gone < out.length) break;
      gone = 0;
    }
    if (out && socket.errno !== 'EAGAIN') return;
    if (session.ended && !out) return;
    if (size > 0 || hasSent) continue;
    const { ended, connection } = socket;
    if (ended || connection?.error !== undefined) return;
    if (out) socket.writers.enter();
    yield socket.fallAsleep(thread, 'readers');
    yield thread.block(news);
    socket.readers.leave();
    if (out) socket.writers.leave();
  }
}
const NOTHING = new Uint8Array(0);
