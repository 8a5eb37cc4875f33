// A test between two hosts: starts a program on each, lets them connect and run, and says what came out. Time is the
// hosts' own; whoever drives them is told through `soon` when something changed at once.

import type { Program, Thread, Wait } from '../../cpu/index.js';
import type { Computer } from '../../host/index.js';
import type { Nanos } from '../../time/index.js';
import { Progress, receiveAll, sendAll } from './bandwidth.js';
import { Endpoint } from './endpoint.js';
import { Exchange, type Side, type Soon } from './exchange.js';
import { oneByOne, pingPongBySend, pingPongByWrite } from './latency.js';
import type { PerftestParameters } from './parameters.js';
import { type Bandwidth, bandwidthOf, type Latency, latencyOf } from './statistics.js';
import { type Tally, tallyBetween, tallyOf } from './tally.js';

/** What a test found. */
export interface PerftestResult {
  readonly parameters: PerftestParameters;
  readonly client: string;
  readonly server: string;
  /** Why it ended early; '' when it did not. */
  readonly failure: string;
  /** Messages that were completed, of all that were to be. */
  readonly completed: number;
  readonly messages: number;
  /** When the first message was posted, and the last completed or received. */
  readonly startNs: number;
  readonly endNs: number;
  readonly bandwidth: Bandwidth | undefined;
  readonly latency: Latency | undefined;
  /** What each side did from when both were connected. */
  readonly counts: Readonly<Record<Side, Tally>>;
}

interface SideState {
  readonly host: Computer;
  readonly progress: Progress;
  /** Of a side that receives beside sending. */
  readonly received: Progress;
  endpoint: Endpoint | undefined;
  running: number;
  ended: boolean;
  /** Taken when the side's own work is over; a side without work counts until the result is asked for. */
  before: Tally | undefined;
  after: Tally | undefined;
}

/** Is told when what is measured begins and ends. */
export interface Phase {
  begins(now: Nanos): void;
  ends(now: Nanos): void;
}

/** A test under way. */
export class Perftest {
  readonly parameters: PerftestParameters;
  phase: Phase | null = null;
  readonly #exchange: Exchange;
  readonly #sides: Readonly<Record<Side, SideState>>;

  /** Prepares the test; `start` begins it. */
  constructor(client: Computer, server: Computer, parameters: PerftestParameters, soon: Soon) {
    if (client === server)
      throw new RangeError(`${client.name}: a test is between two hosts, not one and itself`);
    this.parameters = parameters;
    this.#exchange = new Exchange(soon);
    const total = parameters.iters * parameters.qps;
    const state = (host: Computer): SideState => ({
      host,
      progress: new Progress(total),
      received: new Progress(total),
      endpoint: undefined,
      running: 0,
      ended: false,
      before: undefined,
      after: undefined,
    });
    this.#sides = { client: state(client), server: state(server) };
  }

  /** Starts both programs; the driver must be told that the hosts have changed. */
  start(): void {
    for (const side of ['server', 'client'] as const) {
      const { host } = this.#sides[side];
      host.spawn(`${this.parameters.test} ${side}`, this.#program(side));
    }
  }

  /** Neither side has anything left to do. */
  get ended(): boolean {
    const { client, server } = this.#sides;
    return client.ended && server.ended;
  }

  /** Messages completed so far, for those who watch. */
  get completed(): number {
    return this.#sides.client.progress.done;
  }

  /** Messages received so far, for those who watch. */
  get received(): number {
    return this.#sides.server.received.done;
  }

  #program(side: Side): Program {
    const run = (thread: Thread) => this.#run(side, thread);
    return function* (thread) {
      yield* run(thread);
    };
  }

