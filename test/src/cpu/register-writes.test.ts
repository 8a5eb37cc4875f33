// Writes of a core to registers of devices, and cycles that are no whole nanoseconds.

import { Cycles, RegisterWrites } from '../../../src/cpu/index.js';
import { ns } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';

spec('writes to registers', (it) => {
  it('leave one after the other, and the core goes on', () => {
    const writes = new RegisterWrites(300);
    assert.is(writes.post(ns(1000)), 1000);
    assert.is(writes.stallNs(ns(1000)), 0);
    assert.is(writes.post(ns(1000)), 1300);
    assert.is(writes.post(ns(5000)), 5000);
  });

  it('a fence waits until all have left', () => {
    const writes = new RegisterWrites(300);
    assert.is(writes.fenceNs(ns(1000)), 0);
    writes.post(ns(1000));
    writes.post(ns(1000));
    assert.is(writes.fenceNs(ns(1100)), 500);
    assert.is(writes.fenceNs(ns(1600)), 0);
  });

  it('a full buffer makes the core wait for one to leave', () => {
    const writes = new RegisterWrites(300);
    for (let i = 0; i < 56; i++) {
      assert.is(writes.stallNs(ns(0)), 0);
      writes.post(ns(0));
    }
    assert.is(writes.stallNs(ns(0)), 300);
  });
});

spec('cycles', (it) => {
  it('add up to their time, although each piece is in whole nanoseconds', () => {
    const cycles = new Cycles(3.4e9);
    let sum = 0;
    for (let i = 0; i < 3400; i++) sum += cycles.ns(7);
    assert.ok(Math.abs(sum - 7000) <= 1);
  });
});
