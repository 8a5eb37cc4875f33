// Busy times in fractions of a nanosecond.

import { Busy } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';

const LATE = 2 ** 53 - 2 ** 20;

spec('what is busy for fractions of a nanosecond', (it) => {
  it('keeps its rate however many pieces there are', () => {
    const busy = new Busy();
    for (let i = 0; i < 100_000; i++) busy.serve(0, 0.32);
    assert.ok(Math.abs(busy.at - 32_000) <= 1, `${busy.at} ns`);
  });

  it('is told by whole numbers, and begins anew after a rest', () => {
    const busy = new Busy();
    busy.serve(10, 2.5);
    assert.is(busy.at, 13);
    assert.is(busy.after(10), 2.5);
    busy.serve(11, 2.5);
    assert.is(busy.at, 15);
    busy.serve(20, 0.25);
    assert.is(busy.at, 21);
    assert.is(busy.after(21), -0.75);
  });

  it('is the same at the end of time as at its beginning', () => {
    const instants = (start: number): string => {
      const busy = new Busy();
      const seen: number[] = [];
      for (let i = 0; i < 1000; i++) {
        busy.serve(start + 7 * (i % 50) + 10 * i, 3.7 + (i % 13) * 0.9);
        seen.push(busy.at - start);
      }
      return seen.join();
    };
    assert.is(instants(LATE), instants(0));
  });
});