  *#run(side: Side, thread: Thread): Generator<Wait, void, void> {
    const state = this.#sides[side];
    const endpoint = new Endpoint(state.host, thread, side, this.parameters);
    state.endpoint = endpoint;
    if (!(yield* endpoint.connect(thread, this.#exchange))) return;
    state.before = tallyOf(state.host, thread.now);
    if (side === 'client') this.phase?.begins(thread.now);
    const work = this.#work(side, endpoint);
    // Of several pieces of work the first is this thread's own, the others get theirs.
    state.running = work.length;
    for (const [name, piece] of work.slice(1)) {
      const ended = (now: Nanos) => this.#end(state, now);
      state.host.spawn(`${this.parameters.test} ${side} ${name}`, function* (other) {
        yield* piece(other);
        ended(other.now);
      });
    }
    if (work.length === 0) {
      state.ended = true;
      return;
    }
    yield* work[0]![1](thread);
    this.#end(state, thread.now);
  }

  #end(state: SideState, now: Nanos): void {
    state.running--;
    if (state.running > 0) return;
    state.ended = true;
    state.after = tallyOf(state.host, now);
    if (this.ended) this.phase?.ends(now);
  }

  /** What a side has to do: nothing, where the other side's NIC does everything. */
  #work(
    side: Side,
    endpoint: Endpoint,
  ): [string, (thread: Thread) => Generator<Wait, void, void>][] {
    const { verb, metric, bidirectional } = this.parameters;
    const { progress, received } = this.#sides[side];
    const oneSided = verb === 'read' || verb === 'atomic';
    if (metric === 'lat') {
      if (oneSided) return side === 'client' ? [['', (t) => oneByOne(endpoint, t, progress)]] : [];
      const play = verb === 'write' ? pingPongByWrite : pingPongBySend;
      return [['', (t) => play(endpoint, t, progress)]];
    }
    const sends = side === 'client' || bidirectional;
    const receives = verb === 'send' && (side === 'server' || bidirectional);
    return [
      ...(sends ? [['sends', (t: Thread) => sendAll(endpoint, t, progress)] as never] : []),
      ...(receives
        ? [['receives', (t: Thread) => receiveAll(endpoint, t, received)] as never]
        : []),
    ];
  }

  /** What came out, whether all of it was done or not. `now` is the driver's time. */
  result(now: Nanos): PerftestResult {
    const { client, server } = this.#sides;
    const p = this.parameters;
    const failure = this.#failure();
    // As in perftest, a sender has its result, whatever became of datagrams on their way.
    const whole = client.progress.done === client.progress.total;
    const counts = ({ host, before, after }: SideState) => {
      const end = after ?? tallyOf(host, now);
      return tallyBetween(before ?? end, end);
    };
    const ends = [client, server].flatMap(({ progress, received }) => [
      lastOf(progress),
      lastOf(received),
    ]);
    return {
      parameters: p,
      client: client.host.name,
      server: server.host.name,
      failure,
      completed: client.progress.done,
      messages: client.progress.total,
      startNs: client.progress.posted[0]!,
      endNs: Math.max(...ends),
      bandwidth: whole && p.metric === 'bw' ? this.#bandwidth() : undefined,
      latency:
        whole && p.metric === 'lat' ? latencyOf(client.progress.posted, p.roundTrips) : undefined,
      counts: { client: counts(client), server: counts(server) },
    };
  }

  /** How long each message took: half a round trip in latency tests, from post to completion in those of bandwidth. */
  latencies(): readonly number[] {
    const { metric, roundTrips } = this.parameters;
    const { posted, completed, done } = this.#sides.client.progress;
    const took: number[] = [];
    for (let i = 0; i < done; i++) {
      if (metric === 'bw') took.push(completed[i]! - posted[i]!);
      else if (i + 1 < done) took.push((posted[i + 1]! - posted[i]!) / roundTrips);
    }
    return took.filter((ns) => !Number.isNaN(ns));
  }

  /** Both directions' together in a bidirectional test, as perftest sums its two reports. */
  #bandwidth(): Bandwidth {
    const { client, server } = this.#sides;
    const { size, noPeak, bidirectional } = this.parameters;
    const of = ({ progress }: SideState) =>
      bandwidthOf({ ...progress, bytes: size, withPeak: !noPeak });
    const one = of(client);
    if (!bidirectional) return one;
    const two = of(server);
    return {
      peak: one.peak + two.peak,
      average: one.average + two.average,
      messageRate: one.messageRate + two.messageRate,
    };
  }

  #failure(): string {
    const { client, server } = this.#sides;
    for (const { endpoint } of [client, server]) if (endpoint?.failure) return endpoint.failure;
    if (this.ended) return '';
    const { done, total } = client.progress;
    const came = server.received.done;
    if (client.before === undefined) return 'the two sides never became connected';
    if (done < total) return `the client waits for ever: ${done} of ${total} messages are complete`;
    return `the server waits for ever: ${came} of ${total} messages came, and nobody repeats them`;
  }
}

const lastOf = ({ completed, done }: Progress): number => (done > 0 ? completed[done - 1]! : 0);
