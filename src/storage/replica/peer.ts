// Another node of the pool as the node that has a volume knows it: a controller of NVMe over Fabrics that fails fast, its
// one namespace as a volume, and who is told when it comes and goes.

import type { Signal } from '../../cpu/index.js';
import type { Computer } from '../../host/index.js';
import { after, ms, type Nanos, NEVER } from '../../time/index.js';
import {
  type ControllerOptions,
  type NamespaceDisk,
  NvmeController,
} from '../nvmeof/host/index.js';
import { DeviceVolume } from './device-volume.js';
import { RECORD_BYTES } from './record.js';

export interface PeerOptions extends Omit<ControllerOptions, 'failFast'> {
  /** Bytes of the copy; the peer's volume has those of the record beyond. */
  readonly size: number;
  /** Of the copy at the peer; 1 unless given. */
  readonly nsid?: number;
}

/** A connection that never was is tried again after so long. */
const AGAIN = ms(200);

export class Peer {
  readonly volume: DeviceVolume;
  /** Connections that it had so far: of what came between two of them nothing is known. */
  connections = 0;
  #controller: NvmeController | undefined;
  #disk: NamespaceDisk | undefined;
  #startAt: Nanos = 0 as Nanos;

  constructor(
    readonly computer: Computer,
    readonly name: string,
    readonly options: PeerOptions,
    /** Raised when something of it may have changed. */
    readonly news: Signal,
  ) {
    this.volume = new DeviceVolume(computer, `copy at ${name}`, options.size);
  }

  /** There is a connection, and the copy is there. */
  get isThere(): boolean {
    return this.volume.device !== undefined;
  }

  /** What keeps it from being there. */
  get failure(): string {
    const { failure = '' } = this.#controller ?? {};
    return `${this.name}: ${failure || (this.#disk ? 'its copy is too small' : 'no answer')}`;
  }

  /** Its boot identifier: as long as that is the same, it has forgotten nothing. */
  get life(): Uint8Array {
    return Uint8Array.from((this.#controller?.facts?.boot ?? '').split('.'), Number);
  }

  /** Looks at the connection, and makes one where there is none; when to look again. */
  look(now: Nanos): Nanos {
    const controller = this.#controller;
    if (controller && controller.state !== 'dead') {
      const { queue } = this.#disk ?? {};
      const isWhole = queue !== undefined && queue.sizeBytes >= this.options.size + RECORD_BYTES;
      const isThere = controller.isScanned && isWhole;
      this.volume.device = isThere ? queue : undefined;
      this.connections = controller.counts.connects;
      return NEVER;
    }
    this.volume.device = undefined;
    if (controller && now < this.#startAt) return this.#startAt;
    this.#startAt = after(now, this.options.reconnectNs ?? AGAIN);
    this.#connect();
    return NEVER;
  }

  #connect(): void {
    const { computer, name, options } = this;
    const { size: _, nsid = 1, ...others } = options;
    const controller = new NvmeController(
      computer,
      { ...others, failFast: true },
      {
        nameOf: () => `copy at ${name}`,
        added: (now, disk) => {
          if (disk.facts.nsid === nsid) this.#disk = disk;
          this.news.raise(now);
        },
        removed: (now, disk) => {
          if (disk === this.#disk) this.#disk = undefined;
          this.news.raise(now);
        },
      },
    );
    controller.counts.connects = this.connections;
    controller.changed.feed(this.news);
    this.#controller = controller;
  }
}
