// Mirrors src/cpu/fair.ts: shares of a core, whose turn it is, who moves to another core; against closed forms where they
// exist.

import { type Cores, Signal, type Thread, type Wait } from '../../../src/cpu/index.js';
import { after, type Nanos, ns, Random } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';
import { coresOf, drive } from './drive.js';

const start = ns(0);
const MS = 1e6;

const forever = function* (thread: Thread): Generator<Wait, void, void> {
  for (;;) yield thread.spend(10 * MS);
};

/** Nanoseconds that each of the threads had, after `end`. */
function shares(cores: Cores, threads: readonly Thread[], end: number): number[] {
  const had = threads.map(() => 0);
  for (const core of cores.cores)
    core.observer = {
      spent: (_core, doing, from, until, name) => {
        const i = threads.findIndex((thread) => thread.name === name);
        if (doing === 'busy') had[i]! += until - from;
      },
    };
  drive(cores, end);
  for (const core of cores.cores) core.account(ns(end));
  return had;
}

/** Mean, and the half width of its interval of 99.7 %, by means of batches. */
function confidence(values: readonly number[], batches = 25): { mean: number; half: number } {
  const size = Math.floor(values.length / batches);
  const means = Array.from({ length: batches }, (_, b) => {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += values[b * size + i]!;
    return sum / size;
  });
  const mean = means.reduce((a, b) => a + b) / batches;
  const variance = means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (batches - 1);
  return { mean, half: 3 * Math.sqrt(variance / batches) };
}

