// Virtqueues byte for byte: what our driver and device leave in a guest's memory, read with offsets taken from the text of
// virtio 1.2 alone.

import {
  Chain,
  deviceQueue,
  driverQueue,
  layOut,
  placeProblem,
  type RingFeatures,
} from '../../../../src/vm/virtio/index.js';
import { ScatteredMemory } from '../../../support/scattered-memory.js';
import { assert, spec } from '../../../support/spec.js';
import {
  F_AVAIL,
  F_INDIRECT,
  F_NEXT,
  F_USED,
  F_WRITE,
  rawDescriptor,
  rawEvent,
  rawPacked,
  rawSplit,
} from '../../../support/virtio-reader.js';

const none = { packed: false, eventIndex: false, indirect: false, inOrder: false };

function pair(features: RingFeatures, size: number) {
  const memory = new ScatteredMemory(8);
  const { place, end } = layOut(4096, size, features);
  const options = { ...place, memory, features };
  const driver = driverQueue(options, { address: Math.ceil(end / 16) * 16, entries: 4 });
  return { memory, place, driver, device: deviceQueue(options), tables: Math.ceil(end / 16) * 16 };
}

const request = () => new Chain().read(0x1234, 16).write(0x2000, 4096).write(0x3008, 1);

spec('layout of virtqueues', (it) => {
  it('a split queue has the areas of section 2.7', () => {
    const { place } = pair(none, 4);
    assert.equal(place, { size: 4, descriptors: 4096, driver: 4096 + 64, device: 4096 + 64 + 16 });
  });

  it('a packed queue has the areas of section 2.8.10.1', () => {
    const { place } = pair({ ...none, packed: true }, 5);
    assert.equal(place, { size: 5, descriptors: 4096, driver: 4096 + 80, device: 4096 + 84 });
  });

  it('a split chain lies in the table, its head in the available ring', () => {
    const { memory, place, driver } = pair(none, 4);
    driver.add(request(), 7);
    const { descriptors, avail, used } = rawSplit(memory.image(), place);
    assert.equal(descriptors.slice(0, 3), [
      { addr: 0x1234n, len: 16, flags: F_NEXT, next: 1 },
      { addr: 0x2000n, len: 4096, flags: F_NEXT | F_WRITE, next: 2 },
      { addr: 0x3008n, len: 1, flags: F_WRITE, next: 0 },
    ]);
    assert.equal([avail.flags, avail.idx, avail.ring[0]], [0, 1, 0]);
    assert.equal([used.flags, used.idx], [0, 0]);
  });

  it('a used split chain stands in the used ring once it is shown', () => {
    const { memory, place, driver, device } = pair(none, 4);
    const chain = new Chain();
    driver.add(request(), 7);
    assert.is(device.take(chain), 'chain');
    device.give(chain.id, chain.slots, 4097, chain.writableBytes);
    assert.is(rawSplit(memory.image(), place).used.idx, 0);
    device.flush();
    const { used } = rawSplit(memory.image(), place);
    assert.is(used.idx, 1);
    assert.equal(used.ring[0], { id: 0, len: 4097 });
  });

  it('event indices stand behind the elements of both split rings', () => {
    const { memory, place, driver, device } = pair({ ...none, eventIndex: true }, 4);
    const chain = new Chain();
    for (let i = 0; i < 3; i++) {
      driver.add(new Chain().read(64, 64), i);
      device.take(chain);
      device.give(chain.id, chain.slots, 0, 0);
      device.flush();
      driver.take();
    }
    const { avail, used } = rawSplit(memory.image(), place);
    assert.is(avail.usedEvent, 3);
    assert.is(used.availEvent, 3);
    assert.equal([avail.flags, used.flags], [0, 0]);
  });

  it('flags ask for silence where event indices were not negotiated', () => {
    const { memory, place, driver, device } = pair(none, 4);
    driver.disarm();
    device.disarm();
    const silent = rawSplit(memory.image(), place);
    assert.equal([silent.avail.flags, silent.used.flags], [1, 1]);
    driver.arm();
    device.arm();
    const loud = rawSplit(memory.image(), place);
    assert.equal([loud.avail.flags, loud.used.flags], [0, 0]);
  });

  it('an indirect chain takes one descriptor, and its table lies elsewhere', () => {
    const { memory, place, driver, tables } = pair({ ...none, indirect: true }, 4);
    driver.add(request(), 7);
    const image = memory.image();
    const { descriptors } = rawSplit(image, place);
    assert.equal(descriptors[0], { addr: BigInt(tables), len: 48, flags: F_INDIRECT, next: 0 });
    const table = [0, 16, 32].map((at) => rawDescriptor(image, tables + at));
    assert.equal(
      table.map(({ flags, next }) => [flags, next]),
      [
        [F_NEXT, 1],
        [F_NEXT | F_WRITE, 2],
        [F_WRITE, 0],
      ],
    );
  });

  it('a packed chain lies in ring order with the wrap counter in its flags', () => {
    const { memory, place, driver } = pair({ ...none, packed: true }, 4);
    driver.add(request(), 7);
    const ring = rawPacked(memory.image(), place);
    assert.equal(
      ring.map(({ flags }) => flags),
      [F_AVAIL | F_NEXT, F_AVAIL | F_NEXT | F_WRITE, F_AVAIL | F_WRITE, 0],
    );
    assert.equal(
      ring.slice(0, 3).map(({ addr, len, id }) => [addr, len, id]),
      [
        [0x1234n, 16, 0],
        [0x2000n, 4096, 0],
        [0x3008n, 1, 0],
      ],
    );
  });

  it('a used packed descriptor overwrites the first of its chain, and the next round has the flags inverted', () => {
    const { memory, place, driver, device } = pair({ ...none, packed: true }, 4);
    const chain = new Chain();
    for (let i = 0; i < 2; i++) {
      driver.add(request(), i);
      device.take(chain);
      device.give(chain.id, chain.slots, 4097, chain.writableBytes);
      device.flush();
      driver.take();
    }
    const ring = rawPacked(memory.image(), place);
    // First buffer in descriptors 0 to 2; the second in 3, 0 and 1, and so used in 3, still of the first round.
    assert.is(ring[3]!.flags, F_AVAIL | F_USED | F_WRITE);
    assert.equal([ring[3]!.id, ring[3]!.len], [1, 4097]);
    assert.is(ring[0]!.flags, F_NEXT | F_WRITE | F_USED); // available at wrap counter 0
    driver.add(new Chain().read(64, 64), 2);
    device.take(chain);
    device.give(chain.id, chain.slots, 0, 0);
    device.flush();
    assert.is(rawPacked(memory.image(), place)[2]!.flags, 0); // used at wrap counter 0, nothing written
  });

  it('event suppression of a packed queue names a descriptor and a round', () => {
    const { memory, place, driver, device } = pair({ ...none, packed: true, eventIndex: true }, 4);
    const chain = new Chain();
    for (let i = 0; i < 6; i++) {
      driver.add(new Chain().read(64, 64), i);
      device.take(chain);
      device.give(chain.id, chain.slots, 0, 0);
      device.flush();
      driver.take();
    }
    const image = memory.image();
    assert.equal(rawEvent(image, place.driver), { off: 2, wrap: 0, flags: 2 });
    assert.equal(rawEvent(image, place.device), { off: 2, wrap: 0, flags: 2 });
    driver.disarm();
    assert.is(rawEvent(memory.image(), place.driver).flags, 1);
  });

  it('places are refused that no queue can have', () => {
    const memory = new ScatteredMemory(8);
    const { place } = layOut(4096, 4, none);
    const problem = (change: object, features = none) =>
      placeProblem(memory, { ...place, ...change }, features);
    assert.is(problem({}), null);
    assert.is(problem({ size: 3 }), 'size');
    assert.is(problem({ size: 0 }), 'size');
    assert.is(problem({ size: 65536 }), 'size');
    assert.is(problem({ size: 3 }, { ...none, packed: true }), null);
    assert.is(problem({ descriptors: 4104 }), 'alignment');
    assert.is(problem({ driver: 4097 }), 'alignment');
    assert.is(problem({ device: 4098 }), 'alignment');
    assert.is(problem({ descriptors: 32768 - 48 }), 'memory');
    assert.is(problem({ device: 2 ** 60 }), 'memory');
  });

  it('headers are read wherever the guest has cut its pieces', () => {
    const memory = new ScatteredMemory(8, 5);
    const bytes = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7) % 251);
    const into = new Chain().write(4000, 1).write(8190, 4099).write(20000, 900);
    assert.is(into.copyIn(memory, 0, bytes), 5000);
    const from = new Chain().read(4000, 1).read(8190, 4099).read(20000, 900);
    const back = new Uint8Array(5000);
    assert.is(from.copyOut(memory, 0, 5000, back), 5000);
    assert.equal(back, bytes);
    assert.is(from.copyOut(memory, 4098, 10, back), 10);
    assert.equal(back.subarray(0, 10), bytes.subarray(4098, 4108));
    assert.is(from.copyOut(memory, 4990, 100, back), 10);
  });
});
