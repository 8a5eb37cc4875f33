// Mirrors src/storage/memory-volume.ts.

import { MemoryVolume } from '../../../src/storage/index.js';
import { EPERM, Extents, OK, operate } from '../../../src/storage/volume.js';
import { Random } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';

const KIB = 1024;

async function read(volume: MemoryVolume, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length).fill(0xee);
  assert.is(await operate(volume, 'read', { offset, bytes }), OK);
  return bytes;
}

const filled = (length: number, value: number) => new Uint8Array(length).fill(value);

spec('memory volume', (it) => {
  it('holds what was written and reads as zeroes elsewhere', async () => {
    const volume = new MemoryVolume(1 << 20);
    await operate(volume, 'write', { offset: 65_000, bytes: filled(2000, 7) });
    assert.equal(await read(volume, 64_999, 2002), Uint8Array.of(0, ...filled(2000, 7), 0));
    assert.is(volume.allocated, 128 * KIB, 'two chunks');
  });

  it('gives storage back when whole chunks are zeroed or trimmed', async () => {
    const volume = new MemoryVolume(1 << 20);
    await operate(volume, 'write', { bytes: filled(256 * KIB, 1) });
    await operate(volume, 'trim', { offset: 64 * KIB, length: 64 * KIB });
    await operate(volume, 'zero', { offset: 130 * KIB, length: 126 * KIB });
    assert.is(volume.allocated, 128 * KIB);
    const extents = new Extents();
    volume.status(
      {
        offset: 0,
        length: 1 << 20,
        bytes: filled(0, 0),
        at: 0,
        fua: false,
        noHole: false,
        done() {},
      },
      extents,
    );
    assert.equal(extents.lengths, [64 * KIB, 64 * KIB, 64 * KIB, 832 * KIB]);
    assert.equal(extents.holes, [false, true, false, true]);
  });

  it('has snapshots and clones that later writes on either side do not touch', async () => {
    const volume = new MemoryVolume(1 << 20, 'a');
    await operate(volume, 'write', { bytes: filled(8192, 1) });
    const snapshot = volume.clone('a@1', true);
    const clone = snapshot.clone('b');
    await operate(volume, 'write', { bytes: filled(4096, 2) });
    await operate(clone, 'write', { offset: 4096, bytes: filled(4096, 3) });
    const shown = async (v: MemoryVolume) => [
      (await read(v, 0, 1))[0],
      (await read(v, 4096, 1))[0],
    ];
    assert.equal(await shown(volume), [2, 1]);
    assert.equal(await shown(snapshot), [1, 1]);
    assert.equal(await shown(clone), [1, 3]);
    assert.is(await operate(snapshot, 'write', { bytes: filled(1, 9) }), EPERM);
  });

  it('forgets what a smaller size cuts off', async () => {
    const volume = new MemoryVolume(200 * KIB);
    await operate(volume, 'write', { bytes: filled(200 * KIB, 5) });
    volume.resize(100 * KIB);
    volume.resize(300 * KIB);
    assert.equal(await read(volume, 100 * KIB - 1, 3), Uint8Array.of(5, 0, 0));
    assert.equal(await read(volume, 199 * KIB, 1), Uint8Array.of(0));
  });

  it('agrees with plain bytes under random work', async () => {
    const random = new Random(1, 'memory volume');
    const size = 300_000;
    let volume = new MemoryVolume(size);
    const model = new Uint8Array(size);
    for (let i = 0; i < 2000; i++) {
      const offset = random.below(size);
      const length = Math.min(size - offset, random.below(random.chance(0.2) ? 200_000 : 5000));
      const kind = (['write', 'zero', 'write', 'read'] as const)[random.below(4)]!;
      if (kind === 'read') {
        const found = await read(volume, offset, length);
        assert.ok(Buffer.compare(found, model.subarray(offset, offset + length)) === 0);
      } else if (kind === 'zero') {
        const noHole = random.chance(0.3);
        await operate(volume, 'zero', { offset, length, noHole });
        model.fill(0, offset, offset + length);
      } else {
        const bytes = filled(length, 1 + random.below(255));
        await operate(volume, 'write', { offset, bytes });
        model.set(bytes, offset);
      }
      if (random.chance(0.01)) volume = volume.clone(`${i}`);
    }
  });
});
