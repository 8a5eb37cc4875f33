// The pool of a block job: nodes that have a volume, or copies of it, over the transport of the experiment.

import type { Precondition } from '../../apps/blockjob/index.js';
import type { Program, Thread } from '../../cpu/index.js';
import type { Host } from '../../host/index.js';
import type { Lab } from '../../scenario/lab.js';
import { parseIp } from '../../stack/index.js';
import { MediaVolume } from '../../storage/media.js';
import { MemoryVolume } from '../../storage/memory-volume.js';
import { RateLimited } from '../../storage/rate-limit.js';
import { RECORD_BYTES, ReplicaSet, volumeServer } from '../../storage/replica/index.js';
import type { Volume } from '../../storage/volume.js';
import { after, seconds } from '../../time/index.js';
import type { PoolSettings } from '../file/pool.js';
import type { PoolResult } from './result.js';

/** Of the pool of every experiment. */
export const POOL_NQN = 'nqn.2026-11.io.wireverbs:pool';
const copyNqn = (node: number): string => `${POOL_NQN}.copy${node}`;
const uuidOf = (node: number): Uint8Array => new Uint8Array(16).fill(1 + node);
/** All copies are connected within this, or what keeps them is told. */
const PATIENCE = seconds(60);
/** NVMe over Fabrics' own port: of the first volume, and of further ones in turn. */
const FIRST_PORT = 4420;
const NOTHING = new Uint8Array(0);
const PLAIN = { at: 0, fua: false, noHole: false, done: () => {} };

/** A node, and the copy that it has. */
interface Node {
  readonly host: Host;
  readonly memory: MemoryVolume;
  readonly volume: Volume;
}

export class Pool {
  /** Empty when it serves, undefined before that; else why it does not. */
  failure: string | undefined;
  readonly port: number;
  readonly #nodes: readonly Node[];
  #snapshots = 0;
  #set: ReplicaSet | undefined;

  constructor(
    readonly lab: Lab,
    readonly transport: 'rdma' | 'tcp',
    readonly settings: PoolSettings,
    /** Which of the volumes that are used at once. */
    index = 0,
  ) {
    this.port = FIRST_PORT + index;
    const { nodes, replicas, volumeBytes, clone, thin } = settings;
    const size = volumeBytes + (replicas > 1 ? RECORD_BYTES : 0);
    this.#nodes = nodes.slice(0, replicas).map((name) => {
      const memory = new MemoryVolume(size, 'disk');
      if (clone || !thin)
        memory.zero({ ...PLAIN, offset: 0, length: size, bytes: NOTHING, noHole: true });
      return { host: lab.host(name), memory, volume: this.#onMedia(memory) };
    });
    const [first, ...others] = this.#nodes;
    others.forEach((node, i) => {
      node.host.spawn('nvme target', this.#server(node, node.volume, i + 1));
    });
    first!.host.spawn(
      'nvme target',
      others.length === 0 ? this.#alone(first!) : this.#first(first!),
    );
  }

  /** The host whose volume is used. */
  get host(): Host {
    return this.#nodes[0]!.host;
  }

  /** Puts bytes where they are before the job begins, in all copies. */
  readonly precondition: Precondition = (offset, bytes) => {
    for (const { memory } of this.#nodes)
      memory.write({ ...PLAIN, offset, length: bytes.length, bytes });
  };

  /** The job begins: a clone shares everything with its origin from here on. */
  begins(): void {
    const { clone, snapshotNs } = this.settings;
    if (clone) this.#share();
    if (snapshotNs !== undefined) this.#snapshotIn(snapshotNs);
  }

  result(): PoolResult {
    const { failures = 0, returns = 0, copiedBytes = 0 } = this.#set?.volume?.counts ?? {};
    const states = this.#set?.volume?.states ?? [];
    return {
      copies: this.#nodes.map(({ host, memory }, i) => ({
        host: host.name,
        state: states[i] ?? 'in',
        allocatedBytes: memory.allocated,
      })),
      ...{ snapshots: this.#snapshots, failures, returns, copiedBytes },
    };
  }

  /** From now on first writes copy, on every node. */
  #share(): void {
    for (const { memory } of this.#nodes) memory.clone('snapshot', true);
  }

  #snapshotIn(ns: number): void {
    this.lab.at(this.lab.now + ns, () => {
      this.#share();
      this.#snapshots++;
      this.#snapshotIn(ns);
    });
  }

  #onMedia(memory: MemoryVolume): Volume {
    const { media } = this.settings;
    if (media.readNs === 0 && media.writeNs === 0) return memory;
    return new MediaVolume(memory, media, this.#clock);
  }

  get #clock() {
    const { lab } = this;
    return { now: () => lab.now, at: lab.at.bind(lab) };
  }

  #limited(volume: Volume): Volume {
    const { limits } = this.settings;
    return limits ? new RateLimited(volume, limits, this.#clock) : volume;
  }

  #server({ host }: Node, volume: Volume, index: number): Program {
    const { lab, transport, port } = this;
    const subnqn = index === 0 ? POOL_NQN : copyNqn(index);
    const address = lab.address(host);
    const uuid = uuidOf(index);
    return volumeServer(host, { transport, subnqn, volume, uuid, address, port });
  }

  #alone(node: Node): Program {
    this.failure = '';
    return this.#server(node, this.#limited(node.volume), 0);
  }

  /** The node that has the volume serves it when all copies are there. */
  #first(node: Node): Program {
    const { lab, transport, settings, port } = this;
    const peers = this.#nodes.slice(1).map(({ host }, i) => ({
      ...{ name: host.name, transport, target: parseIp(lab.address(host)) },
      ...{ subnqn: copyNqn(i + 1), entries: settings.entries, port },
    }));
    const set = new ReplicaSet(node.host, {
      local: node.volume,
      size: settings.volumeBytes,
      peers,
    });
    this.#set = set;
    const begins = (thread: Thread, volume: Volume) =>
      this.#server(node, this.#limited(volume), 0)(thread);
    return function* (this: Pool, thread: Thread) {
      this.failure = yield* set.whole(thread, after(thread.now, PATIENCE));
      if (this.failure === '') yield* begins(thread, set.volume!);
    }.bind(this);
  }
}
