// Mirrors src/vm/: guests on virtual CPUs that are threads of the host.

import type { Wait } from '../../../src/cpu/index.js';
import { us } from '../../../src/time/index.js';
import { Vm } from '../../../src/vm/index.js';
import { assert, spec } from '../../support/spec.js';
import { machine } from './machine.js';

spec('vm', (it) => {
  it('a guest runs its programs on virtual CPUs, which are threads of the host', () => {
    const { sim, host } = machine();
    const vm = new Vm({ name: 'vm1', host });
    const log: string[] = [];
    vm.guest.spawn('program', function* (thread) {
      const address = vm.guest.space.allocate(8192);
      vm.guest.space.write(address, Uint8Array.of(1, 2, 3));
      yield thread.spend(10_000);
      log.push(`${thread.now} ${vm.guest.space.read(address, 3)}`);
    });
    sim.settle(host);
    sim.run(us(1000));
    // The host's switch to the virtual CPU, which is loaded and entered, the guest's own switch, and a walk of 15 entries of
    // the second stage.
    assert.equal(log, [`${1000 + 2420 + 650 + 1000 + 60 + 10_000} 1,2,3`]);
    assert.is(vm.vcpus[0]!.exits.hlt, 1);
  });

  it('a halted guest wakes by its own timers, and by signals', () => {
    const { sim, host } = machine();
    const vm = new Vm({ name: 'vm1', host });
    const log: number[] = [];
    vm.guest.spawn('sleeper', function* (thread) {
      yield thread.sleep(us(500));
      log.push(thread.now);
    });
    sim.settle(host);
    sim.run(us(2000));
    assert.is(log.length, 1);
    // The host's switch and entry, then the guest's switch.
    assert.is(log[0], us(500) + 1000 + 2420 + 650 + 1000);
    assert.is(vm.vcpus[0]!.exits.hlt, 2);
  });

  it('a trap runs its handler on the thread of the virtual CPU, and stops the guest meanwhile', () => {
    const { sim, host } = machine();
    const vm = new Vm({ name: 'vm1', host });
    const log: string[] = [];
    vm.guest.spawn('driver', function* (thread) {
      yield thread.spend(1000);
      const before = thread.now;
      yield* vm.trap(thread, 'ept-misconfig', function* (own): Generator<Wait, void, void> {
        yield own.spend(5000);
        log.push(own.name);
      });
      log.push(`${thread.now - before}`);
    });
    sim.settle(host);
    sim.run(us(1000));
    assert.equal(log, ['vm1 vcpu0', `${650 + 1084 + 5000 + 650}`]);
    assert.is(host.ledger.total('exit-mmio').count, 1);
  });
});
