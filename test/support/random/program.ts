// A random program as a whole: a world, a few connections in it, both ends of which post and receive at random moments,
// until everything is done. By seed; the same seed does the same again, frame by frame.

import { createHash } from 'node:crypto';
import { CaptureTap } from '../../../src/fabric/index.js';
import type { WcStatus } from '../../../src/rdma/index.js';
import { type Nanos, Random } from '../../../src/time/index.js';
import { assert } from '../spec.js';
import { act } from './act.js';
import { Connection, type Service } from './connection.js';
import type { Peer } from './peer.js';
import { World } from './world.js';

const STEP_NS = 3000;
/** Virtual time in which every program must be done; the longest of 2,000 seeds took a tenth. */
const MOST_STEPS = 20_000;
const MOST_POSTED = 12;
const INFINIBAND_LINK_TYPE = 247;
const ETHERNET_LINK_TYPE = 1;
/** Long enough that no frame of the past is on its way. */
const QUIET_NS = 300_000;

const services: readonly Service[] = ['RC', 'RC', 'RC', 'RC', 'XRC', 'UC', 'UD'];

export interface Outcome {
  readonly seed: number;
  readonly world: string;
  readonly events: number;
  readonly hops: number;
  readonly nanoseconds: number;
  readonly lost: number;
  readonly lives: number;
  readonly statuses: ReadonlyMap<WcStatus, number>;
  readonly counters: ReadonlyMap<string, number>;
  /** SHA-256 of the capture of all hosts' ports; '' when none was asked for. */
  readonly digest: string;
}

export interface ProgramOptions {
  /** Work requests of each end. */
  readonly operations?: number;
  readonly capture?: boolean;
  /** Gets the capture's bytes. */
  readonly write?: (bytes: Uint8Array) => void;
}

export class Program {
  readonly world: World;
  readonly connections: Connection[] = [];
  readonly #random: Random;
  readonly #operations: number;
  readonly #mayFail: boolean;
  readonly #hash = createHash('sha256');
  readonly #tap: CaptureTap | null;

  constructor(
    readonly seed: number,
    options: ProgramOptions = {},
  ) {
    this.world = new World(seed);
    this.#random = new Random(seed).fork('program');
    this.#operations = options.operations ?? 20;
    this.#mayFail = this.#random.chance(0.5);
    this.#tap = options.capture
      ? new CaptureTap((bytes) => {
          this.#hash.update(bytes);
          options.write?.(bytes);
        })
      : null;
    this.#record();
    const count = 1 + this.#random.below(3);
    for (let i = 0; i < count; i++) this.#connect();
  }

  #record(): void {
    if (!this.#tap) return;
    const { sim, hosts, wire } = this.world;
    const linkType = wire === 'IB' ? INFINIBAND_LINK_TYPE : ETHERNET_LINK_TYPE;
    for (const { station } of hosts) sim.tap(station, 0, this.#tap.port(station.name, linkType));
  }

  #connect(): void {
    const { hosts } = this.world;
    const a = this.#random.below(hosts.length);
    const b = (a + 1 + this.#random.below(hosts.length - 1)) % hosts.length;
    const service = services[this.#random.below(services.length)]!;
    const own = this.#random.fork(`connection ${this.connections.length}`);
    this.connections.push(new Connection(this.world, service, [hosts[a]!, hosts[b]!], own));
  }

  run(): Outcome {
    for (let step = 0; ; step++) {
      assert.ok(step < MOST_STEPS, `no progress: ${this.#state()}`);
      for (const connection of this.connections) this.#move(connection);
      this.#goOn(STEP_NS);
      if (this.connections.every((c) => this.#isDone(c))) break;
    }
    this.#goOn(QUIET_NS);
    this.world.sim.run();
    this.#collect();
    this.#finish();
    return this.#outcome();
  }

  /** Time passes, and what the applications posted is sent. */
  #goOn(duration: number): void {
    const { sim, hosts } = this.world;
    for (const { station } of hosts) sim.settle(station);
    sim.run((sim.now + duration) as Nanos);
    for (const host of hosts) host.dropOthers();
    this.#collect();
  }

  #collect(): void {
    for (const { peers, reliable } of this.connections)
      for (const [i, peer] of peers.entries()) peer.collect(peers[1 - i]!, !reliable);
  }

  #move(connection: Connection): void {
    if (connection.isBroken) return this.#mend(connection);
    const { peers, random, service } = connection;
    ([0, 1] as const).forEach((i) => {
      const peer = peers[i];
      if (service !== 'XRC' || i === 1) this.#receive(peer);
      if (service === 'XRC' && i === 1) return;
      if (peer.posted >= this.#operations || !random.chance(0.6)) return;
      const burst = 1 + random.below(4);
      for (let k = 0; k < burst && this.#hasRoom(peer); k++) act(connection, i, this.#mayFail);
    });
  }

  #hasRoom({ entries, qp, posted }: Peer): boolean {
    const free = qp.posted - qp.freed < MOST_POSTED;
    return entries.length < MOST_POSTED && free && posted < this.#operations;
  }

  /** Receive requests come late at times, so that senders must wait for them. */
  #receive(peer: Peer): void {
    const ahead = peer.expected.length - peer.arrived + 2;
    if (peer.inbox.buffers.size < Math.min(ahead, 30) && peer.random.chance(0.5))
      peer.inbox.post(peer.qp);
  }

  #mend(connection: Connection): void {
    connection.give();
    this.#goOn(QUIET_NS);
    connection.renew();
  }

