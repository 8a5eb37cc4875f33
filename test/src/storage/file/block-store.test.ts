// Mirrors src/storage/file/block-store.ts and file-volume.ts: what a store on disk does when all goes well, and what it
// says when the disk does not; crash.test.ts has the crashes.

import { BlockStore } from '../../../../src/storage/file/block-store.js';
import type { FileVolume } from '../../../../src/storage/file/file-volume.js';
import { SLOT } from '../../../../src/storage/file/format.js';
import {
  EINVAL,
  EIO,
  ENOSPC,
  Extents,
  type IoError,
  OK,
  operate,
} from '../../../../src/storage/volume.js';
import { Random } from '../../../../src/time/index.js';
import { SimulatedDisk } from '../../../support/simulated-disk.js';
import { assert, spec } from '../../../support/spec.js';

const MIB = 1 << 20;

class Bench {
  disk = new SimulatedDisk(new Random(1, 'disk'));
  store = this.#open();

  #open(): BlockStore {
    return new BlockStore(this.disk, { random: () => 77, journalPages: 4 });
  }

  /** Waits for what the disk is doing. */
  settle(): void {
    while (this.disk.syncing) this.disk.settle();
  }

  done(operation: (done: (error: IoError) => void) => void): IoError {
    let outcome: IoError = -1;
    operation((error) => {
      outcome = error;
    });
    this.settle();
    return outcome;
  }

  create(name = 'v', size = MIB): FileVolume {
    assert.is(
      this.done((done) => this.store.create(name, size, done)),
      OK,
    );
    return this.store.volume(name)!;
  }

  /** After a restart. */
  again(name = 'v'): FileVolume {
    this.disk = new SimulatedDisk(new Random(2, 'disk'), this.disk.crash());
    this.store = this.#open();
    this.settle();
    return this.store.volume(name)!;
  }
}

const filled = (length: number, value: number) => new Uint8Array(length).fill(value);

async function read(volume: FileVolume, offset: number, length = 1): Promise<Uint8Array> {
  const bytes = filled(length, 0xee);
  assert.is(await operate(volume, 'read', { offset, bytes }), OK);
  return bytes;
}

