// Mirrors src/cpu/: threads on cores in time.

import {
  Cores,
  type CpuProfile,
  type Program,
  Signal,
  type Thread,
  type Wait,
} from '../../../src/cpu/index.js';
import { Ledger } from '../../../src/memory/index.js';
import { after, type Nanos, NEVER, ns } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';

const profile: CpuProfile = {
  name: 'round numbers',
  cores: 2,
  hertz: 1e9,
  systemCallNs: 100,
  contextSwitchNs: 1000,
  wakeUpNs: 5000,
  interruptNs: 200,
  timeSliceNs: 100_000,
  copyBitsPerSecond: 80e9,
  postNs: 0,
  pollNs: 0,
  emptyPollNs: 0,
};

/** Lets time pass until nothing is left to do; `at` raises signals and the like. */
function run(cores: Cores, events: readonly (readonly [number, (now: Nanos) => void])[] = []) {
  const left = [...events];
  for (let turns = 0; turns < 10_000; turns++) {
    const event = left[0]?.[0] ?? NEVER;
    const next = Math.min(event, cores.wakeAt()) as Nanos;
    if (next === NEVER) return;
    if (event === next) left.shift()![1](next);
    cores.expire(next);
  }
  throw new Error('it never ends');
}

function make(change: Partial<CpuProfile> = {}) {
  const ledger = new Ledger();
  const cores = new Cores({ ...profile, ...change }, ledger);
  const log: string[] = [];
  const say = (thread: Thread, what: string) => log.push(`${thread.now} ${thread.name} ${what}`);
  return { cores, ledger, log, say, signal: new Signal() };
}

const start = ns(0);

