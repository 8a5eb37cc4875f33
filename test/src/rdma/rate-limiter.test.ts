// Mirrors src/rdma/rate-limiter.ts. What DCQCN must do is worked out by hand from algorithm 1 and section 3.3 of Zhu
// et al. (SIGCOMM 2015); what tables must do from IBA A10.2.1.2.

import {
  Dcqcn,
  type DcqcnParameters,
  gentleCct,
  InjectionDelay,
  mlx5Dcqcn,
  zhuDcqcn,
} from '../../../src/rdma/index.js';
import type { Nanos } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';

const LINE = 40e9;
const GIGABIT = 1e9;
const PERIOD = zhuDcqcn.rpgTimeReset * 1000;
const us = (n: number) => (n * 1000) as Nanos;
const near = (actual: number, wanted: number) =>
  assert.ok(Math.abs(actual - wanted) <= Math.abs(wanted) * 1e-9, `${actual}, not ${wanted}`);

const flow = (more: Partial<DcqcnParameters> = {}) => new Dcqcn({ ...zhuDcqcn, ...more }, LINE);

spec('DCQCN', (it) => {
  it('begins at the link rate, where packets follow each other without a gap', () => {
    const point = flow();
    point.sent(us(1), 1000);
    assert.is(point.nextAt(us(1)), 1200); // 8,000 bits at 40 Gb/s
    assert.is(point.rateAt(us(10_000)), LINE);
  });

  it('a CNP with alpha 1 halves the rate, and the gap between packets doubles', () => {
    const point = flow();
    point.notified(us(100));
    assert.is(point.rate, LINE / 2);
    assert.is(point.target, LINE);
    assert.is(point.alpha, 1);
    point.sent(us(100), 1000);
    assert.is(point.nextAt(us(100)), 100_400);
  });

  it('fast recovery halves the way to the target with each period', () => {
    const point = flow();
    point.notified(us(100));
    const wanted = [30, 35, 37.5, 38.75].map((rate) => rate * GIGABIT);
    const found = wanted.map((_, i) => point.rateAt((100_000 + (i + 1) * PERIOD) as Nanos));
    assert.equal(found, wanted);
    assert.is(point.rateAt((100_000 + 5 * PERIOD - 1) as Nanos), 38.75 * GIGABIT);
  });

  it('asked late, it stands where it would have stood', () => {
    const often = flow();
    const once = flow();
    for (const point of [often, once]) {
      point.notified(us(0));
      point.notified(us(50));
    }
    for (let t = 51; t < 2000; t += 7) often.rateAt(us(t));
    near(once.rateAt(us(2000)), often.rateAt(us(2000)));
    near(once.alpha, often.alpha);
  });

  it('alpha falls by g with each period without a CNP, and rises with one', () => {
    const point = flow();
    point.notified(us(0));
    point.rateAt(us(55 * 10));
    near(point.alpha, (255 / 256) ** 10);
    point.notified(us(55 * 10 + 1));
    near(point.alpha, (255 / 256) ** 11 + 1 / 256);
  });

  it('behind fast recovery the target rises by R_AI a period', () => {
    const point = flow();
    point.notified(us(0));
    point.notified(us(50)); // 40, 20, 10; the target is 20
    assert.is(point.target, 20 * GIGABIT);
    assert.is(point.rate, 10 * GIGABIT);
    const at = (n: number) => (50_000 + n * PERIOD) as Nanos;
    assert.is(point.rateAt(at(4)), (20 - 10 / 16) * GIGABIT);
    const fifth = (point.rate + 20.04 * GIGABIT) / 2;
    near(point.rateAt(at(5)), fifth);
    near(point.target, 20.04 * GIGABIT);
    point.rateAt(at(15));
    near(point.target, 20.44 * GIGABIT);
  });

  it('when time and bytes both say so, the target rises by i times R_HAI', () => {
    const point = flow({ rpgByteReset: 1 }); // 64 bytes
    point.notified(us(0));
    point.notified(us(1));
    point.notified(us(2)); // 40, 20, 10, 5; the target is 10
    const at = (2000 + 6 * PERIOD) as Nanos;
    point.rateAt(at); // six periods, of which two add R_AI
    near(point.target, 10.08 * GIGABIT);
    for (let i = 0; i < 5; i++) point.sent(at, 64); // R_AI each: one of the stages has not passed F
    near(point.target, 10.28 * GIGABIT);
    point.sent(at, 64); // both are at 6: i is 1
    near(point.target, 10.68 * GIGABIT);
  });

  it('never leaves the bounds, and is free of its limit when it is back at the link rate', () => {
    const point = flow();
    for (let i = 0; i < 100; i++) point.notified(us(i));
    assert.is(point.rate, zhuDcqcn.rpgMinRate * 1e6);
    assert.is(point.rateAt(us(10_000_000)), LINE);
  });

  it("with mlx5's parameters no decrease is below half, and none within 4 us of another", () => {
    const point = new Dcqcn(mlx5Dcqcn, LINE);
    point.notified(us(0));
    near(point.rate, LINE * (1 - 1023 / 2048));
    const { rate } = point;
    point.notified(us(2));
    assert.is(point.rate, rate);
    point.notified(us(6));
    assert.ok(point.rate >= rate / 2 && point.rate < rate);
    assert.is(point.target, LINE, 'the target falls with the first decrease after an increase');
  });
});

spec('injection by tables', (it) => {
  it('each BECN moves the index up, and time moves it down again', () => {
    const source = new InjectionDelay({ ...gentleCct, increase: 8, timer: 10 }, 100e9);
    assert.is(source.rateAt(us(0)), 100e9);
    source.notified(us(1));
    assert.is(source.index, 8);
    assert.is(source.rateAt(us(1)), 50e9); // one packet time to wait after each packet
    source.rateAt((1000 + 10_240) as Nanos);
    assert.is(source.index, 7);
    assert.is(source.rateAt(us(1000)), 100e9);
    assert.is(source.index, 0);
  });

  it('the index stays within its limit', () => {
    const source = new InjectionDelay(gentleCct, 100e9);
    for (let i = 0; i < 1000; i++) source.notified(us(1));
    assert.is(source.index, gentleCct.limit);
  });

  it('after a packet the source waits as many packet times as the table says', () => {
    const source = new InjectionDelay({ ...gentleCct, increase: 16 }, 100e9);
    source.notified(us(1));
    source.sent(us(1), 1250); // 100 ns
    assert.is(source.nextAt(us(1)), 1000 + 300);
  });
});
