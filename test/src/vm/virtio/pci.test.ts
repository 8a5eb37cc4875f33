// A virtio device's common configuration: features and status in their order, queues only where they can be, and drivers that
// write anything. Offsets are those of virtio 1.2, 4.1.4.3.

import * as fc from 'fast-check';
import { blkTable } from '../../../../src/vm/virtio/features.js';
import { PciFunction } from '../../../../src/vm/virtio/pci-function.js';
import { ScatteredMemory } from '../../../support/scattered-memory.js';
import { assert, spec } from '../../../support/spec.js';

const FEATURE_SELECT = 0;
const FEATURE = 4;
const DRIVER_SELECT = 8;
const DRIVER_FEATURE = 12;
const NUM_QUEUES = 18;
const STATUS = 20;
const QUEUE_SELECT = 22;
const QUEUE_SIZE = 24;
const QUEUE_ENABLE = 28;
const QUEUE_DESC = 32;
const QUEUE_DRIVER = 40;
const QUEUE_DEVICE = 48;

const VERSION_1 = 1; // bit 32
const EVENT_IDX = 2 ** 29;
const FLUSH = 2 ** 9;

class Registers {
  started = 0;
  resets = 0;
  readonly pci: PciFunction;

  constructor() {
    this.pci = new PciFunction({
      memory: new ScatteredMemory(8),
      table: blkTable,
      features: ['EVENT_IDX', 'FLUSH'],
      queues: 2,
      queueSize: 64,
      config: Uint8Array.of(1, 2, 3, 4),
      started: () => this.started++,
      reset: () => this.resets++,
    });
  }

  read(offset: number, size: number): number {
    const b = new Uint8Array(size);
    this.pci.read(offset, b);
    return b.reduceRight((sum, byte) => sum * 256 + byte, 0);
  }

  write(offset: number, size: number, value: number): this {
    const b = new Uint8Array(size);
    for (let i = 0, rest = value; i < size; i++, rest = Math.floor(rest / 256)) b[i] = rest % 256;
    this.pci.write(offset, b);
    return this;
  }

  accept(low: number, high: number): this {
    this.write(DRIVER_SELECT, 4, 0).write(DRIVER_FEATURE, 4, low);
    return this.write(DRIVER_SELECT, 4, 1).write(DRIVER_FEATURE, 4, high);
  }

  queue(index: number, size: number, desc: number, driver: number, device: number): this {
    this.write(QUEUE_SELECT, 2, index).write(QUEUE_SIZE, 2, size);
    this.write(QUEUE_DESC, 4, desc).write(QUEUE_DESC + 4, 4, 0);
    this.write(QUEUE_DRIVER, 4, driver).write(QUEUE_DRIVER + 4, 4, 0);
    this.write(QUEUE_DEVICE, 4, device).write(QUEUE_DEVICE + 4, 4, 0);
    return this.write(QUEUE_ENABLE, 2, 1);
  }
}

spec('virtio over PCI', (it) => {
  it('offers its features in words of 32 bits, and nothing beyond', () => {
    const r = new Registers();
    assert.is(r.write(FEATURE_SELECT, 4, 0).read(FEATURE, 4), EVENT_IDX + FLUSH);
    assert.is(r.write(FEATURE_SELECT, 4, 1).read(FEATURE, 4), VERSION_1);
    assert.is(r.write(FEATURE_SELECT, 4, 2).read(FEATURE, 4), 0);
    assert.is(r.read(NUM_QUEUES, 2), 2);
    assert.is(r.write(QUEUE_SELECT, 2, 1).read(QUEUE_SIZE, 2), 64);
    assert.is(r.write(QUEUE_SELECT, 2, 2).read(QUEUE_SIZE, 2), 0);
  });

  it('is set up step by step, and then runs', () => {
    const r = new Registers();
    r.write(STATUS, 1, 0).write(STATUS, 1, 1).write(STATUS, 1, 3).accept(EVENT_IDX, VERSION_1);
    assert.is(r.write(STATUS, 1, 11).read(STATUS, 1), 11);
    assert.equal([...r.pci.features].sort(), ['EVENT_IDX', 'VERSION_1']);
    r.queue(0, 8, 4096, 4224, 4248);
    assert.is(r.read(QUEUE_ENABLE, 2), 1);
    assert.is(r.pci.queue(0)?.size, 8);
    assert.is(r.pci.queue(1), null);
    assert.is(r.write(STATUS, 1, 15).read(STATUS, 1), 15);
    assert.is(r.started, 1);
    assert.ok(r.pci.isRunning);
    assert.is(r.pci.ignored, 0);
    r.write(STATUS, 1, 0);
    assert.equal([r.read(STATUS, 1), r.resets, r.pci.queue(0)], [0, 2, null]);
  });

  it('does not take features that it has not offered, nor a driver of an old version', () => {
    for (const [low, high] of [
      [EVENT_IDX + 2 ** 28, VERSION_1],
      [2 ** 31, VERSION_1],
      [EVENT_IDX, 0],
      [EVENT_IDX, VERSION_1 + 4],
    ] as const) {
      const r = new Registers();
      r.write(STATUS, 1, 1).write(STATUS, 1, 3).accept(low, high);
      assert.is(r.write(STATUS, 1, 11).read(STATUS, 1), 3);
      assert.is(r.write(STATUS, 1, 15).read(STATUS, 1), 3);
      assert.is(r.started, 0);
    }
  });

  it('hears no step before the one that it follows, and forgets none', () => {
    const r = new Registers();
    assert.is(r.write(STATUS, 1, 2).read(STATUS, 1), 0);
    assert.is(r.write(STATUS, 1, 4).read(STATUS, 1), 0);
    assert.is(r.write(STATUS, 1, 1).write(STATUS, 1, 2).read(STATUS, 1), 3);
    assert.is(r.write(STATUS, 1, 64).read(STATUS, 1), 3);
    assert.ok(r.pci.ignored >= 4);
  });

  it('has no queue before features are settled, and none where none can be', () => {
    const early = new Registers();
    early.queue(0, 8, 4096, 4224, 4248);
    assert.is(early.pci.queue(0), null);
    const settled = () =>
      new Registers()
        .write(STATUS, 1, 1)
        .write(STATUS, 1, 3)
        .accept(0, VERSION_1)
        .write(STATUS, 1, 11);
    for (const [size, desc, driver, device] of [
      [7, 4096, 4224, 4248],
      [128, 4096, 8192, 12_288],
      [8, 4097, 4224, 4248],
      [8, 4096, 4225, 4248],
      [8, 4096, 4224, 4250],
      [8, 2 ** 31, 4224, 4248],
    ] as const) {
      const r = settled().queue(0, size, desc, driver, device);
      assert.is(r.pci.queue(0), null);
      assert.ok(r.pci.ignored > 0);
    }
    assert.ok(settled().queue(0, 8, 4096, 4224, 4248).pci.queue(0));
  });

  it('takes anything that is written anywhere', () => {
    const access = fc.record({
      offset: fc.nat({ max: 64 }),
      size: fc.constantFrom(1, 2, 4, 8),
      value: fc.oneof(fc.nat({ max: 16 }), fc.nat()),
    });
    const any = fc.property(fc.array(access, { maxLength: 60 }), (accesses) => {
      const r = new Registers();
      for (const { offset, size, value } of accesses) {
        r.write(offset, size, value);
        r.read(offset, size);
      }
    });
    fc.assert(any, { numRuns: 200 });
  });
});
