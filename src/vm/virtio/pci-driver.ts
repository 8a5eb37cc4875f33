// How a driver in a guest reaches a virtio device over PCI (virtio 1.2, 3.1.1, 4.1.5): every access to its configuration
// traps and is answered by the process; a kick traps as well, and ends in the kernel where that has an event for it.

import { PciCommon } from '../../../protocols/virtio/index.js';
import type { InterruptWork, Thread, Wait } from '../../cpu/index.js';
import { UsageError } from '../../memory/index.js';
import { setAddress } from '../../memory/physical-bytes.js';
import type { Nanos } from '../../time/index.js';
import { touch } from '../emulated/process.js';
import type { Vm } from '../vm.js';
import type { DeviceThread } from './device-thread.js';
import { type FeatureTable, namesOf, ringFeaturesOf, wordsOf } from './features.js';
import type { PciFunction } from './pci-function.js';
import type { VirtioProfile } from './profile.js';
import type { DriverQueue, IndirectTables } from './queue.js';
import { driverQueue, layOut } from './virtqueue.js';

const PAGE = 4096;
const DESC_BYTES = 16;
/** What the driver sets beyond that at each step (3.1.1). */
const ACKNOWLEDGE = 1;
const DRIVER = 2;
const FEATURES_OK = 8;
const DRIVER_OK = 4;

type Register = Exclude<keyof typeof PciCommon.at, `reserved${string}`>;

/** A virtio device as a driver has it before it. */
export interface VirtioCard {
  readonly name: string;
  readonly vm: Vm;
  readonly profile: VirtioProfile;
  readonly pci: PciFunction;
  readonly device: DeviceThread;
}

export class PciDriver {
  features: ReadonlySet<string> = new Set();
  readonly #card: VirtioCard;

  constructor(card: VirtioCard) {
    this.#card = card;
  }