spec('cores', (it) => {
  it('a thread is busy for what it spends, and two of one core take turns', () => {
    const { cores, log, say } = make();
    const work = function* (thread: Thread): Generator<Wait, void, void> {
      yield thread.spend(150_000);
      say(thread, 'is done');
    };
    cores.spawn(start, 'a', work, { core: 0 });
    cores.spawn(start, 'b', work, { core: 0 });
    cores.spawn(start, 'c', work);
    run(cores);
    // Slices of 100 us, of which a switch takes 1: a 99, b 99, a 51, b 51.
    assert.equal(log, ['151000 c is done', '252000 a is done', '304000 b is done']);
    const [first] = cores.cores;
    assert.is(first!.busyNs, 300_000);
    assert.is(first!.switchNs, 4000);
    assert.is(cores.threads.length, 0);
  });

  it('who spins goes on at the instant of the signal; who blocks later, by wake-up and switch', () => {
    const { cores, ledger, log, say, signal } = make();
    cores.spawn(start, 'spinner', function* (thread) {
      yield thread.spin(signal);
      say(thread, 'goes on');
    });
    cores.spawn(start, 'sleeper', function* (thread) {
      yield thread.block(signal);
      say(thread, 'goes on');
    });
    run(cores, [[50_000, (now) => signal.raise(now)]]);
    assert.equal(log, ['50000 spinner goes on', '56000 sleeper goes on']);
    assert.is(cores.cores[0]!.spinNs, 49_000);
    assert.is(cores.cores[1]!.busyNs + cores.cores[1]!.spinNs, 0);
    // Each got its core once, and the second once more after it had given it up.
    assert.is(ledger.total('context-switch').count, 3);
  });

  it('a signal raised while the thread looks elsewhere is not lost', () => {
    const { cores, log, say, signal } = make({ contextSwitchNs: 0 });
    cores.spawn(start, 'a', function* (thread) {
      yield thread.spend(1000);
      yield thread.spin(signal);
      say(thread, 'first');
      yield thread.block(signal, ns(9000));
      say(thread, thread.timedOut ? 'timed out' : 'woken');
    });
    run(cores, [[500, (now) => signal.raise(now)]]);
    assert.equal(log, ['1000 a first', '9000 a timed out']);
  });

  it('waiting ends by its time, with or without the core', () => {
    const { cores, log, say, signal } = make({ contextSwitchNs: 0 });
    cores.spawn(start, 'a', function* (thread) {
      yield thread.spin(signal, ns(700));
      say(thread, `${thread.timedOut}`);
      yield thread.sleep(after(thread.now, 300));
      say(thread, 'awake');
    });
    run(cores);
    assert.equal(log, ['700 a true', '1000 a awake']);
  });

  it('interrupts run before threads, whose work takes that much longer', () => {
    const { cores, log, say } = make({ contextSwitchNs: 0 });
    cores.spawn(start, 'a', function* (thread) {
      yield thread.spend(10_000);
      say(thread, 'is done');
    });
    const done = (now: Nanos) => log.push(`${now} served`);
    run(cores, [[4000, (now) => cores.interrupt(now, 0, { run: () => 800, done })]]);
    assert.equal(log, ['5000 served', '11000 a is done']);
    assert.is(cores.cores[0]!.interruptNs, 1000);
    assert.is(cores.cores[0]!.utilisation(ns(22_000)), 0.5);
  });

  it('who polls only while it is alone stops when another wants the core', () => {
    const { cores, log, say, signal } = make({ contextSwitchNs: 0, wakeUpNs: 0 });
    const core = 0;
    const polls: Program = function* (thread) {
      yield thread.spinAlone(signal, ns(90_000));
      say(thread, thread.timedOut ? 'gives up' : 'goes on');
      yield thread.block(signal);
      say(thread, 'goes on');
    };
    cores.spawn(start, 'poller', polls, { core });
    const works: Program = function* (thread) {
      say(thread, 'has the core');
      yield thread.spend(2000);
    };
    run(cores, [
      [5000, (now) => cores.spawn(now, 'other', works, { core })],
      [50_000, (now) => signal.raise(now)],
    ]);
    assert.equal(log, ['5000 poller gives up', '5000 other has the core', '50000 poller goes on']);
  });

  it('who polls shares the core with others by time slices', () => {
    const { cores, log, say, signal } = make({ contextSwitchNs: 0 });
    cores.spawn(
      start,
      'poller',
      function* (thread) {
        yield thread.spin(signal);
        say(thread, 'goes on');
      },
      { core: 0 },
    );
    cores.spawn(
      start,
      'worker',
      function* (thread) {
        yield thread.spend(120_000);
        say(thread, 'is done');
      },
      { core: 0 },
    );
    run(cores, [[150_000, (now) => signal.raise(now)]]);
    // The poller's slice ends at 100 us; it hears of the signal when it has the core again.
    assert.equal(log, ['200000 poller goes on', '220000 worker is done']);
  });

  it('system calls are counted and take their time', () => {
    const { cores, ledger, log, say } = make({ contextSwitchNs: 0 });
    cores.spawn(start, 'a', function* (thread) {
      yield thread.systemCall(400);
      say(thread, 'is back');
    });
    run(cores);
    assert.equal(log, ['500 a is back']);
    assert.equal(ledger.total('system-call'), { count: 1, bytes: 0, timeNs: 100 });
  });

  it('a program that never waits is found, and one that is ended runs its finally', () => {
    const { cores, log, signal } = make();
    const ended = cores.spawn(start, 'ended', function* (thread) {
      try {
        yield thread.block(signal);
      } finally {
        log.push('closed');
      }
    });
    run(cores);
    cores.kill(ns(5000), ended);
    assert.equal(log, ['closed']);
    assert.is(cores.threads.length, 0);
    cores.spawn(ns(5000), 'mad', function* (thread) {
      for (;;) yield thread.spend(0);
    });
    assert.throws(() => run(cores), /mad on core 0 goes on for ever/);
  });

  it('in real time nothing is spent, and all is counted', () => {
    const { cores, ledger, log, say } = make({ realTime: true, wakeUpNs: 0 });
    cores.spawn(start, 'a', function* (thread) {
      yield thread.systemCall(400);
      yield thread.spend(1e9);
      say(thread, 'is done');
    });
    run(cores);
    assert.equal(log, ['0 a is done']);
    assert.is(ledger.total('system-call').count, 1);
  });
});
