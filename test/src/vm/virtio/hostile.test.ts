// Hostile guests and hostile devices: whatever stands in a ring, the other side ends, throws nothing, and names what is wrong.

import * as fc from 'fast-check';
import {
  Chain,
  deviceQueue,
  driverQueue,
  layOut,
  type Refusal,
  type RingFeatures,
} from '../../../../src/vm/virtio/index.js';
import { ScatteredMemory } from '../../../support/scattered-memory.js';
import { assert, spec } from '../../../support/spec.js';
import { F_AVAIL, F_INDIRECT, F_NEXT, F_WRITE } from '../../../support/virtio-reader.js';

const PAGES = 8;
const SIZE = 8;
const split = { packed: false, eventIndex: false, indirect: true, inOrder: false };
const packed = { ...split, packed: true };

/** Writes as a guest would, by the standard's offsets. */
class Guest {
  readonly memory = new ScatteredMemory(PAGES);
  readonly place;
  readonly device;

  constructor(features: RingFeatures) {
    this.place = layOut(4096, SIZE, features).place;
    this.device = deviceQueue({ ...this.place, memory: this.memory, features });
  }

  bytes(address: number, values: readonly number[]): void {
    for (const [i, value] of values.entries()) {
      const b = this.memory.locate(address + i);
      b[this.memory.at] = value;
    }
  }

  le(address: number, value: bigint | number, count: number): void {
    const whole = BigInt(value);
    const values = Array.from({ length: count }, (_, i) => Number((whole >> BigInt(8 * i)) % 256n));
    this.bytes(address, values);
  }

  /** A descriptor of either ring: flags and next, or id and flags. */
  descriptor(at: number, addr: bigint | number, len: number, sixth: number, seventh: number): void {
    this.le(at, addr, 8);
    this.le(at + 8, len, 4);
    this.le(at + 12, sixth, 2);
    this.le(at + 14, seventh, 2);
  }

  split(index: number, addr: bigint | number, len: number, flags: number, next = 0): this {
    this.descriptor(this.place.descriptors + 16 * index, addr, len, flags, next);
    return this;
  }

  packed(index: number, addr: bigint | number, len: number, flags: number): this {
    this.descriptor(this.place.descriptors + 16 * index, addr, len, index, flags | F_AVAIL);
    return this;
  }

  /** Makes the head available. */
  avail(head: number, idx = 1): this {
    this.le(this.place.driver + 4, head, 2);
    this.le(this.place.driver + 2, idx, 2);
    return this;
  }

  refused(why: Refusal): void {
    const chain = new Chain();
    assert.is(this.device.take(chain), 'broken');
    assert.is(this.device.refusals.broken, why);
    assert.is(this.device.refusals.counts[why], 1);
    assert.is(this.device.take(chain), 'broken', 'and stays so');
    assert.is(this.device.refusals.counts[why], 1);
  }
}

