// Our end of TCP with a guest: services on ports of our host's stack, each connection a task that sends, hashes what
// comes, or ends badly on purpose.

import { createHash } from 'node:crypto';
import {
  EVENT,
  RingSink,
  RingSource,
  type TcpConnection,
  type TcpError,
  TcpStack,
} from '../../src/tcp/index.js';
import { type Nanos, Random } from '../../src/time/index.js';
import type { LiveHost } from './host.js';

const RING = 1 << 20;

/**
 * Sends `text` and hashes what comes, both at once, or `text` only after the peer has ended its side (half-close); ends its
 * own when all is sent and the peer has ended.
 */
export class Task {
  received = 0;
  urgent = false;
  /** Why the connection ended, when it did not by both sides' wish. */
  error: TcpError | undefined;
  ended = false;
  readonly #hash = createHash('sha256');
  #written = 0;
  readonly #bytes = new Uint8Array(RING);

  constructor(
    readonly connection: TcpConnection,
    readonly text: Uint8Array = new Uint8Array(0),
    readonly late = false,
  ) {}

  /** SHA-256 of what came; to be asked once. */
  sum(): string {
    return this.#hash.digest('hex');
  }

  /** Goes as far as it can; false when it could not. */
  turn(now: Nanos): boolean {
    const { connection } = this;
    const { tcb } = connection;
    if (tcb.makeBuffers !== undefined) return false;
    this.error ??= connection.error;
    const count = (connection.sink as RingSink).read(this.#bytes);
    if (count > 0) {
      this.#hash.update(this.#bytes.subarray(0, count));
      this.received += count;
      connection.consumed(now);
    }
    const events = connection.takeEvents();
    this.ended ||= (events & EVENT.ended) !== 0;
    this.urgent ||= (events & EVENT.urgent) !== 0;
    if (!tcb.facts.takesData || tcb.closing || (this.late && !this.ended)) return count > 0;
    const wrote = (connection.source as RingSource).write(this.text, this.#written);
    this.#written += wrote;
    if (wrote > 0) connection.push(now);
    if (this.#written === this.text.length && this.ended) connection.shutdown(now);
    return count > 0 || wrote > 0;
  }
}

export const buffers = () => ({ source: new RingSource(RING), sink: new RingSink(RING) });

/** What is done with a connection that a port has accepted; it may give a task to go on with. */
export type Service = (now: Nanos, connection: TcpConnection, tcp: TcpStack) => Task | undefined;

/** Our services on a host's stack; tasks in the order in which they began. */
export function serve(
  host: LiveHost,
  services: Readonly<Record<number, Service>>,
): { tcp: TcpStack; tasks: Task[] } {
  const tcp = new TcpStack(host.stack, { random: new Random(5) });
  host.stack.attach(tcp);
  const tasks: Task[] = [];
  const ports = Object.entries(services).map(([port, service]) => ({
    listener: tcp.listen({ port: Number(port), receiveBytes: RING, buffers }),
    service,
  }));
  const accept = (now: Nanos): boolean => {
    let some = false;
    for (const { listener, service } of ports) {
      const connection = listener.accept();
      if (!connection) continue;
      some = true;
      const task = service(now, connection, tcp);
      if (task) tasks.push(task);
    }
    return some;
  };
  let turning = false;
  host.world.onSettled = (now) => {
    if (turning) return;
    let moved = accept(now);
    for (const task of tasks) if (task.turn(now)) moved = true;
    if (!moved && !tcp.hasWork()) return;
    turning = true;
    setImmediate(() => {
      turning = false;
      host.world.settle();
    });
  };
  return { tcp, tasks };
}
