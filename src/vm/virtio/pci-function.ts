// The device's side of virtio over PCI (virtio 1.2, 4.1.4.3, 2.1, 3.1): its common configuration as registers. What a driver
// writes there may be anything; what breaks the order of things is ignored and counted.

import { PciCommon } from '../../../protocols/virtio/index.js';
import { getAddress, type PhysicalBytes } from '../../memory/physical-bytes.js';
import { type FeatureTable, namesOf, ringFeaturesOf, wordsOf } from './features.js';
import type { DeviceQueue, QueuePlace } from './queue.js';
import { deviceQueue, placeProblem } from './virtqueue.js';

export interface PciFunctionOptions {
  readonly memory: PhysicalBytes;
  readonly table: FeatureTable;
  /** What the device offers; VERSION_1 always. */
  readonly features: readonly string[];
  readonly queues: number;
  /** Largest size of each queue. */
  readonly queueSize: number;
  /** The configuration of its type (5.x.4). */
  readonly config: Uint8Array;
  /** The driver writes to it; false where it may not. */
  readonly configWritten?: (offset: number, bytes: Uint8Array) => boolean;
  /** The driver is ready: queues are there from now on. */
  started(): void;
  /** Everything begins anew. */
  reset(): void;
}

interface QueueState {
  place: QueuePlace;
  queue: DeviceQueue | null;
}

const { get, set, at } = PciCommon;
const STATUS_BITS = [
  'acknowledge',
  'driver',
  'featuresOk',
  'driverOk',
  'deviceNeedsReset',
  'failed',
] as const;
type StatusBit = (typeof STATUS_BITS)[number];

/** What must be there before (3.1.1); who sets a bit too early is not heard. */
const NEEDS: Readonly<Partial<Record<StatusBit, StatusBit>>> = {
  driver: 'acknowledge',
  featuresOk: 'driver',
  driverOk: 'featuresOk',
};

/** Fields that drivers write; the others they only read. */
const SETTABLE = new Set([
  'deviceFeatureSelect',
  'driverFeatureSelect',
  'driverFeature',
  'configMsixVector',
  'queueSelect',
  'queueSize',
  'queueMsixVector',
  'queueEnable',
  'queueDesc',
  'queueDriver',
  'queueDevice',
]);
const NO_VECTOR = 0xffff;
const GENERATIONS = 256;

export class PciFunction {
  /** What was written where or when it must not be. */
  ignored = 0;
  /** What both sides have agreed on. */
  features: ReadonlySet<string> = new Set();
  readonly #options: PciFunctionOptions;
  readonly #offered: readonly number[];
  readonly #b = new Uint8Array(PciCommon.size);
  readonly #wanted = new Uint8Array(PciCommon.size);
  #accepted = [0, 0];
  #config: Uint8Array;
  #queues: QueueState[] = [];

  constructor(options: PciFunctionOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#offered = wordsOf(['VERSION_1', ...options.features], options.table);
    this.#clear();
  }