  #isDone({ peers, service, reliable }: Connection): boolean {
    return peers.every((peer, i) => {
      if (peer.qp.state === 'ERR') return false;
      if (service === 'XRC' && i === 1) return peer.arrived === peer.expected.length;
      if (peer.posted < this.#operations || peer.qp.tail < peer.qp.posted) return false;
      return !reliable || peer.arrived === peer.expected.length;
    });
  }

  #finish(): void {
    const { sim, hosts } = this.world;
    for (const { peers, reliable } of this.connections) {
      for (const peer of peers) {
        assert.is(peer.entries.filter((e) => e.signaled).length, 0, 'no completion is lost');
        if (!reliable) continue;
        assert.is(peer.arrived, peer.expected.length, 'every message arrived');
        assert.equal(peer.target.bytes, peer.model, 'memory is what the model says');
      }
    }
    for (const host of hosts) assert.ok(host.gapsAreClean(), 'nothing else was written');
    // A router may ask for a neighbour that a bit error made up; these hosts have no stack that would take the question.
    for (const { device } of this.world.hosts)
      for (let slot = device.takeOther(); slot >= 0; slot = device.takeOther())
        this.world.sim.pool.release(slot);
    assert.is(sim.pool.inUse, 0, 'no frame is left over');
    assert.ok(Number.isSafeInteger(sim.now), 'time is a whole number');
  }

  #state(): string {
    const { sim } = this.world;
    const ends = this.connections.map(({ service, peers }) => {
      const text = peers.map(
        (p) => `${p.qp.state} ${p.entries.length} open, ${p.arrived} of ${p.expected.length} came`,
      );
      return `${service}: ${text.join(' / ')}`;
    });
    return `${this.world.describe()}, ${sim.now} ns; ${ends.join('; ')}`;
  }

  #outcome(): Outcome {
    const { sim, hosts } = this.world;
    const statuses = new Map<WcStatus, number>();
    for (const peer of this.connections.flatMap((c) => c.peers))
      for (const status of peer.endings) statuses.set(status, (statuses.get(status) ?? 0) + 1);
    const counters = new Map<string, number>();
    for (const { device } of hosts)
      for (const [name, count] of Object.entries(device.counters.all()))
        counters.set(name, (counters.get(name) ?? 0) + count);
    this.#tap?.flush();
    return {
      seed: this.seed,
      world: this.world.describe(),
      events: sim.events,
      hops: sim.hops,
      nanoseconds: sim.now,
      lost: [...sim.lost.values()].reduce((sum, n) => sum + n, 0),
      lives: this.connections.reduce((sum, c) => sum + c.lives, 0),
      statuses,
      counters,
      digest: this.#tap ? this.#hash.digest('hex') : '',
    };
  }
}
