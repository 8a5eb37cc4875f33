// How a card's rate falls as its queue pairs outgrow its caches: in steps that a card would show, never to a standstill.

import { connectX2, connectX3, connectX5 } from '../../../src/profiles/nic.js';
import { readRate } from '../../support/read-rate.js';
import { assert, spec } from '../../support/spec.js';

const FOR_NS = 60_000;
/** Published for cards with small caches: a half to a quarter is left with hundreds to thousands (FaRM, NSDI 2014). */
const MOST_LOSS = 5;

spec('READs of 32 bytes over many queue pairs', (it) => {
  for (const nic of [connectX2, connectX3]) {
    it(`lose a part of their rate when they outgrow a small cache, and no more: ${nic.name}`, () => {
      const rates = [16, 128, 320, 512, 768].map((count) => readRate(nic, count, FOR_NS));
      const said = rates.map(({ millions, misses }) => `${millions} (${misses})`).join(', ');
      const [few, many] = [rates[0]!, rates.at(-1)!];
      assert.is(
        rates.reduce((sum, { failed }) => sum + failed, 0),
        0,
      );
      assert.ok(rates[1]!.millions > 0.9 * few.millions, said);
      assert.ok(many.millions < few.millions / 1.5, said);
      for (const { millions } of rates) assert.ok(millions > few.millions / MOST_LOSS, said);
      // The context is read for the request and for its answer at most, not again and again.
      for (const { misses } of rates) assert.ok(misses < 2.2, said);
    });
  }

  it('keep their rate in a large cache', () => {
    const [few, many] = [16, 512].map((count) => readRate(connectX5, count, FOR_NS));
    assert.ok(many!.millions > 0.9 * few!.millions, `${few!.millions}, ${many!.millions}`);
    assert.is(many!.misses, 0);
  });
});