spec('fair scheduling', (it) => {
  it('equal threads have equal shares, to within a slice', () => {
    const cores = coresOf();
    const threads = ['a', 'b', 'c'].map((name) => cores.spawn(start, name, forever));
    for (const had of shares(cores, threads, 300 * MS)) assert.ok(Math.abs(had - 100 * MS) <= 1e5);
  });

  it('shares follow the weights', () => {
    const cores = coresOf({ latencyNs: 4 * MS });
    const weights = [1024, 2048, 5120];
    const threads = weights.map((weight, i) => cores.spawn(start, `${i}`, forever, { weight }));
    const had = shares(cores, threads, 800 * MS);
    weights.forEach((weight, i) => {
      assert.ok(Math.abs(had[i]! - (800 * MS * weight) / 8192) <= 4 * MS, `${had[i]}`);
    });
  });

  it('equal jobs take turns by slices: job i of n ends in its turn of the last round', () => {
    const cores = coresOf({ timeSliceNs: 1000 });
    const ends: number[] = [];
    const [n, rounds] = [4, 7];
    for (let i = 0; i < n; i++)
      cores.spawn(start, `${i}`, function* (thread) {
        yield thread.spend(rounds * 1000);
        ends[i] = thread.now;
      });
    drive(cores, MS);
    assert.equal(
      ends,
      [0, 1, 2, 3].map((i) => ((rounds - 1) * n + i + 1) * 1000),
    );
  });

  it('who sleeps much takes the core at once when it wakes, from who has it all the time', () => {
    const cores = coresOf({ timeSliceNs: 3 * MS, latencyNs: 24 * MS, wakeUpGranularityNs: 4 * MS });
    const signal = new Signal();
    const late: number[] = [];
    cores.spawn(start, 'hog', forever);
    cores.spawn(start, 'sleeper', function* (thread) {
      for (;;) {
        yield thread.block(signal);
        late.push(thread.now % (10 * MS));
        yield thread.spend(1000);
      }
    });
    drive(cores, 100 * MS, 50 * MS, (now) => {
      signal.raise(now);
      return after(now, 10 * MS);
    });
    assert.equal(late, [0, 0, 0, 0, 0, 0]);
  });

  it('a thread that wakes while its core is taken moves to one that is free, unless it is pinned', () => {
    for (const pinned of [false, true]) {
      const cores = coresOf({ cores: 2, timeSliceNs: 3 * MS });
      const signal = new Signal();
      let where = '';
      cores.spawn(
        start,
        'sleeper',
        function* (thread) {
          yield thread.block(signal);
          where = `${thread.now} on ${thread.core}`;
        },
        pinned ? { core: 0 } : {},
      );
      drive(cores, 100);
      cores.spawn(ns(100), 'hog', forever, { core: 0 });
      drive(cores, 20 * MS, 2 * MS, (now) => {
        signal.raise(now);
        return Number.POSITIVE_INFINITY;
      });
      // The one that stays takes it, for it is more than half a slice behind.
      assert.is(where, `${2 * MS} on ${pinned ? 0 : 1}`);
    }
  });

  it('a core that runs out of work takes who waits for another one', () => {
    const cores = coresOf({ cores: 2 });
    const ends: string[] = [];
    const job = (ms: number) =>
      function* (thread: Thread): Generator<Wait, void, void> {
        yield thread.spend(ms * MS);
        ends.push(`${thread.name} ${thread.now / MS} on ${thread.core}`);
      };
    cores.spawn(start, 'a', job(3));
    cores.spawn(start, 'short', job(1));
    cores.spawn(start, 'b', job(3));
    cores.spawn(start, 'pinned', job(1), { core: 0 });
    drive(cores, 100 * MS);
    // Of 8 ms of work, core 0 has 7 to begin with; what the other core took cannot be in two places at the end.
    const last = Math.max(...ends.map((end) => Number(end.split(' ')[1])));
    assert.ok(last <= 4.5, `${ends}`);
    assert.ok(ends.some((end) => /^pinned .* on 0$/.test(end)));
    assert.ok(ends.some((end) => /^[ab] .* on 1$/.test(end)));
  });

  it('work ends by its time or by a signal, and says what is left of it', () => {
    const cores = coresOf({ cores: 2 });
    const signal = new Signal();
    const log: string[] = [];
    cores.spawn(start, 'a', function* (thread) {
      yield thread.work(5000, signal);
      log.push(`${thread.now} ${thread.timedOut} ${thread.unspent}`);
      yield thread.work(5000, signal);
      log.push(`${thread.now} ${thread.timedOut} ${thread.unspent}`);
    });
    drive(cores, MS, 7000, (now) => {
      signal.raise(now);
      return Number.POSITIVE_INFINITY;
    });
    assert.equal(log, ['5000 true 0', '7000 false 3000']);
    assert.is(cores.cores[0]!.busyNs, 7000);
  });

  it('waiting time at one server with random arrivals and services is that of M/M/1', () => {
    const cores = coresOf();
    const random = new Random(7);
    const [arrivalNs, serviceNs] = [10_000, 7000];
    const queue: { at: number; service: number }[] = [];
    const signal = new Signal();
    const waits: number[] = [];
    cores.spawn(start, 'server', function* (thread) {
      for (;;) {
        const job = queue.shift();
        if (job === undefined) {
          yield thread.block(signal);
          continue;
        }
        waits.push(thread.now - job.at);
        yield thread.spend(job.service);
      }
    });
    let jobs = 0;
    drive(cores, 1e12, 0, (now) => {
      queue.push({ at: now, service: exponential(random, serviceNs) });
      signal.raise(now);
      return ++jobs < 50_000
        ? after(now, exponential(random, arrivalNs))
        : Number.POSITIVE_INFINITY;
    });
    const load = serviceNs / arrivalNs;
    const expected = (load / (1 - load)) * serviceNs; // Kleinrock, Queueing Systems I, 3.2
    const { mean, half } = confidence(waits);
    assert.ok(Math.abs(mean - expected) < half, `${mean} is not ${expected} +- ${half}`);
    assert.ok(half < expected / 4);
  });

  it('threads that share a core stay as long as in M/M/1 with processor sharing, short ones shorter', () => {
    const cores = coresOf({ timeSliceNs: 200 });
    const random = new Random(11);
    const [arrivalNs, serviceNs] = [10_000, 6000];
    const short: number[] = [];
    const stays: number[] = [];
    let jobs = 0;
    drive(cores, 1e12, 0, (now: Nanos) => {
      const service = exponential(random, serviceNs);
      cores.spawn(now, 'job', function* (thread) {
        yield thread.spend(service);
        stays.push(thread.now - now);
        if (service < serviceNs / 2) short.push((thread.now - now) / service);
      });
      return ++jobs < 12_000
        ? after(now, exponential(random, arrivalNs))
        : Number.POSITIVE_INFINITY;
    });
    const load = serviceNs / arrivalNs;
    const expected = serviceNs / (1 - load); // Kleinrock, Queueing Systems II, 4.4
    const { mean, half } = confidence(stays);
    assert.ok(Math.abs(mean - expected) < half, `${mean} is not ${expected} +- ${half}`);
    // A job that is served first come, first served stays as long whatever its length; here stay and length go together.
    const slowdown = short.reduce((a, b) => a + b) / short.length;
    assert.ok(Math.abs(slowdown - 1 / (1 - load)) < 0.5, `${slowdown}`);
  });
});

const exponential = (random: Random, mean: number): number =>
  Math.max(1, Math.round(-Math.log(1 - random.unit()) * mean));
