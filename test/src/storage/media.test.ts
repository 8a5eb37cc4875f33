// Mirrors src/storage/media.ts.

import { media } from '../../../src/profiles/catalogue.js';
import { MediaVolume } from '../../../src/storage/media.js';
import { MemoryVolume } from '../../../src/storage/memory-volume.js';
import type { Nanos } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';

/** A clock that goes from call to call. */
function clock() {
  let now = 0;
  const calls: { at: number; then: () => void }[] = [];
  return {
    now: () => now as Nanos,
    at: (at: Nanos, then: () => void) => calls.push({ at, then }),
    run: () => {
      for (;;) {
        calls.sort((a, b) => a.at - b.at);
        const next = calls.shift();
        if (!next) return now;
        now = next.at;
        next.then();
      }
    },
  };
}

const disk = media.get('optanep5800x')!;
const plain = { at: 0, fua: false, noHole: false };

/** When so many operations that are asked for at once are done. */
function took(kind: 'read' | 'write', count: number, length: number): number {
  const world = clock();
  const volume = new MediaVolume(new MemoryVolume(64 << 20), disk, world);
  let done = 0;
  for (let i = 0; i < count; i++) {
    const io = { ...plain, offset: i * length, length, bytes: new Uint8Array(length) };
    volume[kind]({ ...io, done: () => done++ });
  }
  const end = world.run();
  assert.is(done, count);
  return end;
}

spec('media', (it) => {
  it('take their time for a request, and serve so many at once', () => {
    const transfer = (512 * 8e9) / disk.readBitsPerSecond;
    assert.is(took('read', 1, 512), Math.ceil(disk.readNs));
    assert.is(took('read', disk.channels, 512), Math.ceil(disk.readNs));
    assert.is(took('read', disk.channels + 1, 512), Math.ceil(2 * disk.readNs));
    assert.ok(transfer < disk.readNs, 'which is not what is measured here');
  });

  it('reach the rate that their makers tell, and no more bytes a second', () => {
    const rate = (3000 * 1e9) / took('read', 3000, 4096);
    assert.ok(Math.abs(rate / 1.5e6 - 1) < 0.1, `${rate} reads a second`);
    const bits = (60 * (1 << 20) * 8e9) / took('write', 60, 1 << 20);
    assert.ok(Math.abs(bits / disk.writeBitsPerSecond - 1) < 0.01, `${bits} bits a second`);
  });

  it('keep what is written as it was when it was handed over', () => {
    const world = clock();
    const volume = new MediaVolume(new MemoryVolume(4096), disk, world);
    const bytes = new Uint8Array(512).fill(7);
    volume.write({ ...plain, offset: 0, length: 512, bytes, done: () => {} });
    bytes.fill(9);
    const back = new Uint8Array(512);
    world.run();
    volume.read({ ...plain, offset: 0, length: 512, bytes: back, done: () => {} });
    world.run();
    assert.ok(back.every((byte) => byte === 7));
  });
});
