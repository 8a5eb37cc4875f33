// What `wireverbs perftest tcp_bw | tcp_lat | tcp_rr` does: messages over sockets of two hosts' kernels, in perftest's tables,
// and what each side's CPU and card did for them. Exit code 1 where the test did not end well.

import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import {
  allSizes,
  bandwidthHead,
  bandwidthRow,
  latencyHead,
  latencyRow,
  RULE,
  sweepIters,
  type Tally,
  tallyTitles,
} from '../apps/perftest/index.js';
import {
  kernelFor,
  TcpTest,
  type TcpTestName,
  type TcpTestOptions,
  type TcpTestParameters,
  type TcpTestResult,
  tcpTestParameters,
} from '../apps/tcptest/index.js';
import { pair } from '../fabric/index.js';
import type { HostOptions } from '../host/index.js';
import { cpuCategories } from '../kernel/index.js';
import { cards, ethernetCards, processors } from '../profiles/catalogue.js';
import { xeonHaswell } from '../profiles/cpu.js';
import { Lab } from '../scenario/lab.js';
import { readTopology } from '../scenario/topology-file.js';
import { parseIp } from '../stack/index.js';
import { BUSY_POLL, type PerftestCommand as Options } from './perftest.js';
import { amount, type FrameCount, faultsOf, printFaults, Traffic } from './perftest-report.js';
import { capture, endsOf, LONGEST_NS, spoil } from './perftest-run.js';
import { Progress, print, remark, table } from './terminal.js';

const sides = ['client', 'server'] as const;
type Side = (typeof sides)[number];
type BothFrames = Readonly<Record<Side, FrameCount>>;

/** Runs the test for each size, each on hosts of its own. */
export function runTcpTest(test: TcpTestName, options: Options): void {
  const sweeps = options.all || options.size === 'all';
  const sizes = sweeps ? allSizes('write_bw', 'RC') : [options.size as number | undefined];
  const runs = sizes.map((size) => testOptions(test, options, size, sweeps === true));
  for (const run of runs) tcpTestParameters(run);
  const cpu = processorOf(options);
  if (options.cores !== undefined && options.cores > cpu.cores)
    throw new RangeError(
      `cores: expected 1 to ${cpu.cores}, as many as ${cpu.name} has, found ${options.cores}`,
    );
  if (sweeps && options.pcap !== undefined)
    throw new InvalidArgumentError('--pcap is for one size; --size all has many.');
  for (const [i, run] of runs.entries()) {
    const { lab, result, frames } = runOne(run, options);
    if (options.json)
      print(
        JSON.stringify({
          ...jsonOf(result),
          topology: lab.topology.name,
          frames,
          ...(lab.faults.rules.length > 0 && { faults: faultsOf(lab) }),
        }),
      );
    else {
      if (i === 0) printHead(lab, result, options);
      printRow(result, options.reportGbits === true);
    }
    if (result.failure !== '') {
      process.exitCode = 1;
      remark(`wireverbs: ${result.failure}`);
    }
    const last = i === runs.length - 1 || result.failure !== '';
    if (!options.json && last) printEnd(lab, result, frames);
    if (result.failure !== '') return;
  }
}

function testOptions(
  test: TcpTestName,
  options: Options,
  size: number | undefined,
  sweeps: boolean,
): TcpTestOptions {
  const {
    iters,
    qps,
    cores,
    clientCores,
    serverCores,
    ipv6,
    bidirectional,
    tso,
    gro,
    jumbo,
    arfs,
    congestion,
  } = options;
  const { coalesce, busyPoll, zerocopy, lro, mtu } = options;
  const metric = test === 'tcp_bw' ? 'write_bw' : 'write_lat';
  const given: { readonly [name: string]: unknown } = {
    test,
    size,
    iters: iters ?? (sweeps ? sweepIters(metric, size!) : undefined),
    connections: qps,
    cores,
    clientCores,
    serverCores,
    ipv6,
    bidirectional,
    tso,
    gro,
    lro,
    jumbo,
    mtu,
    arfs,
    zeroCopy: zerocopy,
    coalesce,
    busyPoll: busyPoll === true ? BUSY_POLL : busyPoll,
    congestion,
  };
  const known = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as unknown as TcpTestOptions;
}

function runOne(run: TcpTestOptions, options: Options) {
  const parameters = tcpTestParameters(run);
  const lab = makeLab(parameters, options);
  const { client, server } = endsOf(lab, options);
  spoil(lab, options);
  const closeCapture = options.pcap === undefined ? undefined : capture(lab, options.pcap, false);
  const traffic = { client: new Traffic(), server: new Traffic() };
  for (const side of sides) lab.tap(side, traffic[side]);
  const target = lab.host(server);
  const address = parseIp(lab.address(target, parameters.ipv6));
  const test = new TcpTest(lab.host(client), target, address, run);
  const before = { client: traffic.client.taken(), server: traffic.server.taken() };
  const total = parameters.iters * parameters.connections * parameters.size;
  const bar = new Progress(total, 'bytes');
  try {
    test.start();
    for (const host of [target, lab.host(client)]) lab.settle(host);
    lab.sim.run(LONGEST_NS, () => {
      bar.update(test.completed * parameters.size);
      return !test.ended;
    });
  } finally {
    bar.stop();
    closeCapture?.();
  }
  const frames = {
    client: traffic.client.since(before.client),
    server: traffic.server.since(before.server),
  };
  return { lab, result: test.result(lab.now), frames };
}

const processorOf = ({ cpu }: Options) => processors.get(cpu ?? '') ?? xeonHaswell;

