// The target's TCP port on a stack of ours: takes connections, carries bytes between each and its session. Whoever drives
// the host calls `turn` after anything happened.

import {
  EVENT,
  type Listener,
  RingSink,
  RingSource,
  type TcpConnection,
  type TcpStack,
} from '../../../tcp/index.js';
import type { Nanos } from '../../../time/index.js';
import { type Port, TRANSPORTS } from '../port.js';
import type { NvmeTarget } from '../target.js';
import { TcpSession } from './session.js';

/** Of each direction of a connection. */
const RING = 1 << 20;
const PIECE = 1 << 16;

class Carried {
  readonly session: TcpSession;
  #chunk: Uint8Array | undefined;
  #sent = 0;

  constructor(
    readonly connection: TcpConnection,
    target: NvmeTarget,
    port: Port,
  ) {
    this.session = new TcpSession({ target, port });
  }

  /** Moves what can be moved; false when there was nothing. */
  turn(now: Nanos, scratch: Uint8Array): boolean {
    const { connection, session } = this;
    const { tcb } = connection;
    if (tcb.makeBuffers !== undefined) return false; // still being set up
    let moved = false;
    const sink = connection.sink as RingSink;
    for (let size = sink.read(scratch); size > 0; size = sink.read(scratch)) {
      session.receive(now, scratch, 0, size);
      connection.consumed(now);
      moved = true;
    }
    if (this.#send(now)) moved = true;
    const hungUp = (tcb.events & EVENT.ended) !== 0 || !tcb.facts.takesData;
    if (hungUp && !session.ended) session.lost(now, 'the host hung up');
    return moved;
  }

  #send(now: Nanos): boolean {
    const { connection, session } = this;
    if (!connection.tcb.facts.takesData || connection.tcb.closing) return false;
    const source = connection.source as RingSource;
    let wrote = 0;
    for (;;) {
      this.#chunk ??= session.take();
      if (!this.#chunk) break;
      const size = source.write(this.#chunk, this.#sent);
      this.#sent += size;
      wrote += size;
      if (this.#sent < this.#chunk.length) break;
      this.#chunk = undefined;
      this.#sent = 0;
    }
    if (wrote > 0) connection.push(now);
    return wrote > 0;
  }

  /** Nothing is left to be sent, and nothing more will come of it. */
  get over(): boolean {
    return this.session.ended && this.#chunk === undefined && !this.session.hasOutput;
  }
}

export class StackService {
  readonly #listener: Listener;
  readonly #target: NvmeTarget;
  readonly #port: Port;
  readonly #open = new Set<Carried>();
  readonly #scratch = new Uint8Array(PIECE);
  connections = 0;

  constructor(
    tcp: TcpStack,
    target: NvmeTarget,
    { address, port, portid = 1 }: { address: string; port: number; portid?: number },
  ) {
    const buffers = () => ({ source: new RingSource(RING), sink: new RingSink(RING) });
    this.#listener = tcp.listen({ port, receiveBytes: RING, buffers });
    this.#target = target;
    this.#port = { portid, transport: TRANSPORTS.tcp, address, service: String(port) };
  }

  get open(): number {
    return this.#open.size;
  }

  /** Does what there is to do; true when it did anything, so that the stack may have something to send. */
  turn(now: Nanos): boolean {
    let moved = false;
    for (let c = this.#listener.accept(); c; c = this.#listener.accept()) {
      this.#open.add(new Carried(c, this.#target, this.#port));
      this.connections++;
      moved = true;
    }
    for (const carried of this.#open) {
      if (carried.turn(now, this.#scratch)) moved = true;
      const isGone = !carried.connection.tcb.facts.takesData;
      if (!carried.session.ended || !(carried.over || isGone)) continue;
      if (!carried.connection.tcb.closing) carried.connection.close(now);
      this.#open.delete(carried);
      moved = true;
    }
    return moved;
  }
}
