// The timer's interrupt.

import { Cores, TimerTick } from '../../../src/cpu/index.js';
import { Ledger } from '../../../src/memory/index.js';
import { realTimeCpu } from '../../../src/profiles/cpu.js';
import { type Nanos, NEVER, START } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';

const profile = { ...realTimeCpu, realTime: false, cores: 2, interruptNs: 200 };

spec('the timer', (it) => {
  it('interrupts cores that have threads, whose work waits for it, and ends with the last', () => {
    const cores = new Cores({ ...profile, tick: { hertz: 1000, ns: 300 } }, new Ledger());
    const tick = new TimerTick(cores);
    let ended = 0;
    const program = function* (thread: Parameters<Parameters<Cores['spawn']>[2]>[0]) {
      yield thread.spend(2_500_000);
      ended = thread.now;
    };
    cores.spawn(START, 'works', program, { core: 0 });
    for (let now = START as Nanos; now !== NEVER; ) {
      if (tick.wakeAt() <= now) tick.expire(now);
      if (cores.wakeAt() <= now) cores.expire(now);
      now = Math.min(cores.wakeAt(), tick.wakeAt()) as Nanos;
    }
    assert.is(ended, 2_500_000 + 2 * (200 + 300));
    assert.is(cores.cores[0]!.interruptNs, 2 * (200 + 300));
    assert.is(cores.cores[1]!.interruptNs, 0, 'nobody is there');
  });

  it('never comes where the profile has none', () => {
    assert.is(new TimerTick(new Cores(profile, new Ledger())).wakeAt(), NEVER);
  });
});
