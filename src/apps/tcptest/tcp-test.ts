// A TCP test between two hosts: starts a thread on each side for each connection, lets them run, and says what came out.

import type { Thread } from '../../cpu/index.js';
import type { Computer } from '../../host/index.js';
import type { Socket } from '../../kernel/index.js';
import type { Nanos } from '../../time/index.js';
import {
  type Bandwidth,
  bandwidthOf,
  type Latency,
  latencyOf,
  type Phase,
  type Tally,
  tallyBetween,
  tallyOf,
} from '../perftest/index.js';
import { type CpuSample, type CpuUse, cpuBetween, cpuSample } from './cpu-use.js';
import { type TcpTestOptions, type TcpTestParameters, tcpTestParameters } from './parameters.js';
import { answers, asks, type Course, receives, sends } from './programs.js';

type Side = 'client' | 'server';
const PORT = 5201;

export interface TcpTestResult {
  readonly parameters: TcpTestParameters;
  readonly client: string;
  readonly server: string;
  readonly failure: string;
  readonly completed: number;
  readonly messages: number;
  readonly startNs: number;
  readonly endNs: number;
  readonly bandwidth: Bandwidth | undefined;
  readonly latency: Latency | undefined;
  /** Of tcp_rr. */
  readonly transactionsPerSecond: number | undefined;
  /** What each side did from the end of the warm-up to the last message. */
  readonly counts: Readonly<Record<Side, Tally>>;
  readonly cpu: Readonly<Record<Side, CpuUse>>;
}

interface Sample {
  readonly tally: Tally;
  readonly cpu: CpuSample;
}

export class TcpTest implements Course {
  readonly parameters: TcpTestParameters;
  failure = '';
  phase: Phase | null = null;
  readonly #hosts: Readonly<Record<Side, Computer>>;
  readonly #address: Uint8Array;
  /** Of messages that count, in order. */
  readonly #begun: number[] = [];
  readonly #completed: number[] = [];
  #warming: number;
  #toBegin: number;
  #before: Readonly<Record<Side, Sample>> | undefined;
  #after: Readonly<Record<Side, Sample>> | undefined;

  /** @param address of the server, which listens on `port` */
  constructor(
    client: Computer,
    server: Computer,
    address: Uint8Array,
    options: TcpTestOptions,
    readonly port = PORT,
  ) {
    if (client === server)
      throw new RangeError(`${client.name}: a test is between two hosts, not one and itself`);
    this.parameters = tcpTestParameters(options);
    this.#hosts = { client, server };
    this.#address = address;
    const { warmUp } = this.parameters;
    this.#warming = warmUp * this.#flows;
    this.#toBegin = this.#warming;
  }

