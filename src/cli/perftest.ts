// `wireverbs perftest TEST`: linux-rdma's perftest between two hosts of a simulated fabric: its options and its tables, and
// under them what each side's CPU and NIC did. Exit code 1 where the test did not end well.

import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import {
  type AtomicType,
  allSizes,
  atomicTypes,
  type Perftest,
  type PerftestOptions,
  perftestParameters,
  sweepIters,
  type TestName,
  type Transport,
  testNames,
  transports,
  type WireName,
  wires,
} from '../apps/perftest/index.js';
import { pair } from '../fabric/index.js';
import { Lab } from '../scenario/lab.js';
import { readSize } from '../scenario/quantity.js';
import { readTopology } from '../scenario/topology-file.js';
import { seconds } from '../time/index.js';
import { wholeNumber } from './input.js';
import { oneOf, probability, reading, several } from './option.js';
import { jsonRow, printEnd, printHead, printRow, Traffic } from './perftest-report.js';
import { Progress, remark } from './terminal.js';

interface Options {
  readonly wire: WireName;
  readonly qpType: Transport;
  readonly size?: number | 'all';
  readonly all?: true;
  readonly iters?: number;
  readonly qps?: number;
  readonly mtu?: number;
  readonly ipv6?: true;
  readonly txDepth?: number;
  readonly rxDepth?: number;
  readonly postList?: number;
  readonly inlineSize?: number;
  readonly bidirectional?: true;
  readonly cqMod?: number;
  readonly qpTimeout?: number;
  readonly retryCount?: number;
  readonly sl?: number;
  readonly tos?: number;
  readonly outs?: number;
  readonly events?: true;
  readonly atomicType?: AtomicType;
  readonly peak: boolean;
  readonly reportGbits?: true;
  readonly loss?: number;
  readonly duplicate?: number;
  readonly reorder?: number;
  readonly fault?: readonly string[];
  readonly topology?: string;
  readonly client?: string;
  readonly server?: string;
  readonly seed: number;
  readonly pcap?: string;
  readonly json?: true;
}

const examples = `
Examples:
  wireverbs perftest write_bw --wire rocev2 --size 64KiB --qps 4
  wireverbs perftest send_lat --wire ib --qp-type UD --size all
  wireverbs perftest read_bw --wire rocev2 --ipv6 --loss 0.001 --pcap loss.pcapng
  wireverbs perftest write_bw --wire rocev2 --iters 5 --fault 'drop the 3rd frame with bth.opcode == RC_RDMA_WRITE_MIDDLE from client'
  wireverbs perftest write_bw --wire rocev2 --topology examples/rack.yaml --client h3 --server h0 --json

Options, defaults, columns and statistics are those of linux-rdma/perftest; times are the simulation's. In faults, 'from
client', 'from server' and names of hosts and switches say whose frames are meant. A bidirectional SEND test has a thread for
each direction. With --size all and no --iters, large messages are sent less often.
`;

const sizeOption = (text: string): number | 'all' =>
  text === 'all' ? 'all' : reading((given) => readSize('size', bare(given)))(text);
const bare = (text: string): string | number => (/^\d+$/.test(text) ? Number(text) : text);

export function perftestCommand(program: Command): void {
  program
    .command('perftest')
    .argument('<test>', testNames.join(', '), oneOf(testNames))
    .requiredOption('--wire <wire>', wires.join(', '), oneOf(wires))
    .option('-c, --qp-type <type>', transports.join(', '), oneOf(transports), 'RC' as Transport)
    .option('-s, --size <bytes>', "of a message, such as 4096 or 64KiB, or 'all'", sizeOption)
    .option('-a, --all', 'all sizes, powers of two')
    .option('-n, --iters <number>', 'messages of each queue pair', wholeNumber)
    .option('-q, --qps <number>', 'queue pairs', wholeNumber)
    .option('-m, --mtu <bytes>', 'path MTU: 256 to 4096', wholeNumber)
    .option('--ipv6', 'RoCE v2 over IPv6')
    .option('-t, --tx-depth <number>', 'work requests posted and not complete', wholeNumber)
    .option('-r, --rx-depth <number>', 'receive requests posted', wholeNumber)
    .option('-l, --post-list <number>', 'work requests a doorbell', wholeNumber)
    .option('-I, --inline-size <bytes>', 'messages up to this go with their request', wholeNumber)
    .option('-b, --bidirectional', 'both sides send at once')
    .option('-Q, --cq-mod <number>', 'a completion every so many messages', wholeNumber)
    .option('-u, --qp-timeout <number>', '4.096 us x 2^this', wholeNumber)
    .option('--retry-count <number>', 'of packets that nobody acknowledges', wholeNumber)
    .option('-S, --sl <number>', 'service level', wholeNumber)
    .option('-T, --tos <number>', 'traffic class, of RoCE v2', wholeNumber)
    .option('-o, --outs <number>', 'READs and atomics under way at once', wholeNumber)
    .option('-e, --events', 'sleep until an interrupt instead of polling')
    .option('-A, --atomic-type <type>', atomicTypes.join(', '), oneOf(atomicTypes))
    .option('-N, --no-peak', 'do not look for the peak')
    .option('--report-gbits', 'bandwidth in Gb/s')
    .option('--loss <p>', 'probability that a frame is lost as it leaves a host', probability)
    .option('--duplicate <p>', 'that it comes twice', probability)
    .option('--reorder <p>', 'that others overtake it', probability)
    .option('--fault <rule>', 'what goes wrong; may be given several times', several)
    .option('--topology <file>', 'YAML or JSON; two hosts and a 100 Gb/s cable unless given')
    .option('--client <host>', "the sending host; the topology's first unless given")
    .option('--server <host>', "the other; the topology's second unless given")
    .option('--seed <number>', 'of what is left to chance', wholeNumber, 1)
    .option('--pcap <file>', 'write what both hosts send and receive to a pcapng file')
    .option('--json', 'one JSON object a row')
    .description("run linux-rdma's perftest between two hosts of a simulated fabric")
    .addHelpText('after', examples)
    .action(runPerftest);
}

function runPerftest(test: TestName, options: Options): void {
  const runs = sizesOf(test, options).map((size) => perftestOptions(test, options, size));
  // Everything is refused before anything runs.
  for (const run of runs) perftestParameters(run);
  const lab = makeLab(options, runs);
  const { client, server } = endsOf(lab, options);
  spoil(lab, options);
  const closeCapture = options.pcap === undefined ? undefined : capture(lab, options.pcap);
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
const LONGEST_NS = seconds(86_400);

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
  return new Lab({ topology, wire, ipv6, seed, memoryBytes });
}
const PAGE = 8192;

function endsOf(lab: Lab, options: Options): { readonly client: string; readonly server: string } {
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

function spoil(lab: Lab, { fault = [], loss = 0, duplicate = 0, reorder = 0 }: Options): void {
  for (const text of fault) lab.fault(text);
  if (loss + duplicate + reorder > 0)
    lab.chances({ loss, duplicate, reorder, reorderNs: REORDER_NS });
}

function capture(lab: Lab, path: string): () => void {
  const file = openSync(path, 'w');
  const tap = lab.capture((bytes) => writeSync(file, bytes), ['client', 'server']);
  return () => {
    tap.flush();
    closeSync(file);
  };
}
