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
import { PAGE_1G, PAGE_2M, PAGE_4K, type PageBytes } from '../../memory/index.js';
import { hypervisors } from '../../profiles/catalogue.js';
import { type Quantity, readSize, readTime } from '../../scenario/quantity.js';
import { optionsOf } from '../../scenario/scenario-file.js';
import type { VmProfile } from '../../vm/index.js';
import { at, PlaceError } from './place.js';
import { nodesOf, type PoolSettings, poolOf } from './pool.js';
import { profileOf } from './profile-value.js';
import type { BlockText, DeviceName, PlacementName, PointText, TestText } from './text.js';

interface Between {
  readonly from: string;
  readonly to: string;
}

/** Where it runs: between two hosts, the client in a VM of its host where that is wanted. */
interface Placed extends Between {
  readonly vm: VmSettings | undefined;
}

export type Workload =
  | ({ readonly kind: 'perftest'; readonly parameters: PerftestParameters } & Placed)
  | ({ readonly kind: 'tcp'; readonly options: TcpTestOptions } & Placed)
  | ({
      readonly kind: 'block';
      readonly parameters: BlockJobParameters;
      readonly pool: PoolSettings;
    } & Placed);

/** The VM that the client runs in. */
export interface VmSettings {
  readonly device: Exclude<DeviceName, 'host'>;
  readonly placement: PlacementName;
  readonly vcpus: number;
  readonly memoryBytes: number;
  readonly pageBytes: PageBytes;
  readonly node: number;
  /** Of pinned virtual CPUs. */
  readonly pins: readonly number[];
  readonly profile: VmProfile;
  readonly neighbours: number;
  readonly loadPercent: number;
}

export function hostNamed({ hosts }: Topology, name: string, path: readonly string[]): string {
  if (hosts.includes(name)) return name;
  throw new PlaceError(path, `there is no host '${name}'; there are ${hosts.join(', ')}`);
}

/** @throws PlaceError that says what cannot be, and where */
export function workloadOf(
  text: PointText,
  topology: Topology,
  transport: PathName,
  kernelAt: (host: string) => KernelOptions,
  coresAt: (host: string) => number,
): Workload {
  const { perftest, tcp, block } = text.workload;
  const kind = perftest ? 'perftest' : tcp ? 'tcp' : 'block';
  const place = ['workload', kind];
  const between = endsOf(text, topology, place);
  if (between.from === between.to)
    throw new PlaceError([...place, 'from'], `${between.from} is both ends: expected two hosts`);
  if (perftest && transport === 'tcp')
    throw new PlaceError(place, 'verbs do not run over kernel TCP: use tcp, or another transport');
  if (tcp && transport !== 'tcp')
    throw new PlaceError(
      place,
      `sockets run over transport tcp, not ${transport} (${pathTitles[transport]})`,
    );
  if (perftest)
    return at(place, () => {
      const parameters = perftestParameters({
        ...optionsOf({ ...perftest, ...between } as never),
        wire: transport as WireName,
      });
      const { qps, size } = parameters;
      const vm = vmOf(text, NETWORK_MEMORY + BUFFERS * qps * size, coresAt(between.from));
      if (vm?.device === 'emulated' || vm?.device === 'virtio')
        throw new PlaceError(
          ['vms', 'device'],
          `verbs need a function of the card, which ${vm.device} does not give: expected host, vf or passthrough`,
        );
      return { ...between, kind: 'perftest', parameters, vm };
    });
  if (tcp)
    return at(place, () => {
      const options = tcpOptions(tcp, kernelAt(between.from));
      const { connections, size } = tcpTestParameters(options);
      const memory = NETWORK_MEMORY + BUFFERS * connections * size;
      const vm = vmOf(text, memory, coresAt(between.from));
      return { ...between, kind: 'tcp', options, vm };
    });
  const parameters = at(place, () => blockParameters(block!));
  const { jobs, depth, blockSizes } = parameters;
  const memory = GUEST_MEMORY + 2 * jobs * depth * Math.max(...blockSizes);
  const vm = vmOf(text, memory, coresAt(between.from));
  const pool = poolOf(text, topology.hosts, between.from, between.to, parameters);
  return { ...between, kind: 'block', parameters, pool, vm };
}

/** Client and server: of a disk, who uses it, and the pool. */
function endsOf({ workload, pool = {} }: PointText, topology: Topology, place: string[]): Between {
  const { perftest, tcp, block } = workload;
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

const PAGE_SIZES: readonly number[] = [PAGE_4K, PAGE_2M, PAGE_1G];
/** What a guest needs beside the buffers of its job: rings, queues, page tables. */
const GUEST_MEMORY = 48 << 20;
/** The same for messages: with the packets of an Ethernet card. */
const NETWORK_MEMORY = 256 << 20;
/** Buffers of a queue pair or connection, of the largest message. */
const BUFFERS = 4;
/** Cores that pinned virtual CPUs leave to the host. */
const HOST_CORES = 2;
const USUAL_LOAD = 50;

function vmOf({ vms }: PointText, need: number, cores: number): VmSettings | undefined {
  const { device = 'host', placement = 'pinned', vcpus = 2 } = vms ?? {};
  if (vms === undefined || device === 'host') return undefined;
  const pageBytes = sizeOf('pages', vms.pages) ?? PAGE_2M;
  if (!PAGE_SIZES.includes(pageBytes))
    throw new PlaceError(['vms', 'pages'], `expected 4KiB, 2MiB or 1GiB, found ${vms.pages}`);
  const memory = sizeOf('memory', vms.memory) ?? need;
  const pins = vms.cores ?? Array.from({ length: vcpus }, (_, i) => HOST_CORES + i);
  if (placement === 'pinned' && (pins.length !== vcpus || pins.some((core) => core >= cores)))
    throw new PlaceError(
      ['vms', vms.cores ? 'cores' : 'vcpus'],
      `${vcpus} pinned virtual CPUs need as many cores of the ${cores} that there are, found ${pins.join(', ')}`,
    );
  const { node = 0 } = vms;
  return {
    device,
    placement,
    vcpus,
    memoryBytes: Math.ceil(memory / pageBytes) * pageBytes,
    pageBytes: pageBytes as PageBytes,
    node,
    pins,
    profile: at(['vms', 'profile'], () => profileOf(hypervisors, vms.profile, 'kvmposted')),
    neighbours: placement === 'shared' ? (vms.neighbours ?? 0) : 0,
    loadPercent: vms.load ?? USUAL_LOAD,
  };
}

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
  const known = {
    size: sizeOf('size', text.size),
    iters,
    connections,
    cores,
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
