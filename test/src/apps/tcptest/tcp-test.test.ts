// TCP tests between two hosts: what they find follows from what was moved.

import {
  kernelFor,
  TcpTest,
  type TcpTestOptions,
  tcpTestParameters,
} from '../../../../src/apps/tcptest/index.js';
import type { EthernetSwitch } from '../../../../src/fabric/index.js';
import { cpuCategories } from '../../../../src/kernel/index.js';
import { xeonGold6128 } from '../../../../src/profiles/cpu.js';
import { Lab } from '../../../../src/scenario/lab.js';
import { readTopology } from '../../../../src/scenario/topology-file.js';
import { parseIp } from '../../../../src/stack/index.js';
import { seconds } from '../../../../src/time/index.js';
import { assert, spec } from '../../../support/spec.js';

function run(options: TcpTestOptions) {
  const p = tcpTestParameters(options);
  const kernel = kernelFor(p, xeonGold6128.cores);
  const host = { kernel, mtu: p.mtu };
  const lab = new Lab({ cpu: xeonGold6128, slotBytes: 9216, hosts: { h0: host, h1: host } });
  const [client, server] = lab.hosts as [(typeof lab.hosts)[0], (typeof lab.hosts)[0]];
  const test = new TcpTest(client, server, parseIp(lab.address(server)), options);
  test.start();
  lab.settle(server);
  lab.settle(client);
  lab.sim.run(seconds(2), () => !test.ended);
  const result = test.result(lab.now);
  assert.is(result.failure, '');
  return result;
}

/** A switch that takes 100 Gb/s in and gives 10 out; it marks above 128 KiB, and drops what does not go into 1 MiB. */
const bottleneck = `hosts: [h0, h1]
switches: [{ name: s0, buffer: 1MiB, ecn: { 0: { kmin: 128KiB, kmax: 128KiB, most: 1 } } }]
links: [{ a: h0, b: s0, rate: 100G }, { a: h1, b: s0, rate: 10G }]`;

function throughSwitch(congestion: 'reno' | 'dctcp', merge: object) {
  const options = { test: 'tcp_bw', iters: 400, warmUp: 20, tso: true, ...merge } as const;
  const p = tcpTestParameters({ ...options, congestion });
  const host = { kernel: kernelFor(p, xeonGold6128.cores), mtu: p.mtu };
  const topology = readTopology('bottleneck.yaml', bottleneck);
  const lab = new Lab({ topology, cpu: xeonGold6128, hosts: { h0: host, h1: host } });
  const [client, server] = lab.hosts as [(typeof lab.hosts)[0], (typeof lab.hosts)[0]];
  const test = new TcpTest(client, server, parseIp(lab.address(server)), {
    ...options,
    congestion,
  });
  test.start();
  for (const each of [server, client]) lab.settle(each);
  lab.sim.run(seconds(5), () => !test.ended);
  assert.is(test.result(lab.now).failure, '');
  const [dut] = [...lab.fabric.switches.values()] as EthernetSwitch[];
  const { RetransSegs } = client.kernel!.tcp.counters;
  return { marked: dut!.marked, again: RetransSegs };
}

const quick = { iters: 60, warmUp: 20 } as const;

