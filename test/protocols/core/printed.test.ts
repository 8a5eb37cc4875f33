// Mirrors protocols/core/printed.ts.

import { Printed } from '../../../protocols/core/printed.js';
import { assert, spec } from '../../support/spec.js';

spec('texts of numbers that were printed before', (it) => {
  it('are right for every number, however many came between', () => {
    const printed = new Printed((value) => `<${value}>`);
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 2000; i++) {
        for (const value of [i, i * 256, 2 ** 32 - i, 2 ** 32 + i]) {
          assert.is(printed.of(value), `<${value}>`);
        }
      }
    }
  });
  it('are printed once while the number comes again and again', () => {
    let count = 0;
    const printed = new Printed((value) => `${value}:${++count}`);
    for (let i = 0; i < 10; i++) assert.is(printed.of(7), '7:1');
  });
});
