// A driver and a device on one virtqueue, driven by a random program and held to a model after every step; what lies in
// memory is read by the independent reader.

import { Random } from '../../../../src/time/index.js';
import * as virtio from '../../../../src/vm/virtio/index.js';
import { ScatteredMemory } from '../../../support/scattered-memory.js';
import { assert } from '../../../support/spec.js';
import { packedBuffers, rawSplit, splitChain } from '../../../support/virtio-reader.js';
import { RingModel } from './ring-model.js';

const PAGES = 24;
const TABLE_ENTRIES = 4;

export class RingWorld {
  readonly memory: ScatteredMemory;
  readonly place: virtio.QueuePlace;
  readonly driver: virtio.DriverQueue;
  readonly device: virtio.DeviceQueue;
  readonly model: RingModel;
  readonly random: Random;
  readonly #chain = new virtio.Chain();
  #token = 0;
  /** Where the device reads next in a packed ring. */
  #index = 0;
  #wrap = 1;
  #driverSleeps = false;
  #deviceSleeps = false;
  interrupts = 0;
  kicks = 0;

  constructor(
    readonly features: virtio.RingFeatures,
    size: number,
    seed: number,
  ) {
    this.random = new Random(seed);
    this.memory = new ScatteredMemory(PAGES, seed);
    // Not at the beginning of a page, so that rings lie across several.
    const { place, end } = virtio.layOut(4096 - 48, size, features);
    this.place = place;
    assert.is(virtio.placeProblem(this.memory, place, features), null);
    const options = { ...place, memory: this.memory, features };
    const tables = { address: Math.ceil(end / 16) * 16, entries: TABLE_ENTRIES };
    this.driver = virtio.driverQueue(options, tables);
    this.device = virtio.deviceQueue(options);
    this.model = new RingModel(features.inOrder);
  }

  step(): void {
    const acts = [
      () => this.add(),
      () => this.add(),
      () => this.take(),
      () => this.take(),
      () => this.give(),
      () => this.give(),
      () => this.flush(),
      () => this.finish(),
      () => this.finish(),
      () => this.driverSleeps(),
      () => this.deviceSleeps(),
      () => this.driverWakes(),
      () => this.deviceWakes(),
    ];
    acts[this.random.below(acts.length)]!();
    this.look();
  }

  add(): void {
    const chain = this.#chain.clear();
    const count = 1 + this.random.below(6);
    const readable = this.random.below(count + 1);
    const pieces = Array.from({ length: count }, (_, i) => {
      const addr = this.random.below(PAGES * 4096 - 8192);
      const len = 1 + this.random.below(8000);
      const write = i >= readable;
      if (write) chain.write(addr, len);
      else chain.read(addr, len);
      return { addr, len, write };
    });
    const token = this.#token++;
    if (!this.driver.add(chain, token)) return;
    this.model.add(token, pieces);
    const kicks = this.driver.needsKick();
    if (kicks) this.kicks++;
    assert.ok(kicks || !this.#deviceSleeps, 'a device that waits is told');
    this.#deviceSleeps = false;
  }

  take(): void {
    const chain = this.#chain;
    const found = this.device.take(chain);
    assert.is(found, this.model.available.length > 0 ? 'chain' : 'empty');
    if (found !== 'chain') return;
    this.#deviceSleeps = false;
    const buffer = this.model.take(chain.id, chain.slots);
    const pieces = Array.from({ length: chain.count }, (_, i) => ({
      addr: chain.addresses[i],
      len: chain.lengths[i],
      write: i >= chain.readable,
    }));
    assert.equal(pieces, buffer.pieces);
    assert.is(chain.writableBytes, buffer.writable);
    this.#index += chain.slots;
    if (this.#index >= this.place.size) {
      this.#index -= this.place.size;
      this.#wrap = 1 - this.#wrap;
    }
  }

  give(): void {
    const { unfinished } = this.model;
    if (unfinished.length === 0) return;
    const buffer = unfinished[this.random.below(unfinished.length)]!;
    const whole = this.random.chance(0.7);
    const written = whole ? buffer.writable : this.random.below(buffer.writable + 1);
    this.model.give(buffer, written);
    this.device.give(buffer.id, buffer.slots, written, buffer.writable);
  }

  flush(): void {
    const interrupts = this.device.flush();
    const news = this.model.flush();
    if (interrupts) this.interrupts++;
    assert.ok(news > 0 || !interrupts, 'nothing new, no interrupt');
    if (news === 0) return;
    assert.ok(interrupts || !this.#driverSleeps, 'a driver that waits is told');
    this.#driverSleeps = false;
  }

  finish(): void {
    const found = this.driver.take();
    const buffer = this.model.shown.shift();
    assert.is(found, buffer ? 'chain' : 'empty');
    if (!buffer) return;
    this.#driverSleeps = false;
    assert.is(this.driver.token, buffer.token);
    assert.is(this.driver.written, buffer.written);
  }

  driverSleeps(): void {
    const more = this.driver.arm();
    assert.is(more, this.model.shown.length > 0);
    this.#driverSleeps = !more;
  }

  deviceSleeps(): void {
    const more = this.device.arm();
    assert.is(more, this.model.available.length > 0);
    this.#deviceSleeps = !more;
  }

  driverWakes(): void {
    this.driver.disarm();
    this.#driverSleeps = false;
  }

  deviceWakes(): void {
    this.device.disarm();
    this.#deviceSleeps = false;
  }

  /** What is available in memory is what the model says. */
  look(): void {
    const { available } = this.model;
    const image = this.memory.image();
    const found = this.features.packed
      ? packedBuffers(image, this.place, this.#index, this.#wrap, this.#slotsLeft())
      : this.#splitBuffers(image);
    assert.equal(
      found.map(({ pieces }) => pieces),
      available.map(({ pieces }) => pieces),
    );
  }

  /** Descriptors that the device does not hold. */
  #slotsLeft(): number {
    return this.place.size - this.model.held.reduce((sum, { slots }) => sum + slots, 0);
  }

  #splitBuffers(image: Uint8Array) {
    const { avail } = rawSplit(image, this.place);
    const { length } = this.model.available;
    return Array.from({ length }, (_, i) => {
      const place = (avail.idx - length + i + 65536) % this.place.size;
      return { pieces: splitChain(image, this.place, avail.ring[place]!) };
    });
  }
}