spec('hostile guests', (it) => {
  it('more chains available than places', () => {
    new Guest(split)
      .split(0, 64, 64, 0)
      .avail(0, SIZE + 1)
      .refused('avail-index');
  });

  it('a head beyond the table, a next beyond the table', () => {
    new Guest(split).avail(SIZE).refused('descriptor-index');
    new Guest(split).split(0, 64, 64, F_NEXT, 4000).avail(0).refused('descriptor-index');
  });

  it('a chain that bites its tail', () => {
    new Guest(split)
      .split(0, 64, 64, F_NEXT, 1)
      .split(1, 64, 64, F_NEXT, 0)
      .avail(0)
      .refused('chain-too-long');
    const guest = new Guest(packed);
    for (let i = 0; i < SIZE; i++) guest.packed(i, 64, 64, F_NEXT);
    guest.refused('chain-too-long');
  });

  it('addresses and lengths beyond memory', () => {
    const end = PAGES * 4096;
    for (const [addr, len] of [
      [end - 63, 64],
      [0, 0xffffffff],
      [0xffff_ffff_ffff_fff0n, 64],
      [2n ** 53n + 1n, 1],
    ] as const) {
      new Guest(split).split(0, addr, len, 0).avail(0).refused('beyond-memory');
      new Guest(packed).packed(0, addr, len, 0).refused('beyond-memory');
    }
  });

  it('nothing in a piece, and something to read behind something to write', () => {
    new Guest(split).split(0, 64, 0, 0).avail(0).refused('zero-length');
    new Guest(packed).packed(0, 64, 0, 0).refused('zero-length');
    new Guest(split)
      .split(0, 64, 64, F_NEXT | F_WRITE, 1)
      .split(1, 64, 64, 0)
      .avail(0)
      .refused('order');
    new Guest(packed)
      .packed(0, 64, 64, F_NEXT | F_WRITE)
      .packed(1, 64, 64, 0)
      .refused('order');
  });

  it('tables that were not negotiated, or that are none', () => {
    const without = { ...split, indirect: false };
    new Guest(without).split(0, 64, 64, F_INDIRECT).avail(0).refused('indirect-not-negotiated');
    new Guest(split).split(0, 64, 65, F_INDIRECT).avail(0).refused('indirect-length');
    new Guest(split).split(0, 64, 0, F_INDIRECT).avail(0).refused('indirect-length');
    new Guest(split)
      .split(0, 64, 16 * 9, F_INDIRECT)
      .avail(0)
      .refused('chain-too-long');
    new Guest(split)
      .split(0, 2 ** 50, 64, F_INDIRECT)
      .avail(0)
      .refused('beyond-memory');
    new Guest(split)
      .split(0, 64, 64, F_INDIRECT | F_NEXT, 1)
      .avail(0)
      .refused('indirect-with-next');
    new Guest(packed).packed(0, 64, 64, F_INDIRECT | F_NEXT).refused('indirect-with-next');
    new Guest(packed)
      .packed(0, 64, 64, F_NEXT)
      .packed(1, 64, 64, F_INDIRECT)
      .refused('indirect-with-next');
  });

  it('a table in a table, a table that leads out of itself or in circles', () => {
    const guest = () => new Guest(split).split(0, 1000, 32, F_INDIRECT).avail(0);
    const nested = guest();
    nested.descriptor(1000, 64, 64, F_INDIRECT, 0);
    nested.refused('indirect-nested');
    const out = guest();
    out.descriptor(1000, 64, 64, F_NEXT, 2);
    out.refused('descriptor-index');
    const circle = guest();
    circle.descriptor(1000, 64, 64, F_NEXT, 0);
    circle.refused('chain-too-long');
  });

  it('a table across the end of a page is read as it lies for the guest', () => {
    const guest = new Guest(split).split(0, 4088 - 4096 + 16384, 32, F_INDIRECT).avail(0);
    guest.descriptor(16376, 100, 16, F_NEXT, 1);
    guest.descriptor(16392, 200, 32, F_WRITE, 0);
    const chain = new Chain();
    assert.is(guest.device.take(chain), 'chain');
    assert.equal([...chain.addresses.subarray(0, chain.count)], [100, 200]);
    assert.is(chain.readable, 1);
  });

  it('a packed chain that leads into what was not given', () => {
    const guest = new Guest(packed).packed(0, 64, 64, F_NEXT);
    guest.refused('unavailable-descriptor');
  });

  it('descriptors that are given again while the device has them', () => {
    const guest = new Guest(packed);
    for (let i = 0; i < SIZE; i++) guest.packed(i, 64, 64, 0);
    const chain = new Chain();
    for (let i = 0; i < SIZE; i++) assert.is(guest.device.take(chain), 'chain');
    // Available at wrap counter 0: the flag USED alone.
    for (let i = 0; i < SIZE; i++)
      guest.descriptor(guest.place.descriptors + 16 * i, 64, 64, i, 1 << 15);
    guest.refused('avail-index');
    const other = new Guest(split).split(0, 64, 64, 0);
    for (let i = 1; i <= SIZE; i++) {
      other.avail(0, i);
      assert.is(other.device.take(chain), 'chain');
    }
    other.avail(0, SIZE + 1).refused('avail-index');
  });

  it('any bytes: the device ends, throws nothing and stays inside the memory', () => {
    for (const features of [split, packed, { ...split, inOrder: true, eventIndex: true }]) {
      const any = fc.property(fc.uint8Array({ minLength: 256, maxLength: 512 }), (bytes) => {
        const guest = new Guest(features);
        guest.bytes(4096, [...bytes]);
        const chain = new Chain();
        for (let i = 0; i < 100; i++) {
          const found = guest.device.take(chain);
          if (found !== 'chain') break;
          for (let j = 0; j < chain.count; j++)
            assert.ok(guest.memory.holds(chain.addresses[j]!, chain.lengths[j]!));
          guest.device.give(chain.id, chain.slots, 0, chain.writableBytes);
          guest.device.flush();
        }
      });
      fc.assert(any, { numRuns: 300 });
    }
  });
});

spec('hostile devices', (it) => {
  const driven = (features: RingFeatures) => {
    const guest = new Guest(features);
    const driver = driverQueue({ ...guest.place, memory: guest.memory, features });
    driver.add(new Chain().read(64, 64), 1);
    return { guest, driver };
  };

  it('give back what they do not have', () => {
    const { guest, driver } = driven(split);
    guest.le(guest.place.device + 4, 3, 4);
    guest.le(guest.place.device + 2, 1, 2);
    assert.is(driver.take(), 'broken');
    assert.is(driver.refusals.broken, 'used-id');
    const other = driven(packed);
    other.guest.descriptor(other.guest.place.descriptors, 0, 0, 9, (1 << 15) | F_AVAIL);
    assert.is(other.driver.take(), 'broken');
    assert.is(other.driver.refusals.broken, 'used-id');
  });

  it('or more than they have', () => {
    const { guest, driver } = driven(split);
    guest.le(guest.place.device + 2, 2, 2);
    assert.is(driver.take(), 'broken');
    assert.is(driver.refusals.broken, 'used-index');
  });
});
