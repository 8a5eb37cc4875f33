// A computer with qbd and a pool of several nodes, of which the first has a volume and the others have copies of it.

import type { Thread, Wait } from '../../../../src/cpu/index.js';
import { type Impairment, star } from '../../../../src/fabric/index.js';
import type { Host } from '../../../../src/host/index.js';
import { MemoryVolume, type Volume } from '../../../../src/storage/index.js';
import type { QbdOptions } from '../../../../src/storage/qbd/index.js';
import { RECORD_BYTES, ReplicaSet, volumeServer } from '../../../../src/storage/replica/index.js';
import { ms, type Nanos, seconds } from '../../../../src/time/index.js';
import type { Simulation } from '../../../../src/world/sim.js';
import { type World, worldOf } from '../../host/pair.js';
import { NQN, uuid } from '../qbd/pool-world.js';

const BLOCK = 4096;
const peerNqn = (node: number): string => `${NQN}:copy${node}`;

export interface ReplicaWiring {
  readonly transport: 'rdma' | 'tcp';
  readonly seed?: number;
  readonly nodes: number;
  readonly size: number;
  /** Of each node: its copy, with the record behind it. */
  readonly disk?: (node: number, bytes: number) => Volume;
  readonly impairment?: (sim: Simulation) => Impairment;
  /** Of every connection: short, where nodes shall be missed soon. */
  readonly connection?: Partial<QbdOptions>;
}

/** Of the world's hosts the first uses the volume. */
export class ReplicaWorld {
  readonly world: World;
  readonly disks: readonly Volume[];
  set: ReplicaSet | undefined;
  readonly options: QbdOptions;
  readonly #boots: number[] = [];
  readonly #servers: (Thread | undefined)[] = [];

  constructor(readonly wiring: ReplicaWiring) {
    const { transport, seed = 1, nodes, size, impairment, connection } = wiring;
    this.world = worldOf({
      kind: 'switched',
      wire: 'RoCE v2',
      topology: star(1 + nodes),
      seed,
      uncaptured: true,
      host: transport === 'tcp' ? { kernel: {} } : {},
      ...(impairment && { impairment }),
    });
    const newDisk = wiring.disk ?? ((_node, bytes) => new MemoryVolume(bytes));
    this.disks = Array.from({ length: nodes }, (_, node) => newDisk(node, size + RECORD_BYTES));
    this.options = {
      subnqn: NQN,
      paths: [{ transport, target: this.world.ip(1) }],
      ...{ queues: 2, entries: 16, ...connection },
    };
    for (let node = nodes - 1; node >= 0; node--) this.start(node);
  }

  host(node: number): Host {
    return this.world.hosts[1 + node]!;
  }

  /** A node begins to serve; its cache is empty. */
  start(node: number): void {
    const host = this.host(node);
    const boot = (this.#boots[node] ?? 0) + 1;
    this.#boots[node] = boot;
    this.#servers[node] = node === 0 ? this.#startFirst(host) : this.#startPeer(host, node, boot);
    this.world.sim.settle(this.world.stations[1 + node]!);
  }

  #startPeer(host: Host, node: number, boot: number): Thread {
    const { transport } = this.wiring;
    const program = volumeServer(host, {
      ...{ transport, subnqn: peerNqn(node), volume: this.disks[node]!, uuid: uuid(node + 1) },
      address: `10.0.0.${node + 2}`,
      bootId: new Uint8Array(16).fill(boot),
      blockSize: BLOCK,
      poolBytes: 1 << 20,
    });
    return host.spawn('pool', program);
  }

  #startFirst(host: Host): Thread {
    const { transport, size, nodes, connection } = this.wiring;
    const peers = Array.from({ length: nodes - 1 }, (_, i) => ({
      ...{ queues: 1, entries: 32, reconnectNs: ms(100), ...connection },
      ...{ name: `node ${i + 1}`, transport, target: this.world.ip(i + 2) },
      subnqn: peerNqn(i + 1),
    }));
    const set = new ReplicaSet(host, { local: this.disks[0]!, size, peers, retryNs: ms(200) });
    this.set = set;
    return host.spawn('pool', function* (thread) {
      const volume = yield* set.assembled(thread);
      const serve = volumeServer(host, {
        ...{ transport, subnqn: NQN, volume, uuid: uuid(1), bootId: set.bootId },
        ...{ address: '10.0.0.2', blockSize: BLOCK, poolBytes: 1 << 20 },
      });
      yield* serve(thread);
    });
  }

  /** A node goes without a word: its threads and connections with it. */
  crash(node: number): void {
    const { sim, links, stations } = this.world;
    sim.setLink(links[1 + node]!, false);
    const host = this.host(node);
    for (const thread of [...host.cores.threads]) host.cores.kill(sim.now, thread);
    if (node === 0) this.set = undefined;
    sim.settle(stations[1 + node]!);
  }

  /** It comes back. */
  restart(node: number): void {
    this.world.sim.setLink(this.world.links[1 + node]!, true);
    this.start(node);
  }

  /** Runs a program of the first host to its end. @throws Error when it has none */
  run(
    program: (thread: Thread) => Generator<Wait, void, void>,
    longest: Nanos = seconds(3600),
  ): void {
    const { sim, hosts, stations } = this.world;
    const thread = hosts[0]!.spawn('program', program);
    for (const station of stations) sim.settle(station);
    sim.run(longest, () => !thread.ended);
    if (!thread.ended) throw new Error('the program did not end');
  }
}