const SLOT_SPARE = 128;
/** Rings, buffers of frames and sockets, and what lies beside them. */
const OTHER_MEMORY = 2 ** 30;

function makeLab(p: TcpTestParameters, options: Options): Lab {
  const { topology: file, seed } = options;
  const topology = file === undefined ? pair() : readTopology(file, readFileSync(file, 'utf8'));
  const name = options.nic ?? '';
  const card = cards.get(name);
  const cpu = processorOf(options);
  const nic = ethernetCards.get(name);
  const kernel = {
    ...kernelFor(p, cpu.cores),
    ...(nic && { nic }),
  };
  const host: Partial<HostOptions> = { kernel, mtu: p.mtu };
  const memory = OTHER_MEMORY + 4 * p.connections * Math.max(p.size, 2 ** 17);
  return new Lab({
    topology,
    seed,
    cpu,
    ipv6: p.ipv6,
    ...(card && { card }),
    memoryBytes: Math.ceil(memory / 2 ** 21) * 2 ** 21,
    slotBytes: Math.max(p.mtu, 4608) + SLOT_SPARE,
    hosts: Object.fromEntries(topology.hosts.map((each) => [each, host])),
  });
}

const titles: Readonly<Record<TcpTestName, string>> = {
  tcp_bw: 'TCP BW Test',
  tcp_lat: 'TCP Latency Test',
  tcp_rr: 'TCP Request/Response Test',
};
const onOff = (is: boolean): string => (is ? 'ON' : 'OFF');

function printHead(lab: Lab, { parameters: p }: TcpTestResult, options: Options): void {
  const coalesce = p.coalesce === undefined ? "the card's own" : p.coalesce;
  const rows: readonly (readonly [string, string | number, string, string | number])[] = [
    ['Connections', p.connections, 'Transport type', `TCP, IPv${p.ipv6 ? 6 : 4}`],
    ['Cores', Math.min(p.cores, processorOf(options).cores), 'Congestion', p.congestion ?? 'cubic'],
    ['Mtu', `${p.mtu}[B]`, 'Link type', 'Ethernet'],
    ['TSO and GSO', onOff(p.tso), 'GRO', p.lro ? `${onOff(p.gro)}, LRO in the card` : onOff(p.gro)],
    ['Flow steering', onOff(p.arfs), 'Zero copy', onOff(p.zeroCopy)],
    ['Coalescing', coalesce, 'Busy polling', p.busyPoll > 0 ? `${p.busyPoll}[usec]` : 'OFF'],
    ['NIC', options.nic ?? 'connectx4', 'CPU', lab.hosts[0]!.cores.profile.name],
  ];
  print(RULE);
  print(`                    ${p.bidirectional ? 'Bidirectional ' : ''}${titles[p.test]}`);
  for (const [a, x, b, y] of rows)
    print(` ${a.padEnd(16)}: ${String(x).padEnd(16)}${b.padEnd(16)}: ${y}`);
  print(RULE);
  print(p.metric === 'bw' ? bandwidthHead(options.reportGbits === true) : latencyHead);
}

function printRow(result: TcpTestResult, gigabits: boolean): void {
  const { parameters: p, bandwidth, latency, messages } = result;
  if (bandwidth) print(bandwidthRow(p.size, messages, bandwidth, gigabits));
  if (latency) print(latencyRow(p.size, p.iters, latency));
}

/** Under perftest's table: what both sides did for it. */
function printEnd(lab: Lab, result: TcpTestResult, frames: BothFrames): void {
  const { counts, completed, parameters, transactionsPerSecond, cpu } = result;
  print(RULE);
  if (transactionsPerSecond !== undefined)
    print(`${Math.round(transactionsPerSecond)} transactions a second\n`);
  const names = { client: result.client, server: result.server };
  const heads = sides.flatMap((side) => [`${side} ${names[side]}`, 'a message']);
  const row = (title: string, value: (side: Side) => number) => [
    title,
    ...sides.flatMap((side) => [
      String(Math.round(value(side))),
      completed > 0 ? amount(value(side) / completed) : '-',
    ]),
  ];
  const rows = (Object.keys(tallyTitles) as (keyof Tally)[]).map((name) =>
    row(tallyTitles[name], (side) => counts[side][name]),
  );
  print(table([`${parameters.size} bytes, ${completed} messages`, ...heads], rows));
  print('');
  const percent = (value: number) => `${value.toFixed(1)} %`;
  const used = sides.map((side) => percent(cpu[side].utilisation));
  const shares = cpuCategories.map((name) => [
    name,
    ...sides.map((side) => percent(cpu[side].shares[name])),
  ]);
  const busiest = sides.map((side) => percent(Math.max(...cpu[side].cores)));
  const cpuRows = [
    ['of one core, all together', ...used],
    ['the busiest core', ...busiest],
    ...shares,
  ];
  print(table(['CPU', ...sides.map((side) => `${side} ${names[side]}`)], cpuRows));
  const all = sides.map((side) => `${side} ${frames[side].sent}`).join(', ');
  print(`\nframes sent with connecting and warming up: ${all}`);
  printFaults(lab);
}

function jsonOf(result: TcpTestResult) {
  const { bandwidth, latency, ...rest } = result;
  return {
    ...rest,
    ...(bandwidth && {
      bandwidth: {
        peakBytesPerSecond: bandwidth.peak,
        averageBytesPerSecond: bandwidth.average,
        messagesPerSecond: bandwidth.messageRate,
      },
    }),
    ...(latency && { latencyNs: latency }),
  };
}