  /** An access to the configuration: the guest leaves, the process answers. */
  *#access(thread: Thread, act: () => void): Generator<Wait, void, void> {
    const { vm, profile } = this.#card;
    yield* touch(vm, thread, profile.registerNs, () => {
      act();
      return undefined;
    });
  }

  *read(thread: Thread, register: Register): Generator<Wait, number, void> {
    const b = new Uint8Array(PciCommon.size);
    const span = PciCommon.span(register)!;
    yield* this.#access(thread, () =>
      this.#card.pci.read(span.at, b.subarray(span.at, span.at + span.size)),
    );
    return Number(PciCommon.read(register, b, 0));
  }

  *write(thread: Thread, register: Register, value: number): Generator<Wait, void, void> {
    const b = new Uint8Array(PciCommon.size);
    const span = PciCommon.span(register)!;
    PciCommon.write(register, b, 0, value);
    const bytes = b.subarray(span.at, span.at + span.size);
    yield* this.#access(thread, () => this.#card.pci.write(span.at, bytes));
  }

  /** In two halves, as a driver must (4.1.3.1). */
  *#writeAddress(
    thread: Thread,
    register: 'queueDesc' | 'queueDriver' | 'queueDevice',
    address: number,
  ): Generator<Wait, void, void> {
    const b = new Uint8Array(8);
    setAddress(b, 0, address);
    const at = PciCommon.at[register];
    const half = b.length / 2;
    yield* this.#access(thread, () => this.#card.pci.write(at, b.subarray(0, half)));
    yield* this.#access(thread, () => this.#card.pci.write(at + half, b.subarray(half)));
  }

  *#status(thread: Thread, value: number): Generator<Wait, number, void> {
    const b = Uint8Array.of(value);
    const at = PciCommon.at.driverOk;
    yield* this.#access(thread, () => this.#card.pci.write(at, b));
    yield* this.#access(thread, () => this.#card.pci.read(at, b));
    return b[0]!;
  }

  *readConfig(thread: Thread, length: number): Generator<Wait, Uint8Array, void> {
    const b = new Uint8Array(length);
    const word = 4;
    for (let at = 0; at < length; at += word) {
      const part = b.subarray(at, Math.min(at + word, length));
      yield* this.#access(thread, () => this.#card.pci.readConfig(at, part));
    }
    return b;
  }

  *writeConfig(thread: Thread, offset: number, bytes: Uint8Array): Generator<Wait, void, void> {
    yield* this.#access(thread, () => this.#card.pci.writeConfig(offset, bytes));
  }

  /** The same when it may change meanwhile: what is read is of one generation (2.4.1). */
  *readChanged(thread: Thread, length: number): Generator<Wait, Uint8Array, void> {
    for (;;) {
      const before = yield* this.read(thread, 'configGeneration');
      const config = yield* this.readConfig(thread, length);
      if ((yield* this.read(thread, 'configGeneration')) === before) return config;
    }
  }

  /** The device interrupts by this vector when its configuration changes. */
  *hearChanges(
    thread: Thread,
    vector: number,
    handler: InterruptWork,
  ): Generator<Wait, void, void> {
    this.#card.device.connect(vector, handler);
    yield* this.write(thread, 'configMsixVector', vector);
  }

  /**
   * Steps 1 to 6 of setting a device up (3.1.1): afterwards both agree on features.
   * @throws UsageError EIO when the device does not take what it has offered itself
   */
  *settle(
    thread: Thread,
    table: FeatureTable,
    wanted: ReadonlySet<string>,
  ): Generator<Wait, void, void> {
    yield* this.#status(thread, 0);
    yield* this.#status(thread, ACKNOWLEDGE);
    yield* this.#status(thread, ACKNOWLEDGE + DRIVER);
    const words = [];
    for (const select of [0, 1]) {
      yield* this.write(thread, 'deviceFeatureSelect', select);
      words.push(yield* this.read(thread, 'deviceFeature'));
    }
    const offered = namesOf(words, table);
    this.features = new Set([...offered].filter((name) => wanted.has(name)));
    const accepted = wordsOf(this.features, table);
    for (const select of [0, 1]) {
      yield* this.write(thread, 'driverFeatureSelect', select);
      yield* this.write(thread, 'driverFeature', accepted[select]!);
    }
    const status = yield* this.#status(thread, ACKNOWLEDGE + DRIVER + FEATURES_OK);
    if (status !== ACKNOWLEDGE + DRIVER + FEATURES_OK)
      throw new UsageError('EIO', `${this.#card.name} does not take its own features`);
  }

  /** A queue in the guest's memory, as large as the device has it; null when it has none of that number. */
  *openQueue(
    thread: Thread,
    index: number,
    tableEntries = 0,
  ): Generator<Wait, DriverQueue | null, void> {
    const { vm } = this.#card;
    yield* this.write(thread, 'queueSelect', index);
    const size = yield* this.read(thread, 'queueSize');
    if (size === 0) return null;
    const features = ringFeaturesOf(this.features);
    const bytes = layOut(0, size, features).end;
    const address = vm.memory.allocate(PAGE, Math.ceil(bytes / PAGE), 0, 'virtqueue');
    const { place } = layOut(address, size, features);
    let tables: IndirectTables | undefined;
    if (features.indirect && tableEntries > 0) {
      const pages = Math.ceil((size * tableEntries * DESC_BYTES) / PAGE);
      tables = {
        address: vm.memory.allocate(PAGE, pages, 0, 'indirect descriptors'),
        entries: tableEntries,
      };
    }
    yield* this.#writeAddress(thread, 'queueDesc', place.descriptors);
    yield* this.#writeAddress(thread, 'queueDriver', place.driver);
    yield* this.#writeAddress(thread, 'queueDevice', place.device);
    yield* this.write(thread, 'queueMsixVector', index);
    yield* this.write(thread, 'queueEnable', 1);
    return driverQueue({ ...place, memory: vm.memory, features }, tables);
  }

  /** The last step: the device may begin. */
  *ready(thread: Thread): Generator<Wait, void, void> {
    yield* this.#status(thread, ACKNOWLEDGE + DRIVER + FEATURES_OK + DRIVER_OK);
  }

  /** Tells the device of what was added, if it wants to hear it. */
  *kick(thread: Thread, queue: DriverQueue): Generator<Wait, void, void> {
    const { vm, device } = this.#card;
    if (queue.needsKick()) yield* vm.trap(thread, 'ept-misconfig', device.kicked);
  }

  /** The same at the end of an interrupt's handler. */
  kickFromInterrupt(now: Nanos, vcpu: number, queue: DriverQueue): void {
    const { vm, device } = this.#card;
    if (queue.needsKick()) vm.vcpus[vcpu]!.exit(now, 'ept-misconfig', device.kicked);
  }
}
