// Mirrors src/world/sim.ts, ports.ts and link-history.ts, and src/fabric/link.ts.

import type { Fate, Impairment } from '../../../src/fabric/index.js';
import type { FramePool, Station } from '../../../src/frame/index.js';
import { type Nanos, NEVER, ns } from '../../../src/time/index.js';
import { Simulation } from '../../../src/world/sim.js';
import { assert, spec } from '../../support/spec.js';

/** Sends `count` frames of `length` bytes at once, and notes when frames come. */
class Talker implements Station {
  readonly ports = 1;
  readonly arrivals: [at: number, first: number][] = [];
  #sent = 0;
  #told = false;
  constructor(
    readonly name: string,
    readonly pool: FramePool,
    readonly count: number,
    readonly length: number,
    readonly echo = false,
  ) {}
  receive(now: Nanos, _port: number, slot: number): void {
    this.arrivals.push([now, this.pool.bytes(slot)[this.pool.at(slot)]!]);
    this.pool.release(slot);
  }
  takeReady(): number {
    if (this.#told || this.#sent === this.count) return -1;
    this.#told = true;
    return 0;
  }
  transmit(): number {
    if (this.#sent === this.count) return -1;
    const slot = this.pool.take();
    this.pool.setLength(slot, this.length);
    this.pool.bytes(slot)[this.pool.at(slot)] = this.#sent++;
    return slot;
  }
  wakeAt(): Nanos {
    return NEVER;
  }
  expire(): void {}
}

function pair(count: number, length: number, rate: number, impairment?: Impairment) {
  const sim = new Simulation();
  const a = sim.add(new Talker('a', sim.pool, count, length));
  const b = sim.add(new Talker('b', sim.pool, 0, 0));
  const link = sim.connect(a, 0, b, 0, { rate, metres: 10 });
  if (impairment) sim.impair(a, 0, impairment);
  return { sim, a, b, link };
}

/** The same to a station that has frames 500 ns after they came, and what a tap there saw. */
function piped(count: number, watched: boolean) {
  const sim = new Simulation();
  const a = sim.add(new Talker('a', sim.pool, count, 1226));
  const b = sim.add(new Late('b', sim.pool, 0, 0));
  const link = sim.connect(a, 0, b, 0, { rate: 10e9, metres: 10 });
  const seen: string[] = [];
  const frame = (now: Nanos, direction: string) => seen.push(`${direction} ${now}`);
  if (watched) sim.tap(b, 0, { frame });
  return { sim, seen, b: { arrivals: b.arrivals, link } };
}

class Late extends Talker {
  latencyOf(): number {
    return 500;
  }
}

spec('simulation', (it) => {
  it('a frame takes its bits, what goes around them, and the way', () => {
    const { sim, b } = pair(2, 1226, 10e9);
    sim.run();
    // 1226 + 4 FCS + 20 gap = 1250 bytes = 1000 ns at 10 Gb/s, and 50 ns for 10 m. The first frame left
    // when the link was connected, the second when the wire was free.
    assert.equal(b.arrivals, [
      [1050, 0],
      [2050, 1],
    ]);
    assert.is(sim.pool.inUse, 0);
  });
  it('short Ethernet frames are filled to 64 bytes on the wire', () => {
    const { sim, b } = pair(1, 14, 1e9);
    sim.run();
    assert.is(b.arrivals[0]![0], (64 + 20) * 8 + 50);
  });
  it('impairments lose, delay and copy frames, and what is lost is counted by reason', () => {
    const rule: Impairment = {
      name: 'rule',
      apply(_now, _from, pool, slot, fate: Fate) {
        const number = pool.bytes(slot)[pool.at(slot)];
        if (number === 0) fate.lost = 'by rule';
        if (number === 1) fate.delay = 5000;
        if (number === 2) fate.copies = 1;
      },
    };
    const { sim, b } = pair(4, 1226, 10e9, rule);
    // the first frame left before the impairment was there
    sim.run();
    assert.equal(
      b.arrivals.map(([, n]) => n),
      [0, 2, 2, 3, 1],
    );
    assert.is(sim.pool.inUse, 0);
  });
  it('a link that is down loses what is on it', () => {
    const { sim, b, link } = pair(3, 1226, 10e9);
    sim.at(ns(1500), () => {
      link.up = false;
    });
    sim.run();
    assert.is(b.arrivals.length, 1);
    assert.is(sim.lost.get('link down'), 2);
    assert.is(sim.pool.inUse, 0);
  });
  it('what was whole before its link went down is not lost, though a pipeline still has it', () => {
    for (const watched of [false, true]) {
      const { sim, b, seen } = piped(3, watched);

      sim.at(ns(2100), () => sim.setLink(b.link, false));
      sim.at(ns(2900), () => sim.setLink(b.link, true));
      sim.run();
      assert.equal(b.arrivals, [
        [1550, 0],
        [2550, 1],
        [3550, 2],
      ]);
      assert.is(sim.lost.size, 0);
      if (watched) assert.equal(seen, ['in 2050', 'in 3050']);
    }
  });
  it('what comes while its link is down is lost then, though a pipeline would have it later', () => {
    const { sim, b, seen } = piped(3, true);
    sim.at(ns(2010), () => sim.setLink(b.link, false));
    sim.at(ns(2100), () => sim.setLink(b.link, true));
    sim.run();
    assert.equal(b.arrivals, [
      [1550, 0],
      [3550, 2],
    ]);
    assert.is(sim.lost.get('link down'), 1);
    assert.equal(seen, ['lost 2050', 'in 3050']);
    assert.is(sim.pool.inUse, 0);
  });
  it('says what is wrong with a connection', () => {
    const { sim, a, b } = pair(0, 0, 1e9);
    assert.throws(() => sim.connect(a, 0, b, 0, { rate: 1e9 }), /a.0 is connected already/);
    assert.throws(() => sim.connect(a, 1, b, 0, { rate: 1e9 }), /a has no port 1/);
  });
});