spec('store on disk', (it) => {
  it('holds what was flushed over a restart, thinly', async () => {
    const bench = new Bench();
    const volume = bench.create('v', 2 ** 40);
    await operate(volume, 'write', { offset: 2 ** 39 - 100, bytes: filled(200, 5) });
    assert.is(
      bench.done((done) => bench.store.flush(done)),
      OK,
    );
    const again = bench.again();
    assert.is(again.size, 2 ** 40);
    assert.equal(await read(again, 2 ** 39 - 101, 3), Uint8Array.of(0, 5, 5));
    assert.is(again.allocated, 2 * SLOT);
    assert.ok(bench.disk.size < 64 * SLOT);
  });

  it('serves all flushes that wait by one sync, and none that comes later', async () => {
    const bench = new Bench();
    const volume = bench.create();
    await operate(volume, 'write', { bytes: filled(SLOT, 1) });
    let served = 0;
    const done = () => served++;
    bench.store.flush(done);
    const before = bench.store.counts.syncs;
    await operate(volume, 'write', { offset: SLOT, bytes: filled(SLOT, 2) });
    for (let i = 0; i < 10; i++) bench.store.flush(done);
    bench.disk.settle();
    assert.is(served, 1);
    bench.settle();
    assert.is(served, 11);
    assert.is(bench.store.counts.syncs, before + 1);
  });

  it('answers a flush at once when everything is durable', () => {
    const bench = new Bench();
    bench.create();
    let answered = false;
    bench.store.flush(() => {
      answered = true;
    });
    assert.ok(answered);
  });

  it('tells data that was torn, moved or is of another time by its CRC', async () => {
    const bench = new Bench();
    const volume = bench.create();
    for (const value of [1, 2]) await operate(volume, 'write', { bytes: filled(2 * SLOT, value) });
    const slot = volume.map.leafOf(0)!.slots[0]!;
    const old = new Uint8Array(SLOT).fill(1);
    const spoil = async (bytes: Uint8Array) => {
      bench.disk.write(slot * SLOT, bytes, 0, bytes.length);
      assert.is(await operate(volume, 'read', { length: SLOT, bytes: new Uint8Array(SLOT) }), EIO);
      assert.is(await operate(volume, 'write', { offset: 7, bytes: filled(1, 1) }), EIO, 'a part');
    };
    await spoil(old.subarray(0, 512));
    await spoil(old);
    await operate(volume, 'write', { offset: SLOT, bytes: filled(SLOT, 3) });
    await spoil(filled(SLOT, 3));
    assert.ok(bench.store.counts.damaged >= 6);
    assert.equal(await read(volume, SLOT), filled(1, 3), 'the other block is whole');
  });

  it('is fenced by a sync that fails', async () => {
    const bench = new Bench();
    const volume = bench.create();
    await operate(volume, 'write', { bytes: filled(SLOT, 1) });
    bench.disk.failsNext = true;
    assert.is(
      bench.done((done) => bench.store.flush(done)),
      EIO,
    );
    assert.is(await operate(volume, 'write', { bytes: filled(SLOT, 2) }), EIO);
    assert.is(await operate(volume, 'read', { bytes: filled(SLOT, 2) }), EIO);
    assert.is(
      bench.done((done) => bench.store.flush(done)),
      EIO,
    );
    assert.match(bench.store.fenced, 'failed to sync');
  });

  it('says when the disk is full, keeps what it has, and goes on when there is room', async () => {
    const bench = new Bench();
    const volume = bench.create();
    await operate(volume, 'write', { bytes: filled(SLOT, 1) });
    bench.disk.room = bench.disk.size;
    let offset = SLOT;
    let error: IoError = OK;
    for (; error === OK && offset < MIB; offset += SLOT)
      error = await operate(volume, 'write', { offset, bytes: filled(SLOT, 2) });
    assert.is(error, ENOSPC);
    assert.equal(await read(volume, 0), filled(1, 1));
    bench.disk.room = Infinity;
    assert.is(await operate(volume, 'write', { offset, bytes: filled(SLOT, 3) }), OK);
    assert.is(
      bench.done((done) => bench.store.flush(done)),
      OK,
    );
    assert.equal(await read(bench.again(), offset), filled(1, 3));
  });

  it('uses the slots of overwritten blocks again', async () => {
    const bench = new Bench();
    const volume = bench.create();
    for (let i = 0; i < 200; i++) {
      await operate(volume, 'write', { bytes: filled(16 * SLOT, i) });
      bench.done((done) => bench.store.flush(done));
    }
    assert.ok(bench.disk.size < 100 * SLOT, `${bench.disk.size / SLOT} slots`);
  });

  it('has snapshots and clones that survive their parent', async () => {
    const bench = new Bench();
    const volume = bench.create();
    await operate(volume, 'write', { bytes: filled(2 * SLOT, 1) });
    assert.is(
      bench.done((done) => bench.store.clone('v', 'snap', true, done)),
      OK,
    );
    await operate(volume, 'write', { bytes: filled(SLOT, 2) });
    assert.is(
      bench.done((done) => bench.store.clone('snap', 'clone', false, done)),
      OK,
    );
    const clone = bench.store.volume('clone')!;
    await operate(clone, 'write', { offset: SLOT, bytes: filled(SLOT, 3) });
    for (const name of ['v', 'snap'])
      assert.is(
        bench.done((done) => bench.store.remove(name, done)),
        OK,
      );
    const again = bench.again('clone');
    assert.equal(await read(again, 0), filled(1, 1));
    assert.equal(await read(again, SLOT), filled(1, 3));
    assert.is(bench.store.volume('v'), undefined);
    assert.is(
      bench.done((done) => bench.store.clone('v', 'x', true, done)),
      EINVAL,
    );
  });

  it('grows and shrinks, and forgets what was cut off', async () => {
    const bench = new Bench();
    const volume = bench.create('v', 10 * SLOT);
    await operate(volume, 'write', { bytes: filled(10 * SLOT, 9) });
    for (const size of [4 * SLOT + 100, 20 * SLOT])
      assert.is(
        bench.done((done) => bench.store.resize('v', size, done)),
        OK,
      );
    const again = bench.again();
    assert.is(again.size, 20 * SLOT);
    assert.equal(await read(again, 4 * SLOT + 99, 3), Uint8Array.of(9, 0, 0));
    assert.equal(await read(again, 9 * SLOT), filled(1, 0));
  });

  it('tells holes from data', async () => {
    const bench = new Bench();
    const volume = bench.create();
    await operate(volume, 'write', { offset: 8 * SLOT, bytes: filled(4 * SLOT, 1) });
    await operate(volume, 'trim', { offset: 9 * SLOT, length: SLOT });
    const extents = new Extents();
    const whole = { offset: 0, length: MIB, bytes: filled(0, 0), at: 0, fua: false, noHole: false };
    volume.status({ ...whole, done: () => {} }, extents);
    assert.equal(extents.lengths.slice(0, 4), [8 * SLOT, SLOT, SLOT, 2 * SLOT]);
    assert.equal(extents.holes, [true, false, true, false, true]);
  });

  it('refuses a file that is no store, and one whose superblocks are damaged', () => {
    const bench = new Bench();
    bench.create();
    const bytes = bench.disk.crash();
    bytes.fill(0xff, 0, 20);
    bytes.fill(0xff, SLOT, SLOT + 20);
    const open = (content: Uint8Array) =>
      new BlockStore(new SimulatedDisk(new Random(1), content), { random: () => 1 });
    assert.throws(() => open(bytes), /no store of ours/);
    assert.throws(() => open(filled(100_000, 65)), /no store of ours/);
  });
});
