// What is run, from the text of one combination: parameters of the test or job, between which hosts, and what cannot be.

import { type BlockJobParameters, blockJobParameters } from '../../apps/blockjob/index.js';
import { type PathName, pathTitles } from '../../apps/compare/index.js';
import {
  type PerftestParameters,
  perftestParameters,
  type WireName,
} from '../../apps/perftest/index.js';
import {
  type TcpTestName,
  type TcpTestOptions,
  tcpTestParameters,
} from '../../apps/tcptest/index.js';
import type { Topology } from '../../fabric/index.js';
import type { KernelOptions } from '../../kernel/index.js';
import { type Quantity, readSize, readTime } from '../../scenario/quantity.js';
import { optionsOf } from '../../scenario/scenario-file.js';
import { at, PlaceError } from './place.js';
import { nodesOf, type PoolSettings, poolOf } from './pool.js';
import type { BlockText, PointText, TaskText, TestText, WorkloadText } from './text.js';
import type { Tenancy, VmSettings } from './vm.js';

interface Between {
  readonly from: string;
  readonly to: string;
}

/** Where it runs: between two hosts, the client in a VM of its host where that is wanted. */
interface Placed extends Between {
  /** Of several at once; '' when it is the only one. */
  readonly name: string;
  readonly vm: VmSettings | undefined;
  /** It goes on for as long as others do that are not. */
  readonly background: boolean;
}

export type Workload =
  | ({ readonly kind: 'perftest'; readonly parameters: PerftestParameters } & Placed)
  | ({ readonly kind: 'tcp'; readonly options: TcpTestOptions } & Placed)
  | ({
      readonly kind: 'block';
      readonly parameters: BlockJobParameters;
      readonly pool: PoolSettings;
    } & Placed);

export function hostNamed(
  { hosts }: Topology,
  name: string,
  path: readonly (string | number)[],
): string {
  if (hosts.includes(name)) return name;
  throw new PlaceError(path, `there is no host '${name}'; there are ${hosts.join(', ')}`);
}

/** What workloads stand on. */
export interface Ground {
  readonly topology: Topology;
  readonly transport: PathName;
  readonly kernelAt: (host: string) => KernelOptions;
  readonly tenancy: Tenancy;
}

/** One of the workloads, and where in the text it is. */
interface Asked {
  readonly text: TaskText;
  readonly place: readonly (string | number)[];
  readonly name: string;
}

/** Their VMs have addresses in the networks of their hosts, which have room for 254. */
const MOST_WORKLOADS = 128;

/** @throws PlaceError that says what cannot be, and where */
export function workloadsOf(text: PointText, ground: Ground): readonly Workload[] {
  const { workload } = text;
  if (!isList(workload))
    return [workloadOf(text, { text: workload, place: ['workload'], name: '' }, ground)];
  const asked = workload.flatMap((task, i) => {
    const { name = `${kindOf(task)} ${i}`, count = 1 } = task;
    if (
      workload.findIndex((other) => other.name !== undefined && other.name === task.name) < i &&
      task.name !== undefined
    )
      throw new PlaceError(
        ['workload', i, 'name'],
        `there is a '${name}' already: expected one name each`,
      );
    return Array.from({ length: Math.min(count, MOST_WORKLOADS + 1) }, (_, n) => ({
      text: task,
      place: ['workload', i],
      name: count === 1 ? name : `${name} ${n}`,
    }));
  });
  if (asked.length > MOST_WORKLOADS)
    throw new PlaceError(['workload'], `expected at most ${MOST_WORKLOADS} workloads, found more`);
  if (asked.every(({ text: { background } }) => background === true))
    throw new PlaceError(
      ['workload'],
      'all are in the background: expected one that ends by itself',
    );
  return asked.map((one) => workloadOf(text, one, ground));
}

export const isList = (workload: PointText['workload']): workload is readonly TaskText[] =>
  Array.isArray(workload);

const kindOf = ({ perftest, tcp }: WorkloadText): Workload['kind'] =>
  perftest ? 'perftest' : tcp ? 'tcp' : 'block';

