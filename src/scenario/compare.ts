// The same message over several paths, each in a lab of its own: two hosts of the same hardware and a cable.

import {
  type Comparison,
  comparisonFindings,
  isVerbs,
  type Operation,
  type PathName,
  type PathRecord,
  PathRun,
  paths,
  pathTitles,
  QUIET,
  WARM_UP,
} from '../apps/compare/index.js';
import type { WireName } from '../apps/perftest/index.js';
import type { CpuProfile } from '../cpu/index.js';
import type { KernelOptions } from '../kernel/index.js';
import { xeonHaswell } from '../profiles/cpu.js';
import { kernelOn } from '../profiles/kernel.js';
import { connectX5, type NicProfile } from '../profiles/nic.js';
import { parseIp } from '../stack/index.js';
import { after, seconds } from '../time/index.js';
import { Lab } from './lab.js';

/** What is compared; what is left out is 4 KiB, written, over every path there is. */
export interface CompareOptions {
  readonly size?: number;
  readonly op?: Operation;
  readonly paths?: readonly PathName[];
  readonly card?: NicProfile;
  readonly cpu?: CpuProfile;
  /** Switches of the kernel's path. */
  readonly kernel?: KernelOptions;
  /** Of Ethernet links. */
  readonly mtu?: number;
  readonly seed?: number;
}

/** Larger messages make pictures that nobody can read. */
export const MOST_BYTES = 2 ** 20;
const DEFAULT_BYTES = 4096;
/** What every link under IPv6 carries (RFC 8200 5), and jumbo frames; 4096 bytes with RDMA's headers fit the usual one. */
export const LEAST_MTU = 1280;
export const MOST_MTU = 9000;
const USUAL_MTU = 4200;
/** Of a frame around the MTU, or of InfiniBand's longest packet. */
const FRAME_BYTES = 64;
const LONGEST_PACKET = 4608;
const LARGEST_PATH_MTU = 4096;
/** Events of a host for a message, however long: those of the largest fit. */
const LEDGER_EVENTS = 2 ** 17;
/** No message takes so long. */
const LONGEST = seconds(10);
const BITS_PER_SECOND = 100e9;

/** The kernel as a careful administrator has it: frames interrupt the core of their program, moderation is adaptive. */
const KERNEL: KernelOptions = { arfs: true, coalesce: 'adaptive' };

/**
 * Sends one message over each path and says what happened.
 * @throws RangeError when something that is asked for cannot be
 */
export function compare(options: CompareOptions = {}): Comparison {
  const { size = DEFAULT_BYTES, op = 'write', mtu = USUAL_MTU, seed = 1 } = options;
  const { card = connectX5, cpu = xeonHaswell } = options;
  check(options);
  const wanted = options.paths ?? available();
  const records = wanted.map((path) => onePath(path, { size, op, mtu, seed, ...options }));
  return {
    schema: 'wireverbs-compare-1',
    size,
    op,
    nic: card.name,
    cpu: cpu.name,
    kernel: (options.kernel?.profile ?? kernelOn(cpu.name)).name,
    mtu,
    bitsPerSecond: BITS_PER_SECOND,
    seed,
    warmUp: WARM_UP,
    paths: records,
    findings: comparisonFindings({ paths: records }),
  };
}

/** Paths that hosts have today. */
export const available = (): PathName[] => paths.filter((path) => path === 'tcp' || isVerbs(path));

function check({
  size = DEFAULT_BYTES,
  mtu = USUAL_MTU,
  paths: wanted = [],
}: CompareOptions): void {
  const whole = (name: string, value: number, least: number, most: number): void => {
    if (!Number.isInteger(value) || value < least || value > most)
      throw new RangeError(`${name}: expected ${least} to ${most}, found ${value}`);
  };
  whole('size', size, 1, MOST_BYTES);
  whole('mtu', mtu, LEAST_MTU, MOST_MTU);
  for (const path of wanted)
    if (!available().includes(path))
      throw new RangeError(`${pathTitles[path]} cannot be compared: no host speaks it yet`);
}

type Decided = CompareOptions & Required<Pick<CompareOptions, 'size' | 'op' | 'mtu' | 'seed'>>;

function onePath(path: PathName, { size, op, mtu, seed, ...options }: Decided): PathRecord {
  const sockets = !isVerbs(path);
  const host = { mtu, ...(sockets && { kernel: { ...KERNEL, ...options.kernel } }) };
  const lab = new Lab({
    wire: sockets ? 'rocev2' : (path as WireName),
    seed,
    card: options.card ?? connectX5,
    cpu: options.cpu ?? xeonHaswell,
    ledgerEvents: LEDGER_EVENTS,
    slotBytes: Math.max(LONGEST_PACKET, mtu + FRAME_BYTES),
    hosts: { h0: host, h1: host },
  });
  const [initiator, target] = lab.hosts as [Lab['hosts'][0], Lab['hosts'][0]];
  const run = new PathRun(
    { initiator, target },
    {
      path,
      op,
      size,
      mtu: LARGEST_PATH_MTU,
      linkType: lab.linkType,
      remote: parseIp(lab.address(target)),
      soon: (call) => lab.at(lab.now, call),
    },
  );
  lab.tap(initiator.name, run.recorder.tap('initiator'));
  lab.tap(target.name, run.recorder.tap('target'));
  lab.at(lab.now, () => run.start());
  lab.sim.run(after(lab.now, LONGEST), () => !run.ended);
  lab.runFor(QUIET);
  return run.record(lab.now);
}