spec('TCP tests', (it) => {
  it('what saves work makes it faster, and the receiver is the bottleneck', () => {
    const bare = run({ test: 'tcp_bw', ...quick });
    const saved = run({ test: 'tcp_bw', tso: true, gro: true, jumbo: true, arfs: true, ...quick });
    assert.ok(saved.bandwidth!.average > 3 * bare.bandwidth!.average);
    assert.ok(saved.cpu.server.utilisation > saved.cpu.client.utilisation);
    assert.ok(saved.counts.server.interrupts < bare.counts.server.interrupts);
    for (const { cpu } of [bare, saved]) {
      for (const side of [cpu.client, cpu.server]) {
        const sum = cpuCategories.reduce((all, name) => all + side.shares[name], 0);
        assert.ok(Math.abs(sum - 100) < 0.01);
      }
    }
  });

  it('connections share the link and the cores', () => {
    const one = run({ test: 'tcp_bw', ...quick });
    const four = run({ test: 'tcp_bw', connections: 4, ...quick });
    assert.ok(four.bandwidth!.average > 2 * one.bandwidth!.average);
    assert.is(four.completed, 240);
  });

  it('both ways at once', () => {
    const both = run({ test: 'tcp_bw', bidirectional: true, connections: 2, ...quick });
    assert.is(both.completed, 2 * 2 * 60);
  });

  it('without copies the sender has less to do', () => {
    const jumbo = { tso: true, gro: true, jumbo: true, arfs: true };
    const copied = run({ test: 'tcp_bw', ...jumbo, ...quick });
    const borrowed = run({ test: 'tcp_bw', zeroCopy: true, ...jumbo, ...quick });
    assert.is(borrowed.counts.client.bytesCopied, 0);
    assert.ok(borrowed.cpu.client.utilisation < copied.cpu.client.utilisation);
  });

  it('DCTCP asks for marks and gives way to them before anything is lost; Reno fills the buffer', () => {
    // Marks come in the midst of what is merged, and must not change its order.
    for (const merge of [{ gro: true }, { lro: true }]) {
      const dctcp = throughSwitch('dctcp', merge);
      assert.ok(dctcp.marked > 100, `${dctcp.marked} marks`);
      assert.is(dctcp.again, 0);
    }
    const reno = throughSwitch('reno', { gro: true });
    assert.is(reno.marked, 0);
    assert.ok(reno.again > 0);
  });

  it('latency is half of the round trip, and a request with its answer the whole', () => {
    const half = run({ test: 'tcp_lat', size: 64, iters: 40, coalesce: 0 });
    const whole = run({ test: 'tcp_rr', size: 64, iters: 40, coalesce: 0 });
    const ratio = whole.latency!.typical / half.latency!.typical;
    assert.ok(ratio > 1.9 && ratio < 2.1, `${ratio}`);
    const rate = 1e9 / whole.latency!.typical;
    assert.ok(Math.abs(whole.transactionsPerSecond! / rate - 1) < 0.1);
    assert.is(half.counts.client.systemCalls, 2 * 40);
  });

  it('who polls the card itself waits for no interrupt and no wake-up', () => {
    const slept = run({ test: 'tcp_lat', size: 64, iters: 40, coalesce: 0 });
    const polled = run({ test: 'tcp_lat', size: 64, iters: 40, coalesce: 0, busyPoll: 50 });
    assert.ok(polled.latency!.typical < slept.latency!.typical / 2, `${polled.latency!.typical}`);
    assert.is(polled.counts.client.interrupts, 0);
    assert.ok(polled.cpu.client.utilisation > 90 && slept.cpu.client.utilisation < 60);
  });

  it('a ping-pong without copies borrows its pages on both sides, and reads the notices', () => {
    const lent = run({ test: 'tcp_lat', size: 16_384, iters: 40, zeroCopy: true });
    // What it receives is copied as ever.
    assert.is(lent.counts.client.bytesCopied, 40 * 16_384);
    assert.is(lent.counts.server.bytesCopied, 40 * 16_384);
    assert.is(lent.counts.client.systemCalls, 3 * 40);
  });

  it('larger frames of any size carry more', () => {
    const rate = (mtu: number) => run({ test: 'tcp_bw', mtu, ...quick }).bandwidth!.average;
    assert.ok(rate(1280) < rate(1500) && 2 * rate(1500) < rate(4200));
  });

  it('the peak is no less than the average, when several messages are read at once as well', () => {
    for (const gro of [false, true]) {
      const { bandwidth } = run({ test: 'tcp_bw', gro, tso: gro, ...quick });
      assert.ok(bandwidth!.peak >= bandwidth!.average, `${bandwidth!.peak}`);
      assert.ok(bandwidth!.peak < 12.5e9, 'faster than the cable');
    }
  });

  it('messages that one read takes have a rate as well', () => {
    const { bandwidth } = run({ test: 'tcp_bw', size: 2, ...quick });
    assert.ok(bandwidth!.average > 1e6 && bandwidth!.average < 1e8, `${bandwidth!.average}`);
  });

  it('refuse what cannot be', () => {
    assert.throws(() => tcpTestParameters({ test: 'tcp_rr', bidirectional: true }), /in turn/);
    assert.throws(() => tcpTestParameters({ test: 'tcp_bw', mtu: 1279 }), /mtu: .* found 1279/);
    assert.throws(() => tcpTestParameters({ test: 'tcp_bw', mtu: 1500, jumbo: true }), /jumbo/);
    assert.throws(() => tcpTestParameters({ test: 'tcp_lat', connections: 2 }), /one connection/);
    assert.throws(() => tcpTestParameters({ test: 'tcp_bw', size: 0 }), /size: expected/);
  });
});
