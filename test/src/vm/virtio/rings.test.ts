// Both kinds of virtqueue under random programs, held to a model, with what lies in memory read independently.

import type { RingFeatures } from '../../../../src/vm/virtio/index.js';
import { assert, spec } from '../../../support/spec.js';
import { RingWorld } from './ring-world.js';

const flags = [false, true];
const all: RingFeatures[] = flags.flatMap((packed) =>
  flags.flatMap((eventIndex) =>
    flags.flatMap((indirect) =>
      flags.map((inOrder) => ({ packed, eventIndex, indirect, inOrder })),
    ),
  ),
);

const nameOf = (features: RingFeatures) =>
  Object.entries(features)
    .filter(([, on]) => on)
    .map(([name]) => name)
    .join(', ') || 'split';

const SEEDS = 6;
const STEPS = 150;

spec('virtqueues', (it) => {
  for (const features of all) {
    it(`carry what a model says under random programs: ${nameOf(features)}`, () => {
      const sizes = features.packed ? [6, 7, 64] : [8, 64];
      for (const size of sizes)
        for (let seed = 1; seed <= SEEDS; seed++) {
          const world = new RingWorld(features, size, seed);
          for (let i = 0; i < STEPS; i++) world.step();
        }
    });
    it(`lose nothing when counters wrap: ${nameOf(features)}`, () => {
      const world = new RingWorld(features, features.packed ? 7 : 8, 1);
      const rounds = features.eventIndex && !features.inOrder ? 70_000 : 2000;
      for (let i = 0; i < rounds; i++) {
        world.add();
        if (i % 3 === 0) world.deviceSleeps();
        world.take();
        world.give();
        if (i % 5 === 0) world.driverSleeps();
        world.flush();
        world.finish();
      }
      assert.is(world.driver.outstanding, 0);
      world.look();
    });
  }

  it('are told of every buffer where nobody suppresses anything, and of far fewer by event index', () => {
    const run = (eventIndex: boolean) => {
      const features = { packed: true, eventIndex, indirect: false, inOrder: false };
      const world = new RingWorld(features, 64, 3);
      for (let i = 0; i < 100; i++) {
        world.add();
        world.take();
        world.give();
        world.flush();
        // Neither side takes before it was told sixteen times.
        if (i % 16 === 0) while (world.model.shown.length > 0) world.finish();
      }
      return world.interrupts;
    };
    assert.ok(run(false) >= 50);
    assert.ok(run(true) < 20, `${run(true)}`);
  });
});
