// Two hosts with TCP and a link between them, in virtual time: streams both ways, and what becomes of them.

import { parseMac } from '../../protocols/index.js';
import { type Chances, chances } from '../../src/fabric/index.js';
import { HostStack, type HostStackOptions, parseIp } from '../../src/stack/index.js';
import {
  type ConnectOptions,
  EVENT,
  type ListenOptions,
  type RingSink,
  type RingSource,
  type TcpConnection,
  TcpStack,
  type TcpStackOptions,
} from '../../src/tcp/index.js';
import type { Nanos } from '../../src/time/index.js';
import { Simulation } from '../../src/world/sim.js';

export class TcpHost {
  readonly stack: HostStack;
  readonly tcp: TcpStack;

  constructor(
    readonly sim: Simulation,
    readonly index: number,
    stack: Partial<HostStackOptions> = {},
    tcp: TcpStackOptions = {},
  ) {
    const mac = parseMac(`52:54:00:00:00:0${index + 1}`);
    const addresses = [`10.0.0.${index + 1}/24`, `fd00::${index + 1}/64`];
    const random = sim.random.fork(`host ${index}`);
    this.stack = new HostStack(`h${index}`, sim.pool, { mac, addresses, random, ...stack });
    this.tcp = new TcpStack(this.stack, { random: random.fork('tcp'), ...tcp });
    this.stack.attach(this.tcp);
    sim.add(this.stack);
  }

  /** Does something with TCP and lets the world know. */
  act<T>(what: () => T): T {
    const result = what();
    this.sim.settle(this.stack);
    return result;
  }
}

/** How a reader behaves; at once and everything unless given. */
export interface Appetite {
  /** Most bytes at a time. */
  most(): number;
  /** How long it does nothing after that. */
  pause(): number;
}
const eager: Appetite = { most: () => Number.POSITIVE_INFINITY, pause: () => 0 };

/** One end of a connection that writes a stream, then closes its side, and keeps what it reads. */
export class End {
  readonly received: Uint8Array[] = [];
  receivedBytes = 0;
  written = 0;
  /** All that was told. */
  events = 0;
  #idleUntil = 0;

  constructor(
    readonly host: TcpHost,
    readonly connection: TcpConnection,
    readonly stream: Uint8Array,
    readonly appetite = eager,
  ) {
    connection.tcb.events |= EVENT.writable;
  }

  /** The peer's side is closed, and everything was read. */
  get ended(): boolean {
    return (this.events & EVENT.ended) !== 0 && (this.connection.sink as RingSink).ready === 0;
  }

  get closed(): boolean {
    return this.connection.state === 'CLOSED';
  }

  /** Writes and reads as far as it goes. */
  turn(now: Nanos): void {
    const { connection } = this;
    const { tcb } = connection;
    if (tcb.makeBuffers !== undefined) return;
    const sink = connection.sink as RingSink;
    const hungry = sink.ready > 0 && now >= this.#idleUntil;
    if (tcb.events === 0 && !hungry) return;
    this.events |= connection.takeEvents();
    this.#write(now);
    if (hungry) this.#read(now, sink);
    this.host.sim.settle(this.host.stack);
  }

  #write(now: Nanos): void {
    const { connection, stream } = this;
    const { tcb } = connection;
    if (!tcb.facts.takesData || tcb.closing) return;
    const wrote = (connection.source as RingSource).write(stream, this.written);
    this.written += wrote;
    if (wrote > 0) connection.push(now);
    if (this.written === stream.length && tcb.facts.synchronized) connection.shutdown(now);
  }

  #read(now: Nanos, sink: RingSink): void {
    while (sink.ready > 0 && now >= this.#idleUntil) {
      const bytes = new Uint8Array(Math.max(1, Math.min(sink.ready, this.appetite.most())));
      sink.read(bytes);
      this.received.push(bytes);
      this.receivedBytes += bytes.length;
      this.connection.consumed(now);
      const pause = this.appetite.pause();
      if (pause <= 0) continue;
      this.#idleUntil = now + pause;
      this.host.sim.at(this.#idleUntil as Nanos, () => {});
    }
  }

  get bytes(): Uint8Array {
    const all = new Uint8Array(this.receivedBytes);
    let at = 0;
    for (const part of this.received) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}

export interface PairOptions {
  readonly seed?: number;
  readonly bitsPerSecond?: number;
  readonly delay?: number;
  readonly v6?: boolean;
  readonly client?: Partial<ConnectOptions>;
  readonly server?: Partial<ListenOptions>;
  readonly slotBytes?: number;
  readonly mtus?: readonly [number, number];
  /** Put into both hosts' directions. */
  readonly chances?: Chances;
}

export class TcpPair {
  readonly sim: Simulation;
  readonly hosts: readonly [TcpHost, TcpHost];

  constructor(readonly options: PairOptions = {}) {
    const { seed = 1, bitsPerSecond = 1e9, delay = 10_000, slotBytes } = options;
    const mtus = options.mtus ?? [1500, 1500];
    this.sim = new Simulation({ seed, ...(slotBytes ? { slotBytes } : {}) });
    this.hosts = [
      new TcpHost(this.sim, 0, { mtu: mtus[0] }),
      new TcpHost(this.sim, 1, { mtu: mtus[1] }),
    ];
    const [a, b] = this.hosts;
    this.sim.connect(a.stack, 0, b.stack, 0, { rate: bitsPerSecond, metres: delay / 5 });
    if (!options.chances) return;
    for (const { stack } of this.hosts) {
      this.sim.impair(
        stack,
        0,
        chances(options.chances, this.sim.random.fork(`link ${stack.name}`)),
      );
    }
  }

  address(index: number): Uint8Array {
    return parseIp(this.options.v6 ? `fd00::${index + 1}` : `10.0.0.${index + 1}`);
  }

  /** Listens on the second host, connects from the first. */
  open(port = 7): { client: TcpConnection; accept: () => TcpConnection | undefined } {
    const [a, b] = this.hosts;
    const listener = b.act(() => b.tcp.listen({ port, ...this.options.server }));
    const client = a.act(() =>
      a.tcp.connect(this.sim.now, { remote: this.address(1), port, ...this.options.client }),
    );
    return { client, accept: () => listener.accept() };
  }
}
