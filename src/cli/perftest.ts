// `wireverbs perftest TEST`: its options. What they do is loaded when the command is given (perftest-run.ts): other commands
// need no simulation.

import type { Command } from 'commander';
import {
  type AtomicType,
  atomicTypes,
  type TestName,
  type Transport,
  testNames,
  transports,
  type WireName,
  wires,
} from '../apps/perftest/parameters.js';
import { isTcpTest, type TcpTestName, tcpTestNames } from '../apps/tcptest/parameters.js';
import { cards, processors } from '../profiles/catalogue.js';
import { readSize } from '../scenario/quantity.js';
import { type CongestionName, congestionNames } from '../tcp/congestion/index.js';
import { wholeNumber } from './input.js';
import { oneOf, PCAP_ALL, probability, reading, several } from './option.js';

/** The options of `wireverbs perftest`. */
export interface PerftestCommand {
  readonly wire?: WireName;
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
  readonly nic?: string;
  readonly cpu?: string;
  readonly seed: number;
  readonly tso?: true;
  readonly gro?: true;
  readonly lro?: true;
  readonly jumbo?: true;
  readonly arfs?: true;
  readonly zerocopy?: true;
  readonly coalesce?: number | 'adaptive';
  readonly busyPoll?: number | true;
  readonly congestion?: CongestionName;
  readonly cores?: number;
  readonly clientCores?: number;
  readonly serverCores?: number;
  readonly pcap?: string;
  readonly pcapAll?: true;
  readonly json?: true;
}

const examples = `
Examples:
  wireverbs perftest write_bw --wire rocev2 --size 64KiB --qps 4
  wireverbs perftest send_lat --wire ib --qp-type UD --size all
  wireverbs perftest read_bw --wire rocev2 --ipv6 --loss 0.001 --pcap loss.pcapng
  wireverbs perftest write_bw --wire rocev2 --iters 5 --fault 'drop the 3rd frame with bth.opcode == RC_RDMA_WRITE_MIDDLE from client'
  wireverbs perftest tcp_bw --tso --gro --jumbo --arfs --report-gbits
  wireverbs perftest tcp_lat --size 64 --coalesce 0 --busy-poll
  wireverbs perftest write_bw --wire rocev2 --topology examples/rack.yaml --client h3 --server h0 --json

Options, defaults, columns and statistics are those of linux-rdma/perftest; times are the simulation's. In faults, 'from
client', 'from server' and names of hosts and switches say whose frames are meant. A bidirectional SEND test has a thread for
each direction. Tests of TCP run over sockets of two kernels, --qps connections each with a thread on either side; what saves
them work is off unless given. With --size all and no --iters, large messages are sent less often.
`;

const sizeOption = (text: string): number | 'all' =>
  text === 'all' ? 'all' : reading((given) => readSize('size', bare(given)))(text);
const bare = (text: string): string | number => (/^\d+$/.test(text) ? Number(text) : text);

const everyTest = [...testNames, ...tcpTestNames] as const;

/** Microseconds, where none are given. */
export const BUSY_POLL = 50;

const coalesceOption = (text: string): number | 'adaptive' =>
  text === 'adaptive' ? 'adaptive' : wholeNumber(text);

export function perftestCommand(program: Command): void {
  program
    .command('perftest')
    .argument('<test>', everyTest.join(', '), oneOf(everyTest))
    .option('--wire <wire>', `of tests of verbs: ${wires.join(', ')}`, oneOf(wires))
    .option('-c, --qp-type <type>', transports.join(', '), oneOf(transports), 'RC' as Transport)
    .option('-s, --size <bytes>', "of a message, such as 4096 or 64KiB, or 'all'", sizeOption)
    .option('-a, --all', 'all sizes, powers of two')
    .option('-n, --iters <number>', 'messages of each queue pair', wholeNumber)
    .option('-q, --qps <number>', 'queue pairs', wholeNumber)
    .option(
      '-m, --mtu <bytes>',
      "path MTU, 256 to 4096, over iWARP 2048 or 4096; of TCP tests the link's, 1280 to 9000",
      wholeNumber,
    )
    .option('--ipv6', 'RoCE v2, iWARP or TCP over IPv6')
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
    .option('--nic <profile>', [...cards.keys()].join(', '), oneOf([...cards.keys()]), 'connectx4')
    .option('--cpu <profile>', [...processors.keys()].join(', '), oneOf([...processors.keys()]))
    .option('--tso', 'of TCP tests, as all that follow: the card cuts segments (and GSO)')
    .option('--gro', 'received segments are merged')
    .option('--lro', 'the card merges them')
    .option('--jumbo', 'frames of 9000 bytes instead of 1500')
    .option('--arfs', "frames interrupt their program's core")
    .option('--zerocopy', 'send with MSG_ZEROCOPY')
    .option('--coalesce <usecs>', "time between interrupts, or 'adaptive'", coalesceOption)
    .option('--busy-poll [usecs]', `poll the card before sleeping; ${BUSY_POLL} us`, wholeNumber)
    .option('--congestion <name>', congestionNames.join(', '), oneOf(congestionNames))
    .option('--cores <number>', 'cores for threads; one for each connection', wholeNumber)
    .option('--client-cores <number>', 'the same of the client alone', wholeNumber)
    .option('--server-cores <number>', 'of the server alone', wholeNumber)
    .option('--seed <number>', 'of what is left to chance', wholeNumber, 1)
    .option('--pcap <file>', 'write what both hosts send and receive to a pcapng file')
    .option('--pcap-all', PCAP_ALL)
    .option('--json', 'one JSON object a row')
    .description("run linux-rdma's perftest between two hosts of a simulated fabric")
    .addHelpText('after', examples)
    .action(async (test: TestName | TcpTestName, options: PerftestCommand, command: Command) => {
      const stranger = (isTcpTest(test) ? ofVerbs : ofTcp).find((name) => wasGiven(command, name));
      if (stranger !== undefined) {
        const { flags } = command.options.find((option) => option.attributeName() === stranger)!;
        const whose = isTcpTest(test) ? 'verbs' : 'TCP';
        command.error(`error: option '${flags}' is of tests of ${whose}, which ${test} is not`);
      }
      if (isTcpTest(test)) {
        const { runTcpTest } = await import('./tcp-test-run.js');
        return runTcpTest(test, options);
      }
      if (options.wire === undefined)
        command.error("error: required option '--wire <wire>' not specified");
      const { runPerftest } = await import('./perftest-run.js');
      runPerftest(test, { ...options, wire: options.wire! });
    });
}

/** Options that tests of the other kind know nothing of. */
const ofVerbs: readonly (keyof PerftestCommand)[] = [
  ...(['wire', 'qpType', 'txDepth', 'rxDepth', 'postList', 'inlineSize', 'cqMod'] as const),
  ...(['qpTimeout', 'retryCount', 'sl', 'tos', 'outs', 'events', 'atomicType', 'peak'] as const),
  'pcapAll',
];
const ofTcp: readonly (keyof PerftestCommand)[] = [
  ...(['tso', 'gro', 'lro', 'jumbo', 'arfs', 'zerocopy', 'coalesce', 'busyPoll'] as const),
  ...(['congestion', 'cores', 'clientCores', 'serverCores'] as const),
];

const wasGiven = (command: Command, name: keyof PerftestCommand): boolean =>
  command.getOptionValueSource(name) === 'cli';