  get isRunning(): boolean {
    return get.driverOk(this.#b, 0) !== 0 && !this.needsReset;
  }

  get needsReset(): boolean {
    return get.deviceNeedsReset(this.#b, 0) !== 0;
  }

  /** The queue, if the driver has enabled it. */
  queue(index: number): DeviceQueue | null {
    return this.#queues[index]?.queue ?? null;
  }

  /** The device cannot go on (2.1.2). */
  fail(): void {
    set.deviceNeedsReset(this.#b, 0, 1);
  }

  /** The driver reads a register of the common configuration. */
  read(offset: number, into: Uint8Array): void {
    this.#show();
    into.set(this.#b.subarray(offset, offset + into.length));
  }

  /** The driver writes one: a whole field, or half of an address (4.1.3.1). */
  write(offset: number, bytes: Uint8Array): void {
    const span = PciCommon.spans.find(
      (s) =>
        (s.at === offset && s.size === bytes.length) ||
        (s.size === 2 * bytes.length && (s.at === offset || s.at + bytes.length === offset)),
    );
    if (offset === at.driverOk && bytes.length === 1) return this.#status(bytes);
    if (span === undefined || !SETTABLE.has(span.name)) {
      this.ignored++;
      return;
    }
    this.#b.set(bytes, offset);
    this.#written(span.name);
  }

  /**
   * The configuration of its type is another from now on (2.4).
   * @returns the vector by which the driver wants to hear of it, -1 when it does not
   */
  changeConfig(config: Uint8Array): number {
    this.#config = config;
    const b = this.#b;
    set.configGeneration(b, 0, (get.configGeneration(b, 0) + 1) % GENERATIONS);
    const vector = get.configMsixVector(b, 0);
    return this.isRunning && vector !== NO_VECTOR ? vector : -1;
  }

  /** The driver has written what the configuration says from now on: nobody is to be told. */
  keepConfig(config: Uint8Array): void {
    this.#config = config;
  }

  writeConfig(offset: number, bytes: Uint8Array): void {
    if (!this.#options.configWritten?.(offset, bytes)) this.ignored++;
  }

  readConfig(offset: number, into: Uint8Array): void {
    into.fill(0);
    into.set(this.#config.subarray(offset, offset + into.length));
  }

  #clear(): void {
    this.#b.fill(0);
    this.#accepted = [0, 0];
    this.features = new Set();
    const { queues, queueSize } = this.#options;
    set.numQueues(this.#b, 0, queues);
    set.configMsixVector(this.#b, 0, NO_VECTOR);
    const place = { size: queueSize, descriptors: 0, driver: 0, device: 0 };
    this.#queues = Array.from({ length: queues }, () => ({ place, queue: null }));
    this.#showPlace(place);
  }

  /** Registers whose value depends on a selector. */
  #show(): void {
    const b = this.#b;
    set.deviceFeature(b, 0, this.#offered[get.deviceFeatureSelect(b, 0)] ?? 0);
    set.driverFeature(b, 0, this.#accepted[get.driverFeatureSelect(b, 0)] ?? 0);
    const index = get.queueSelect(b, 0);
    const state = this.#queues[index];
    set.queueSize(b, 0, state?.place.size ?? 0); // 0: there is no such queue
    set.queueEnable(b, 0, state?.queue ? 1 : 0);
    set.queueNotifyOff(b, 0, index);
  }

  #written(field: string): void {
    const b = this.#b;
    const state = this.#queues[get.queueSelect(b, 0)];
    switch (field) {
      case 'driverFeature': {
        const select = get.driverFeatureSelect(b, 0);
        if (get.featuresOk(b, 0) !== 0 || select >= this.#accepted.length) this.ignored++;
        else this.#accepted[select] = get.driverFeature(b, 0);
        return;
      }
      case 'queueSelect': {
        const place = this.#queues[get.queueSelect(b, 0)]?.place;
        if (place) this.#showPlace(place);
        return;
      }
      case 'queueSize':
      case 'queueDesc':
      case 'queueDriver':
      case 'queueDevice':
        if (!state || state.queue) this.ignored++;
        else state.place = this.#placeWritten();
        return;
      case 'queueEnable':
        if (get.queueEnable(b, 0) !== 1 || !state || state.queue || !this.#enable(state))
          this.ignored++;
        return;
    }
  }

  #placeWritten(): QueuePlace {
    const b = this.#b;
    return {
      size: get.queueSize(b, 0),
      descriptors: getAddress(b, at.queueDesc),
      driver: getAddress(b, at.queueDriver),
      device: getAddress(b, at.queueDevice),
    };
  }

  #showPlace({ size, descriptors, driver, device }: QueuePlace): void {
    const b = this.#b;
    set.queueSize(b, 0, size);
    set.queueDesc(b, 0, BigInt(descriptors));
    set.queueDriver(b, 0, BigInt(driver));
    set.queueDevice(b, 0, BigInt(device));
  }

  #enable(state: QueueState): boolean {
    const { memory, queueSize } = this.#options;
    if (get.featuresOk(this.#b, 0) === 0 || state.place.size > queueSize) return false;
    const features = ringFeaturesOf(this.features);
    if (placeProblem(memory, state.place, features) !== null) return false;
    state.queue = deviceQueue({ ...state.place, memory, features });
    return true;
  }

  #status(bytes: Uint8Array): void {
    if (bytes[0] === 0) {
      this.#clear();
      return this.#options.reset();
    }
    const b = this.#b;
    const wanted = this.#wanted;
    wanted.fill(0);
    wanted.set(bytes, at.driverOk);
    for (const bit of STATUS_BITS) {
      const has = get[bit](b, 0) !== 0;
      if (has === (get[bit](wanted, 0) !== 0)) continue;
      const needs = NEEDS[bit];
      // Bits are only ever set by a driver (2.1.1), one after the other.
      const isGood = !has && bit !== 'deviceNeedsReset' && (!needs || get[needs](b, 0) !== 0);
      if (isGood && (bit !== 'featuresOk' || this.#settle())) set[bit](b, 0, 1);
      else this.ignored++;
    }
    if (get.driverOk(wanted, 0) !== 0 && this.isRunning) this.#options.started();
  }

  /** FEATURES_OK stays clear when the driver asks for what was not offered, or for an old version (2.2.2, 6.2). */
  #settle(): boolean {
    const { table } = this.#options;
    const offered = namesOf(this.#offered, table);
    const accepted = namesOf(this.#accepted, table);
    const same = wordsOf(accepted, table);
    const known = this.#accepted.every((word, i) => word === same[i]);
    if (!known || !accepted.has('VERSION_1') || [...accepted].some((name) => !offered.has(name)))
      return false;
    this.features = accepted;
    return true;
  }
}
