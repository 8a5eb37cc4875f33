// Guests on machines with two nodes: where their virtual CPUs are, where their memory is, where the card is.

import type { CpuProfile } from '../../../src/cpu/index.js';
import { xeonGold6128 } from '../../../src/profiles/cpu.js';
import { skylakeMemory } from '../../../src/profiles/memory.js';
import { connectX5 } from '../../../src/profiles/nic.js';
import { us } from '../../../src/time/index.js';
import { Vm } from '../../../src/vm/index.js';
import { assert, spec } from '../../support/spec.js';
import { perftest, tcpTest } from './ends.js';
import { machine } from './machine.js';
import { guestsOf } from './network.js';

const cpu: CpuProfile = { ...xeonGold6128, memory: skylakeMemory };
const nodes = [2 ** 28, 2 ** 28];
/** Twelve cores a node: one of the first, one of the second. */
const [HERE, THERE] = [0, 12];

/** What `run` finds with virtual CPU and memory on these nodes. */
const placed = (pin: number, node: number) => ({
  pins: [pin],
  memoryNodes: [node],
  populate: true,
});

spec('guests and nodes', (it) => {
  it('a guest reads memory of its own node sooner', () => {
    const took = (pin: number): number => {
      const { sim, host } = machine(cpu, { nodes });
      const vm = new Vm({ name: 'vm', host, ...placed(pin, 0) });
      let ns = 0;
      vm.guest.spawn('reader', function* (thread) {
        const address = vm.memory.allocate(4096);
        const begun = thread.now;
        for (let i = 0; i < 100; i++) yield vm.guest.read(thread, address, 64);
        ns = (thread.now - begun) / 100;
      });
      sim.settle(host);
      sim.run(us(1000));
      return ns;
    };
    const near = took(HERE);
    // An idle read, and what the link between the sockets adds (profiles/memory.ts).
    assert.ok(Math.abs(near - 82) < 1, `${near}`);
    assert.ok(Math.abs(took(THERE) - near - skylakeMemory.remoteNs) < 2);
  });

  it('TCP of a guest whose memory is on its own node takes less of its cores', () => {
    const busy = (pin: number): number => {
      const host = { cpu, nodes, kernel: {} };
      const world = guestsOf({
        kind: 'switched',
        wire: 'RoCE v2',
        way: 'vf',
        host,
        vm: placed(pin, 0),
      });
      return tcpTest(world, { test: 'tcp_bw', iters: 60, warmUp: 10 }).cpu.server.utilisation;
    };
    const [near, far] = [busy(HERE), busy(THERE)];
    assert.ok(near < far, `${near} and ${far}`);
  });

  it("a card reaches memory of its slot's node sooner", () => {
    const latency = (slotNode: number): number => {
      const host = { cpu, nodes, slotNode, card: connectX5 };
      const world = guestsOf({
        kind: 'switched',
        wire: 'RoCE v2',
        way: 'card',
        host,
        vm: placed(HERE, 0),
      });
      const options = { test: 'read_lat', wire: 'rocev2', size: 64, iters: 40 } as const;
      return perftest(world, options).latency!.typical;
    };
    const [near, far] = [latency(0), latency(1)];
    // Each side's card reads or writes over the link between the sockets several times in a READ.
    assert.ok(far > near + 2 * (skylakeMemory.remoteNs / 2), `${near} and ${far}`);
  });
});
