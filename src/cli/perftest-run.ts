// What `wireverbs perftest` does: linux-rdma's perftest between two hosts of a simulated fabric, and what each side's CPU
// and NIC did for it. Exit code 1 where the test did not end well.

import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import {
  allSizes,
  type Perftest,
  type PerftestOptions,
  perftestParameters,
  sweepIters,
  type TestName,
  type WireName,
} from '../apps/perftest/index.js';
import { pair } from '../fabric/index.js';
import { cards, processors } from '../profiles/catalogue.js';
import { Lab } from '../scenario/lab.js';
import { readTopology } from '../scenario/topology-file.js';
import { seconds } from '../time/index.js';
import type { PerftestCommand } from './perftest.js';
import { jsonRow, printEnd, printHead, printRow, Traffic } from './perftest-report.js';
import { Progress, remark } from './terminal.js';

/** The options of a test of verbs, which has a wire. */
type Options = PerftestCommand & { readonly wire: WireName };

/** Runs the test for each size. */
export function runPerftest(test: TestName, options: Options): void {
  const runs = sizesOf(test, options).map((size) => perftestOptions(test, options, size));
  // Everything is refused before anything runs.
  for (const run of runs) perftestParameters(run);
  const lab = makeLab(options, runs);
  const { client, server } = endsOf(lab, options);
  for (const text of options.fault ?? []) lab.faults.check(text);
  if (!options.pcapAll) lab.bringUp();
  const closeCapture =
    options.pcap === undefined ? undefined : capture(lab, options.pcap, options.pcapAll === true);
  if (options.pcapAll) lab.bringUp();
  spoil(lab, options);
  const traffic = { client: new Traffic(), server: new Traffic() };
  for (const side of ['client', 'server'] as const) lab.tap(side, traffic[side]);
  try {
    for (const [i, run] of runs.entries()) {
      const sent = { client: traffic.client.taken(), server: traffic.server.taken() };
      const { wire: _, ...rest } = run;
      const perftest = lab.perftest(rest, lab.host(client), lab.host(server));
      drive(lab, perftest);
      const result = perftest.result(lab.now);
      const frames = {
        client: traffic.client.since(sent.client),
        server: traffic.server.since(sent.server),
      };
      if (options.json) jsonRow(lab, result, frames);
      else {
        if (i === 0) printHead(lab, result, options.reportGbits === true);
        printRow(result, options.reportGbits === true);
      }
      if (result.failure !== '') {
        process.exitCode = 1;
        remark(`wireverbs: ${result.failure}`);
      }
      if (!options.json && (i === runs.length - 1 || result.failure !== ''))
        printEnd(lab, result, frames);
      if (result.failure !== '') break;
    }
  } finally {
    closeCapture?.();
  }
}

/** Acknowledgements that are under way after the last completion arrive within this. */
const DRAIN_NS = 100_000;
/** Nothing takes longer than the longest timeouts with all retries; what does is stuck. */
export const LONGEST_NS = seconds(86_400);

function drive(lab: Lab, perftest: Perftest): void {
  const { iters, qps, size } = perftest.parameters;
  const bar = new Progress(iters * qps * size, 'bytes');
  try {
    lab.run(LONGEST_NS, () => bar.update(perftest.completed * size));
    lab.runFor(DRAIN_NS);
  } finally {
    bar.stop();
  }
}

function sizesOf(test: TestName, { size, all, qpType, mtu }: Options): (number | undefined)[] {
  return all || size === 'all' ? allSizes(test, qpType, mtu) : [size];
}

function perftestOptions(
  test: TestName,
  options: Options,
  size: number | undefined,
): PerftestOptions {
  const sweeps = options.all || options.size === 'all';
  const iters = options.iters ?? (sweeps ? sweepIters(test, size!) : undefined);
  const given: { readonly [name: string]: unknown } = {
    test,
    size,
    iters,
    wire: options.wire,
    qpType: options.qpType,
    qps: options.qps,
    mtu: options.mtu,
    ipv6: options.ipv6,
    txDepth: options.txDepth,
    rxDepth: options.rxDepth,
    postList: options.postList,
    inlineSize: options.inlineSize,
    bidirectional: options.bidirectional,
    cqMod: options.cqMod,
    qpTimeout: options.qpTimeout,
    retryCount: options.retryCount,
    serviceLevel: options.sl,
    tos: options.tos,
    outstandingReads: options.outs,
    events: options.events,
    atomicType: options.atomicType,
    noPeak: options.peak ? undefined : true,
  };
  const known = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as unknown as PerftestOptions;
}

/** Rings, page tables and what else lies in a host's memory beside the buffers. */
const OTHER_MEMORY = 2 ** 30;

function makeLab(options: Options, runs: readonly PerftestOptions[]): Lab {
  const { topology: file, wire, ipv6 = false, seed } = options;
  const topology = file === undefined ? pair() : readTopology(file, readFileSync(file, 'utf8'));
  const needed = runs.reduce((sum, run) => {
    const { size, qps } = perftestParameters(run);
    return sum + 2 * qps * (size + PAGE);
  }, 0);
  const unit = 2 ** 21;
  const memoryBytes = Math.ceil((OTHER_MEMORY + needed) / unit) * unit;
  const card = cards.get(options.nic ?? '');
  const cpu = processors.get(options.cpu ?? '');
  const hardware = { ...(card && { card }), ...(cpu && { cpu }) };
  const hosts = hostsOf(topology.hosts, options);
  return new Lab({ topology, wire, ipv6, seed, memoryBytes, up: false, hosts, ...hardware });
}

/** iWARP has no path MTU of its own: its segments hold as much as the link's lets them. */
function hostsOf(names: readonly string[], { wire, mtu }: Options) {
  if (wire !== 'iwarp' || mtu === undefined) return {};
  const link = mtu + IWARP_HEADERS;
  if (link < LEAST_LINK)
    throw new RangeError(`mtu: expected 2048 or 4096 where the wire is iWARP, found ${mtu}`);
  return Object.fromEntries(names.map((name) => [name, { mtu: link }]));
}
/** IP, TCP with its options, MPA and DDP, as 4096 bytes stand beside in the usual 4200. */
const IWARP_HEADERS = 104;
/** Hosts have IPv6 addresses as well (RFC 8200 5). */
const LEAST_LINK = 1280;

const PAGE = 8192;

export function endsOf(
  lab: Lab,
  options: PerftestCommand,
): { readonly client: string; readonly server: string } {
  const [first, second] = lab.topology.hosts;
  const client = options.client ?? (options.server === first ? second! : first!);
  const server = options.server ?? (client === first ? second! : first!);
  for (const name of [client, server]) lab.host(name);
  if (client === server)
    throw new InvalidArgumentError(`'${client}' is client and server; a test needs two hosts.`);
  lab.aliases.set('client', client);
  lab.aliases.set('server', server);
  return { client, server };
}

/** Frames that are held back are overtaken for up to so long. */
const REORDER_NS = 10_000;

export function spoil(
  lab: Lab,
  { fault = [], loss = 0, duplicate = 0, reorder = 0 }: PerftestCommand,
): void {
  for (const text of fault) lab.fault(text);
  if (loss + duplicate + reorder > 0)
    lab.chances({ loss, duplicate, reorder, reorderNs: REORDER_NS });
}

export function capture(lab: Lab, path: string, all: boolean): () => void {
  const file = openSync(path, 'w');
  const write = (bytes: Uint8Array) => writeSync(file, bytes);
  const tap = lab.capture(write, ['client', 'server'], undefined, all);
  return () => {
    tap.flush();
    closeSync(file);
  };
}
