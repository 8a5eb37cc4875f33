// Scheduling twice: guests' threads on virtual CPUs, virtual CPUs on cores.

import type { Thread, Wait } from '../../../src/cpu/index.js';
import { after, ms, type Nanos, us } from '../../../src/time/index.js';
import { Vm } from '../../../src/vm/index.js';
import { assert, spec } from '../../support/spec.js';
import { machine } from './machine.js';

const memoryBytes = 8 * 2 ** 20;

const forever = function* (thread: Thread): Generator<Wait, void, void> {
  for (;;) yield thread.spend(1e6);
};

/** Nanoseconds that the programs of a guest have had so far. */
function worked(vm: Vm, now: Nanos): number {
  return vm.guest.cores.cores.reduce((sum, core) => {
    core.account(now);
    return sum + core.busyNs;
  }, 0);
}

/** A program that sleeps a little and works a little more, as one that answers requests: how long each took, sorted. */
function answers(vm: Vm): number[] {
  const late: number[] = [];
  vm.guest.spawn('server', function* (thread) {
    for (;;) {
      const due = after(thread.now, us(100));
      yield thread.sleep(due);
      yield thread.spend(us(150));
      late.push(thread.now - due);
      late.sort((a, b) => a - b);
    }
  });
  return late;
}

spec('two schedulers', (it) => {
  it('two virtual CPUs for each core halve what each guest gets through', () => {
    const done: number[] = [];
    for (const guests of [2, 4]) {
      const { sim, host } = machine({ cores: 2 });
      const vms = Array.from(
        { length: guests },
        (_, i) => new Vm({ name: `vm${i}`, host, memoryBytes }),
      );
      for (const vm of vms) vm.guest.spawn('work', forever);
      sim.settle(host);
      sim.run(ms(300));
      for (const vm of vms) {
        const part = worked(vm, ms(300)) / ms(300);
        const fair = 2 / guests;
        assert.ok(Math.abs(part - fair) < 0.02, `${vm.name} of ${guests} had ${part}`);
        done.push(part);
      }
    }
    assert.is(done.length, 6);
  });

  it('steal is what others took of the core while the guest wanted it', () => {
    const { sim, host } = machine();
    const vms = ['a', 'b', 'c'].map((name) => new Vm({ name, host, pins: [0] }));
    for (const vm of vms) vm.guest.spawn('work', forever);
    sim.settle(host);
    const end = ms(200);
    sim.run(end);
    const [core] = host.cores.cores;
    core!.account(end);
    for (const vm of vms) {
      const { thread } = vm.vcpus[0]!;
      // Its own time is what it worked, was entered in, and was switched to in; all else was stolen.
      const own = end - vm.vcpus[0]!.steal(end);
      const work = worked(vm, end);
      assert.ok(own >= work && own - work < 0.01 * end, `${vm.name}: ${own} and ${work}`);
      assert.ok(thread.waited(end) > 0.6 * end);
    }
  });

  it('a guest divides what its virtual CPU has among its own threads, by their weights', () => {
    const { sim, host } = machine({ timeSliceNs: 300_000 });
    const vms = ['a', 'b'].map((name) => new Vm({ name, host, pins: [0] }));
    const had = [0, 0];
    const work = (i: number) =>
      function* (thread: Thread): Generator<Wait, void, void> {
        for (;;) {
          yield thread.spend(10_000);
          had[i]! += 10_000;
        }
      };
    vms[0]!.guest.spawn('light', work(0), { weight: 1024 });
    vms[0]!.guest.spawn('heavy', work(1), { weight: 3072 });
    vms[1]!.guest.spawn('other', forever);
    sim.settle(host);
    sim.run(ms(200));
    // A quarter and three quarters of the half that its virtual CPU has, less what switching takes.
    assert.ok(Math.abs(had[0]! / ms(200) - 1 / 8) < 0.01, `${had}`);
    assert.ok(Math.abs(had[1]! / ms(200) - 3 / 8) < 0.02, `${had}`);
  });

  it('virtual CPUs that are pinned one to one have no steal and the shorter tail', () => {
    const tails: number[] = [];
    for (const pinned of [true, false]) {
      const { sim, host } = machine({ cores: 2 });
      const quick = new Vm({ name: 'quick', host, ...(pinned && { pins: [0] }) });
      const others = Array.from(
        { length: pinned ? 1 : 3 },
        (_, i) => new Vm({ name: `busy${i}`, host, memoryBytes, ...(pinned && { pins: [1] }) }),
      );
      for (const vm of others) vm.guest.spawn('work', forever);
      const late = answers(quick);
      sim.settle(host);
      sim.run(ms(400));
      const steal = quick.vcpus[0]!.steal(ms(400));
      if (pinned) assert.is(steal, 0);
      else assert.ok(steal > 0);
      tails.push(late[Math.floor(late.length * 0.99)]!);
    }
    assert.ok(tails[0]! * 10 < tails[1]!, `${tails}`);
  });

  it('interrupts of the host take a guest off its core, and are no steal', () => {
    const { sim, host } = machine();
    const vm = new Vm({ name: 'vm', host, pins: [0] });
    vm.guest.spawn('work', forever);
    sim.settle(host);
    sim.run(us(500));
    const before = worked(vm, us(500));
    host.cores.interrupt(us(500), 0, { run: () => 10_000 });
    sim.settle(host);
    sim.run(us(1000));
    // 10 us, the interrupt's own 200 ns, out of the guest and into it again.
    assert.is(worked(vm, us(1000)) - before, us(500) - 10_000 - 200 - 650 - 650);
    assert.is(vm.vcpus[0]!.exits['external-interrupt'], 1);
    assert.is(vm.vcpus[0]!.steal(us(1000)), 0);
  });
});
