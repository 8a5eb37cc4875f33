// Interrupts and guests: posted or by exit and injection, running or halted; what a halt and its end take.

import { Signal } from '../../../src/cpu/index.js';
import { kvmPolling, kvmPosted, kvmSandyBridge } from '../../../src/profiles/vm.js';
import { after, type Nanos, us } from '../../../src/time/index.js';
import { Vm, type VmProfile } from '../../../src/vm/index.js';
import { assert, spec } from '../../support/spec.js';
import { machine } from './machine.js';

/** A guest that works, or sleeps until it is interrupted; `at` an interrupt comes. What came of it. */
function interrupted(profile: VmProfile, doing: 'works' | 'sleeps', way: 'own' | 'made') {
  const { sim, host } = machine({ cores: 2 });
  const vm = new Vm({ name: 'vm', host, profile, pins: [0], populate: true });
  const signal = new Signal();
  const log: number[] = [];
  vm.guest.spawn('program', function* (thread) {
    if (doing === 'works') for (;;) yield thread.spend(us(10));
    yield thread.block(signal);
    log.push(thread.now);
  });
  sim.settle(host);
  const at = us(500);
  sim.run(at);
  const { exits } = vm.vcpus[0]!;
  const before = { ...exits };
  const work = {
    run: () => 700,
    done: (now: Nanos) => {
      log.push(now);
      signal.raise(now);
    },
  };
  if (way === 'own') vm.interrupt(at, 0, work);
  else vm.inject(at, 0, work);
  sim.settle(host);
  sim.run(after(at, us(200)));
  const more = (reason: keyof typeof exits) => exits[reason] - before[reason];
  return { vm, host, more, served: log[0]! - at, woken: (log[1] ?? Number.NaN) - at };
}

/** The guest's state is loaded into a core that its thread has not had (`kvmSandyBridge.loadCycles`, at 1 GHz). */
const LOAD = 2420;
/** Of round numbers: what an interrupt takes before its handler, and the handler. */
const OWN = 200 + 700;

spec('interrupts of guests', (it) => {
  it('one that is posted reaches a guest that runs without an exit', () => {
    const { more, served, host } = interrupted(kvmPosted, 'works', 'own');
    assert.is(served, OWN);
    assert.is(more('external-interrupt') + more('msr-write'), 0);
    assert.is(host.ledger.total('injection').count, 1);
  });

  it('one that is not takes the guest off its core, the host forwards it, and its end is another exit', () => {
    const { more, served, host } = interrupted(kvmSandyBridge, 'works', 'own');
    // Out, the host's interrupt and forwarding, injection and in, on one core.
    assert.is(served, 650 + 200 + 1500 + 300 + 650 + OWN);
    assert.ok(more('external-interrupt') >= 1);
    assert.is(more('msr-write'), 1);
    assert.is(host.ledger.total('injection').timeNs, 300);
  });

  it('a device that the host makes needs an exit to interrupt a guest that runs, unless posted', () => {
    assert.is(interrupted(kvmPosted, 'works', 'made').served, OWN);
    const { served, more } = interrupted(kvmSandyBridge, 'works', 'made');
    assert.is(served, 650 + 300 + 650 + OWN);
    assert.is(more('external-interrupt'), 1);
  });

  it('a halted guest is woken by the host: its thread, its entry, then the interrupt, then its own thread', () => {
    const { served, woken } = interrupted(kvmPosted, 'sleeps', 'made');
    assert.is(served, 5000 + 1000 + LOAD + 650 + OWN);
    assert.is(woken - served, 5000 + 1000);
  });

  it('polling before it gives its core up spares a halted guest the wake-up, once it has learnt that it pays', () => {
    const { sim, host } = machine({ cores: 2 });
    const vm = new Vm({ name: 'vm', host, profile: kvmPolling, pins: [0], populate: true });
    const signal = new Signal();
    const late: number[] = [];
    let raised = 0;
    vm.guest.spawn('program', function* (thread) {
      for (;;) {
        yield thread.block(signal);
        late.push(thread.now - raised);
      }
    });
    sim.settle(host);
    for (let i = 1; i <= 12; i++) {
      const at = us(50 * i);
      sim.run(at);
      raised = at;
      vm.inject(at, 0, { run: () => 0, done: (now) => signal.raise(now) });
      sim.settle(host);
    }
    sim.run(us(1000));
    // The host's wake-up and switch are what is spared, and loading the guest again.
    assert.is(late[0]! - late.at(-1)!, 5000 + 1000 + LOAD);
    assert.ok(host.cores.cores[0]!.spinNs > 0);
  });

  it('a guest that wakes another virtual CPU, which has halted, writes to its interrupt controller', () => {
    const { sim, host } = machine({ cores: 2 });
    const vm = new Vm({ name: 'vm', host, vcpus: 2, pins: [0, 1], populate: true });
    const signal = new Signal();
    let woken = 0;
    vm.guest.spawn(
      'sleeper',
      function* (thread) {
        yield thread.block(signal);
        woken = thread.now;
      },
      { core: 1 },
    );
    vm.guest.spawn(
      'waker',
      function* (thread) {
        yield thread.spend(us(100));
        signal.raise(thread.now);
        yield thread.spend(us(10));
      },
      { core: 0 },
    );
    sim.settle(host);
    sim.run(us(1000));
    assert.is(vm.vcpus[0]!.exits['msr-write'], 1);
    // The other's thread and entry, then the guest's own wake-up and switch.
    const began = 1000 + LOAD + 650 + 1000;
    assert.is(woken - us(100) - began, 5000 + 1000 + LOAD + 650 + 5000 + 1000);
  });
});
