// The driver: connects a computer to a pool by NVMe over Fabrics, over one way or several, and has a block device for each
// volume, /dev/qbd1 and on. Connections that are lost come back by themselves, and requests wait for them.

import { type BlockDevice, Multipath, type PathPolicy } from '../../block/index.js';
import { Signal, type Thread, type Wait } from '../../cpu/index.js';
import type { Computer } from '../../host/index.js';
import { type Nanos, NEVER } from '../../time/index.js';
import {
  type ControllerOptions,
  type NamespaceDisk,
  type NamespaceFacts,
  NvmeController,
  WriteCache,
} from '../nvmeof/host/index.js';

/** A way to the pool. */
export type QbdPath = Pick<ControllerOptions, 'transport' | 'target' | 'port'>;

export interface QbdOptions
  extends Omit<ControllerOptions, 'transport' | 'target' | 'port' | 'failFast'> {
  /** One way, or several to the same pool. */
  readonly paths: readonly QbdPath[];
  /** How several are used: by turns, or the first that works. */
  readonly policy?: PathPolicy;
  /** Of the first device: 1. */
  readonly firstNumber?: number;
}

/** A volume of the pool as a device. */
export interface QbdDevice {
  readonly device: BlockDevice;
  readonly nsid: number;
  readonly uuid: Uint8Array;
}

const keyOf = ({ uuid, nsid }: NamespaceFacts): string =>
  uuid.every((byte) => byte === 0) ? `nsid ${nsid}` : uuid.join('.');

export class Qbd {
  /** Raised when a device came or went, or a connection changed. */
  readonly changed = new Signal();
  readonly controllers: readonly NvmeController[];
  readonly #devices = new Map<string, QbdDevice>();
  /** By volume, the disks of each way so far. */
  readonly #ways = new Map<string, NamespaceDisk[]>();
  readonly #caches = new Map<string, WriteCache>();
  readonly #numbers = new Map<string, number>();
  #next: number;

  constructor(
    readonly computer: Computer,
    readonly options: QbdOptions,
  ) {
    const { paths, policy: _, firstNumber = 1, ...others } = options;
    this.#next = firstNumber;
    const isMany = paths.length > 1;
    this.controllers = paths.map(
      (path, i) =>
        new NvmeController(
          computer,
          { ...others, ...path, failFast: isMany },
          {
            nameOf: (facts) => this.#nameOf(facts) + (isMany ? `c${i}` : ''),
            cacheOf: (facts) => this.#cacheOf(facts),
            added: (now, disk) => this.#added(now, disk),
            removed: (now, disk) => this.#removed(now, disk),
          },
        ),
    );
    for (const { changed } of this.controllers) changed.feed(this.changed);
  }

  /** By number. */
  get devices(): readonly QbdDevice[] {
    return [...this.#devices.values()];
  }

  /** The device of a volume, by its number in the pool or by its UUID. */
  find(volume: number | Uint8Array): BlockDevice | undefined {
    const isWanted = ({ nsid, uuid }: QbdDevice) =>
      typeof volume === 'number' ? nsid === volume : uuid.every((b, i) => b === volume[i]);
    return this.devices.find(isWanted)?.device;
  }

  /** Waits until all ways are connected; what went wrong, or nothing. */
  *ready(thread: Thread, end: Nanos = NEVER): Generator<Wait, string, void> {
    for (;;) {
      const dead = this.controllers.find(({ state }) => state === 'dead');
      if (dead) return dead.failure || 'the connection has ended';
      if (this.controllers.every(({ isScanned }) => isScanned)) return '';
      if (thread.now >= end) return 'the pool does not answer';
      yield thread.block(this.changed, end);
    }
  }

  /** The device of a volume, waited for; undefined when it does not come. */
  *open(
    thread: Thread,
    volume: number | Uint8Array = 1,
    end: Nanos = NEVER,
  ): Generator<Wait, BlockDevice | undefined, void> {
    if ((yield* this.ready(thread, end)) !== '') return undefined;
    return this.find(volume);
  }

  /** Ends all connections, and waits for that. */
  *close(thread: Thread): Generator<Wait, void, void> {
    for (const controller of this.controllers) controller.delete(thread.now);
    while (this.controllers.some(({ state }) => state !== 'dead')) yield thread.block(this.changed);
  }

  /** A volume keeps its number as long as this is there. */
  #nameOf(facts: NamespaceFacts): string {
    const key = keyOf(facts);
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#next++;
      this.#numbers.set(key, number);
    }
    return `/dev/qbd${number}`;
  }

  #cacheOf(facts: NamespaceFacts): WriteCache {
    const key = keyOf(facts);
    const cache = this.#caches.get(key) ?? new WriteCache();
    this.#caches.set(key, cache);
    return cache;
  }

  #added(now: Nanos, disk: NamespaceDisk): void {
    const { facts, queue } = disk;
    const { nsid, uuid } = facts;
    const key = keyOf(facts);
    const { paths, policy } = this.options;
    if (paths.length === 1) {
      this.#devices.set(key, { device: queue, nsid, uuid });
    } else {
      const ways = this.#ways.get(key) ?? [];
      ways.push(disk);
      this.#ways.set(key, ways);
      const known = this.#devices.get(key)?.device;
      if (known instanceof Multipath) known.add(now, queue);
      else {
        const name = this.#nameOf(facts);
        const device = new Multipath(this.computer, [queue], { name, ...(policy && { policy }) });
        this.#devices.set(key, { device, nsid, uuid });
      }
    }
    this.changed.raise(now);
  }

  #removed(now: Nanos, disk: NamespaceDisk): void {
    const key = keyOf(disk.facts);
    const ways = this.#ways.get(key)?.filter((way) => way !== disk) ?? [];
    this.#ways.set(key, ways);
    const known = this.#devices.get(key)?.device;
    if (known instanceof Multipath) known.remove(now, disk.queue);
    if (ways.length === 0) this.#devices.delete(key);
    this.changed.raise(now);
  }
}
