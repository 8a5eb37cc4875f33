// Runs without end: no leak, no drift. The suite runs some hundred thousand events and says what a thousand million
// would hold; WIREVERBS_EVENTS=1e9 runs them all (an hour of a core at rest).

import { Endless, held } from '../../support/random/endless.js';
import { assert, spec } from '../../support/spec.js';

const SUITE_EVENTS = 600_000;
/** Samples that are taken of a whole run. */
const PARTS = 8;
/** Times as many events as were asked for, when the first look is not clear. */
const MOST_TIMES = 4;
const events = Number(process.env.WIREVERBS_EVENTS ?? SUITE_EVENTS);
const MANY = 1e9;
/** What may be held more after that many events than after the first ones. */
const MOST_GROWTH = 2 ** 28;
/** Where whole numbers end, less than the time that the run takes. */
const LATE = 2 ** 53 - 2 ** 40;
const LOSS = 0.001;

spec('a run without end', (it) => {
  it(`holds no more after ${events} events than after a few, and 10^9 would stay within 256 MiB`, () => {
    const run = new Endless(0, LOSS, true);
    const begun = Date.now();
    /** Goes on to that many events; of the samples on the way the one with the least, as collection is not exact. */
    const least = (until: number) => {
      const from = run.sim.events;
      let best = { events: 0, bytes: Number.POSITIVE_INFINITY };
      for (let part = 1; part <= PARTS; part++) {
        run.until(from + ((until - from) * part) / PARTS);
        const bytes = held();
        if (bytes < best.bytes) best = { events: run.sim.events, bytes };
        if (events <= SUITE_EVENTS) continue;
        const speed = Math.round(run.sim.events / (Date.now() - begun));
        console.log(`${run.sim.events} events, ${bytes} bytes held, ${speed} events a millisecond`);
      }
      return best;
    };
    run.until(events / 4); // until then all is made that is made once
    const early = least(events / 2);
    let each = Number.POSITIVE_INFINITY;
    // What others in the process let go or take late is once; a leak is as large in every part.
    for (let times = 1; times <= MOST_TIMES && each * MANY >= MOST_GROWTH; times++) {
      const late = least(events * times);
      each = (late.bytes - early.bytes) / (late.events - early.events);
    }
    assert.ok(each * MANY < MOST_GROWTH, `${each} bytes an event`);
    assert.ok((run.sim.lost.get('loss') ?? 0) > 0);
  });

  it('does the same to the nanosecond at the end of time as at its beginning', () => {
    const times = (start: number, timed: boolean) => {
      const run = new Endless(start, LOSS, timed);
      const seen: string[] = [];
      while (run.sim.events < 30_000) {
        run.step();
        seen.push(`${run.sim.now - start} ${run.done} ${run.sim.events}`);
      }
      for (const { host } of run.ends) seen.push(JSON.stringify(host.device.counters.all()));
      return seen.join('\n');
    };
    assert.ok(times(LATE, false) === times(0, false), 'up to 2^53 ns');
    assert.ok(times(LATE, true) === times(0, true), 'with the times that a NIC takes');
  });
});