function workloadOf(whole: PointText, asked: Asked, ground: Ground): Workload {
  const { text, name } = asked;
  const { topology, transport, tenancy } = ground;
  const { perftest, tcp, block, background = false } = text;
  const place = [...asked.place, kindOf(text)];
  const between = endsOf(whole, text, topology, place);
  if (between.from === between.to)
    throw new PlaceError([...place, 'from'], `${between.from} is both ends: expected two hosts`);
  if (perftest && transport === 'tcp')
    throw new PlaceError(place, 'verbs do not run over kernel TCP: use tcp, or another transport');
  // Beside others sockets are the kernel's, on the same card as their RDMA: on Ethernet that is.
  if (tcp && transport !== 'tcp' && (name === '' || transport === 'ib'))
    throw new PlaceError(
      place,
      `sockets run over transport tcp, not ${transport} (${pathTitles[transport]})`,
    );
  const about = { ...between, name, background };
  const ownPlace = [...asked.place, 'vm'];
  const vmOf = (need: number) => {
    tenancy.uses(between.to, name || 'the workload', [...place, 'to']);
    return tenancy.vm(between.from, { name, all: whole.vms, own: text.vm, ownPlace, need });
  };
  if (perftest)
    return at(place, () => {
      const parameters = perftestParameters({
        ...optionsOf({ ...perftest, ...between } as never),
        wire: transport as WireName,
      });
      const { qps, size } = parameters;
      const vm = vmOf(NETWORK_MEMORY + BUFFERS * qps * size);
      if (vm?.device === 'emulated' || vm?.device === 'virtio')
        throw new PlaceError(
          text.vm?.device ? [...ownPlace, 'device'] : ['vms', 'device'],
          `verbs need a function of the card, which ${vm.device} does not give: expected host, vf or passthrough`,
        );
      return { ...about, kind: 'perftest', parameters, vm };
    });
  if (tcp)
    return at(place, () => {
      const options = tcpOptions(tcp, ground.kernelAt(between.from));
      const { connections, size } = tcpTestParameters(options);
      const vm = vmOf(NETWORK_MEMORY + BUFFERS * connections * size);
      return { ...about, kind: 'tcp', options, vm };
    });
  const parameters = at(place, () => blockParameters(block!));
  const { jobs, depth, blockSizes } = parameters;
  const vm = vmOf(GUEST_MEMORY + 2 * jobs * depth * Math.max(...blockSizes));
  const pool = poolOf(whole, topology.hosts, between.from, between.to, parameters);
  return { ...about, kind: 'block', parameters, pool, vm };
}

/** Client and server: of a disk, who uses it, and the pool. */
function endsOf(
  { pool = {} }: PointText,
  { perftest, tcp, block }: WorkloadText,
  topology: Topology,
  place: readonly (string | number)[],
): Between {
  const { hosts } = topology;
  const given = perftest ?? tcp;
  const from = hostNamed(topology, (given ?? block!).from ?? hosts[0]!, [...place, 'from']);
  const others = hosts.filter((name) => name !== from);
  const first = others.at(-nodesOf(pool)) ?? others.at(-1) ?? from;
  const to = given
    ? hostNamed(topology, given.to ?? hosts[1]!, [...place, 'to'])
    : hostNamed(topology, pool.host ?? first, ['pool', 'host']);
  return { from, to };
}

function blockParameters(text: BlockText): BlockJobParameters {
  const given = text['block-size'];
  const list = given === undefined ? undefined : Array.isArray(given) ? given : [given];
  const blockSizes = (list as readonly Quantity[] | undefined)?.map((one) =>
    readSize('block-size', one),
  );
  const known = {
    rw: text.rw,
    blockSizes,
    depth: text.depth,
    jobs: text.jobs,
    readPercent: text['read-percent'],
    areaBytes: sizeOf('area', text.area),
    thinkNs: timeOf('think', text.think),
    operations: text.operations,
    bytes: sizeOf('bytes', text.bytes),
    durationNs: timeOf('duration', text.duration),
    warmUp: text['warm-up'],
    flushEvery: text['flush-every'],
    fua: text.fua,
    verify: text.verify,
  };
  return blockJobParameters(defined(known));
}

/** What a guest needs beside the buffers of its job: rings, queues, page tables. */
const GUEST_MEMORY = 48 << 20;
/** The same for messages: with the packets of an Ethernet card. */
const NETWORK_MEMORY = 256 << 20;
/** Buffers of a queue pair or connection, of the largest message. */
const BUFFERS = 4;

const sizeOf = (name: string, value: Quantity | undefined): number | undefined =>
  value === undefined ? undefined : readSize(name, value);
const timeOf = (name: string, value: Quantity | undefined): number | undefined =>
  value === undefined ? undefined : readTime(name, value);

/** Without members that are undefined. */
function defined<T extends object>(members: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}

/** Switches of the kernel are asked of the transport's options, and known to the test. */
function tcpOptions(text: TestText, kernel: KernelOptions): TcpTestOptions {
  const { tso = true, gro = true, arfs, coalesce, busyPoll, congestion } = kernel;
  const { test, iters, connections, cores, bidirectional } = text;
  const { 'client-cores': clientCores, 'server-cores': serverCores } = text;
  const known = {
    size: sizeOf('size', text.size),
    iters,
    connections,
    cores,
    clientCores,
    serverCores,
    bidirectional,
    zeroCopy: text['zero-copy'],
    socketBytes: sizeOf('socket-bytes', text['socket-bytes'] as Quantity | undefined),
    warmUp: text['warm-up'],
    tso,
    gro,
    arfs,
    coalesce,
    busyPoll,
    congestion,
  };
  return { ...(defined(known) as Partial<TcpTestOptions>), test: test as TcpTestName };
}