  /** Streams of messages. */
  get #flows(): number {
    const { connections, bidirectional, metric } = this.parameters;
    return metric === 'bw' && bidirectional ? 2 * connections : connections;
  }

  get #messages(): number {
    return this.#flows * this.parameters.iters;
  }

  get completed(): number {
    return this.#completed.length;
  }

  get ended(): boolean {
    return this.failure !== '' || this.completed === this.#messages;
  }

  /** Starts both programs; the driver must be told that the hosts have changed. */
  start(): void {
    const { connections, test } = this.parameters;
    const { client, server } = this.#hosts;
    server.spawn(`${test} server`, (thread) => this.#serve(thread), { core: 0 });
    for (let i = 0; i < connections; i++) {
      const core = this.#coreOf('client', i);
      client.spawn(`${test} client ${i}`, (thread) => this.#connect(thread), { core });
    }
  }

  #coreOf(side: Side, i: number): number {
    const { clientCores, serverCores } = this.parameters;
    const { cores } = this.#hosts[side].cores;
    return i % Math.min(side === 'client' ? clientCores : serverCores, cores.length);
  }

  #socket(host: Computer): Socket {
    const { metric, socketBytes } = this.parameters;
    return host.socket({
      noDelay: metric === 'lat',
      ...(socketBytes !== undefined && { sendBytes: socketBytes, receiveBytes: socketBytes }),
    });
  }

  *#serve(thread: Thread) {
    const { server } = this.#hosts;
    const { test, connections } = this.parameters;
    const listening = this.#socket(server);
    yield* listening.bind(thread, this.port);
    yield* listening.listen(thread, connections);
    for (let i = 0; i < connections; i++) {
      const socket = yield* listening.accept(thread);
      if (!socket) return this.failed(`accept: ${listening.errno}`);
      const core = this.#coreOf('server', i);
      const run = (other: Thread) => this.#play(other, server, socket, 'server');
      server.spawn(`${test} server ${i}`, run, { core });
    }
  }

  *#connect(thread: Thread) {
    const { client } = this.#hosts;
    const socket = this.#socket(client);
    if ((yield* socket.connect(thread, this.#address, this.port)) < 0)
      return this.failed(`connect: ${socket.errno}`);
    yield* this.#play(thread, client, socket, 'client');
  }

  *#play(thread: Thread, host: Computer, socket: Socket, side: Side) {
    const { metric, bidirectional } = this.parameters;
    const first = side === 'client';
    if (metric === 'lat') {
      yield* (first ? asks : answers)(thread, host, socket, this);
      return;
    }
    if (bidirectional) {
      const back = first ? receives : sends;
      const run = (other: Thread) => back(other, host, socket, this);
      host.spawn(`${thread.name} back`, run, { core: thread.core });
    }
    yield* (first ? sends : receives)(thread, host, socket, this);
  }

  // Course

  begins(now: Nanos): void {
    if (this.#toBegin > 0) this.#toBegin--;
    else this.#begun.push(now);
  }

  completes(now: Nanos): void {
    if (this.#warming > 0) {
      if (--this.#warming === 0) this.#begin(now);
      return;
    }
    if (!this.#before) this.#begin(now);
    if (this.#completed.push(now) < this.#messages) return;
    this.#after = this.#samples(now);
    this.phase?.ends(now);
  }

  #begin(now: Nanos): void {
    this.#before = this.#samples(now);
    this.phase?.begins(now);
  }

  /** How long each message of a latency test took. */
  latencies(): readonly number[] {
    if (this.parameters.metric === 'bw') return [];
    const stamps = [...this.#begun, ...this.#completed.slice(-1)];
    return stamps.slice(1).map((at, i) => (at - stamps[i]!) / this.parameters.roundTrips);
  }

  failed(why: string): void {
    this.failure ||= why;
  }

  #samples(now: Nanos): Readonly<Record<Side, Sample>> {
    const of = (host: Computer): Sample => ({
      tally: tallyOf(host, now),
      cpu: cpuSample(host, now),
    });
    const { client, server } = this.#hosts;
    return { client: of(client), server: of(server) };
  }

  result(now: Nanos): TcpTestResult {
    const { client, server } = this.#hosts;
    const { metric, test } = this.parameters;
    const whole = this.completed === this.#messages;
    const after = this.#after ?? this.#samples(now);
    const before = this.#before ?? after;
    const start = before.client.cpu.at;
    const end = after.client.cpu.at;
    const rate = test === 'tcp_rr' && whole ? (this.completed * NS) / (end - start) : undefined;
    const each = <T>(of: (side: Side) => T) => ({ client: of('client'), server: of('server') });
    const waiting = `${this.completed} of ${this.#messages} messages are complete`;
    return {
      parameters: this.parameters,
      client: client.name,
      server: server.name,
      failure: this.failure || (whole ? '' : `both sides wait for ever: ${waiting}`),
      completed: this.completed,
      messages: this.#messages,
      startNs: start,
      endNs: end,
      bandwidth: whole && metric === 'bw' ? this.#bandwidth(start) : undefined,
      latency: whole && metric === 'lat' ? this.#latency() : undefined,
      transactionsPerSecond: rate,
      counts: each((side) => tallyBetween(before[side].tally, after[side].tally)),
      cpu: each((side) => cpuBetween(before[side].cpu, after[side].cpu)),
    };
  }

  /**
   * From when the warm-up was over to the last message; the peak, as perftest has it, over stretches from where a message
   * began to be sent to where one was read. What waits in buffers makes those longer than they are to the wire. Where one
   * read brought the end of the warm-up and all that follows, the whole is such a stretch as well.
   */
  #bandwidth(start: number): Bandwidth {
    const completed = Float64Array.from(this.#completed);
    const posted = Float64Array.from(this.#begun);
    const withPeak = completed.length <= MOST_WITH_PEAK;
    const bytes = this.parameters.size;
    const { peak } = bandwidthOf({ posted, completed, bytes, withPeak });
    const from = completed.at(-1)! > start ? start : posted[0]!;
    const whole = bandwidthOf({ posted: posted.fill(from), completed, bytes, withPeak: false });
    return { ...whole, peak: withPeak ? Math.max(peak, whole.average) : 0 };
  }

  #latency(): Latency {
    const last = this.#completed.at(-1)!;
    return latencyOf(Float64Array.from([...this.#begun, last]), this.parameters.roundTrips);
  }
}

const NS = 1e9;
const MOST_WITH_PEAK = 2000;
