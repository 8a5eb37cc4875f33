// Mirrors src/storage/rate-limit.ts.

import { MemoryVolume, OK } from '../../../src/storage/index.js';
import { RateLimited } from '../../../src/storage/rate-limit.js';
import { EventQueue, type Nanos } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';

/** Virtual time in which what waits happens in order. */
class World {
  time = 0;
  readonly #queue = new EventQueue();
  readonly #calls: (() => void)[] = [];
  now = (): Nanos => this.time as Nanos;
  at = (time: Nanos, then: () => void): void => {
    this.#queue.put(time, 0, this.#calls.push(then) - 1);
  };

  run(): void {
    for (let due = this.#queue.due(); this.#queue.next(); due = this.#queue.due()) {
      this.time = due;
      this.#calls[this.#queue.a]!();
    }
  }
}

spec('rate limit', (it) => {
  it('lets through what was bought, and no more', () => {
    const world = new World();
    const volume = new MemoryVolume(1 << 20);
    const limited = new RateLimited(volume, { opsPerSecond: 1000, bytesPerSecond: 1 << 20 }, world);
    const ends: number[] = [];
    const bytes = new Uint8Array(4096);
    for (let i = 0; i < 256; i++) {
      const done = (error: number) => {
        assert.is(error, OK);
        ends.push(world.time);
      };
      bytes.fill(i + 1);
      limited.write({
        offset: i * 4096,
        length: 4096,
        bytes,
        at: 0,
        fua: false,
        noHole: false,
        done,
      });
    }
    world.run();
    // 1 MiB at 1 MiB/s takes a second, of which a tenth goes at once.
    assert.is(ends.length, 256);
    assert.ok(Math.abs(ends.at(-1)! - 0.9e9) < 0.01e9, `${ends.at(-1)}`);
    assert.is(volume.lend(255 * 4096)[0], 0, 'the last is 256 modulo 256');
    assert.is(
      volume.lend(200 * 4096)[0],
      201,
      'each its own bytes, though the caller changed them',
    );
  });
});
