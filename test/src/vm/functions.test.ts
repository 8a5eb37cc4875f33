// Guests with a function of a card, or all of it: the programs of hosts, unchanged.

import type { Bandwidth, Latency } from '../../../src/apps/perftest/index.js';
import { physicalTranslation } from '../../../src/memory/index.js';
import { xeonGold6128 } from '../../../src/profiles/cpu.js';
import { connectX5 } from '../../../src/profiles/nic.js';
import { parseIp } from '../../../src/stack/index.js';
import { START, seconds } from '../../../src/time/index.js';
import { assignFunction, iommuOf, Vm } from '../../../src/vm/index.js';
import { assert, spec } from '../../support/spec.js';
import { perftest, settle, tcpTest } from './ends.js';
import { machine } from './machine.js';
import { guestsOf, type Way } from './network.js';

const ways: readonly Way[] = ['vf', 'card'];
const words: Readonly<Record<Way, string>> = {
  vf: 'a virtual function',
  card: 'the whole card',
};
const wires = [
  ['RoCE v2', 'rocev2'],
  ['RoCE v1', 'rocev1'],
  ['iWARP', 'iwarp'],
  ['IB', 'ib'],
] as const;

spec('functions of guests', (it) => {
  for (const way of ways)
    for (const [wire, name] of wires)
      it(`${wire}: two guests with ${words[way]} each run perftest`, () => {
        const kind = wire === 'IB' ? 'infiniband' : 'switched';
        const world = guestsOf({ kind, wire, way });
        for (const test of ['send_lat', 'write_lat', 'read_bw'] as const) {
          const options = { test, wire: name, size: 4096, iters: 50, mtu: 1024 } as const;
          assert.is(perftest(world, options).completed, 50);
        }
      });

  for (const way of ways)
    it(`guests with ${words[way]} each speak TCP by their own kernels, whose interrupts reach them`, () => {
      const world = guestsOf({
        kind: 'switched',
        wire: 'RoCE v2',
        way,
        host: { kernel: {}, cpu: xeonGold6128 },
      });
      const result = tcpTest(world, { test: 'tcp_lat', iters: 40, warmUp: 5 });
      assert.is(result.completed, 40);
      for (const { host } of world.vms) {
        assert.ok(host.ledger.total('injection').count > 40);
        assert.is(host.ledger.total('dma-fault').count, 0);
        assert.ok(host.ledger.total('exit-hlt').count > 40);
      }
    });

  it('a function and its host reach each other inside the card, and both reach the other host', () => {
    const world = guestsOf({ kind: 'switched', wire: 'RoCE v2', way: 'vf' });
    const [host, other] = world.hosts;
    const options = { test: 'write_lat', wire: 'rocev2', size: 64, iters: 20 } as const;
    perftest(world, options, [host!, world.vms[0]!.guest]);
    perftest(world, options, [other!, world.vms[0]!.guest]);
    perftest(world, options, [world.vms[0]!.guest, other!]);
  });

  it('a function with a limit sends no faster, and does not slow the others', () => {
    const rate = (maxTxRate?: number) => {
      const host = { card: connectX5, rate: 100e9 };
      const world = guestsOf({
        kind: 'switched',
        wire: 'RoCE v2',
        way: 'vf',
        host,
        ...(maxTxRate && { guest: { maxTxRate } as never }),
      });
      const options = {
        test: 'write_bw',
        wire: 'rocev2',
        size: 65536,
        iters: 60,
        mtu: 1024,
      } as const;
      const gigabits = ({ average }: Bandwidth) => (average * 8) / 1e9;
      return gigabits(perftest(world, options).bandwidth!);
    };
    const limited = rate(5e9);
    assert.ok(limited < 5 && limited > 4.2, `${limited}`);
    assert.ok(rate() > 20);
  });

  it('what is not in its domain, a function cannot touch: the fault is counted, nothing is read or written', () => {
    const { sim, host } = machine({}, { sriov: {} });
    const vm = new Vm({ name: 'vm', host, memoryBytes: 8 * 2 ** 20 });
    const mac = '0a:00:00:00:00:01';
    const adapter = assignFunction(vm, { mac, addresses: ['10.0.0.101/24'] });
    sim.settle(host);
    const { dma } = adapter.machine;
    const all = physicalTranslation(host.memory);
    const into = new Uint8Array(16);
    const outside = 9 * 2 ** 20;
    host.memory.view(outside, 16).fill(1);
    const before = iommuOf(host).faults;
    dma.read(START, all, outside, 16, into, 0);
    dma.write(START, all, outside, new Uint8Array(16).fill(2), 0, 16);
    assert.is(iommuOf(host).faults - before, 2);
    assert.is(host.ledger.total('dma-fault').count, 2);
    assert.ok(into.every((byte) => byte === 0xff));
    assert.ok(host.memory.view(outside, 16).every((byte) => byte === 1));
    assert.throws(() => vm.memory.inflate(2 ** 21), /EBUSY/);
  });

  it('who sends under another address is stopped', () => {
    const world = guestsOf({ kind: 'switched', wire: 'RoCE v2', way: 'vf' });
    const { guest } = world.vms[0]!;
    guest.stack!.mac.set(world.hosts[0]!.stack!.mac);
    guest.stack!.way(world.sim.now, parseIp(world.addresses[1]!));
    settle(world);
    world.sim.run(seconds(1));
    assert.ok(world.hosts[0]!.embedded!.counters(1).tx_spoofed > 0);
  });
});

spec('claims', (it) => {
  it('a whole card is no slower than a virtual function', () => {
    const host = { card: connectX5, cpu: xeonGold6128 };
    const options = { test: 'write_lat', wire: 'rocev2', size: 64, iters: 100 } as const;
    const [vf, card] = (['vf', 'card'] as const).map((way) => {
      const world = guestsOf({ kind: 'switched', wire: 'RoCE v2', way, host });
      return perftest(world, options).latency!;
    }) as [Latency, Latency];
    assert.ok(card.typical <= vf.typical, `${card.typical} and ${vf.typical}`);
    assert.ok(vf.typical < card.typical * 1.2);
  });
});
