// From the text of one combination to what is built and run: profiles by their names, sizes as numbers, and everything
// that cannot be refused before anything runs.

import type { PathName } from '../../apps/compare/index.js';
import { kernelFor, tcpTestParameters } from '../../apps/tcptest/index.js';
import type { CpuProfile } from '../../cpu/index.js';
import { pair, star, type Topology } from '../../fabric/index.js';
import type { KernelOptions } from '../../kernel/index.js';
import { cards, ethernetCards, kernels, processors, slots } from '../../profiles/catalogue.js';
import { kernelOn } from '../../profiles/kernel.js';
import type { NicProfile } from '../../profiles/nic.js';
import { SchemaDocument } from '../../scenario/document.js';
import type { FaultText } from '../../scenario/fault-text.js';
import type { LabOptions } from '../../scenario/lab.js';
import { readSize, readTime } from '../../scenario/quantity.js';
import { readTopology, topologyOf } from '../../scenario/topology-file.js';
import type { Beside } from './experiment-file.js';
import { checkFaults, wireOf } from './ground.js';
import { at, PlaceError } from './place.js';
import { nodesOf } from './pool.js';
import { profileOf } from './profile-value.js';
import type { HostText, OptionsText, PointText } from './text.js';
import { Tenancy } from './vm.js';
import { hostNamed, type Workload, workloadsOf } from './workload.js';

/** A host's hardware. */
export interface Hardware {
  readonly cpu: CpuProfile;
  readonly card: NicProfile;
  readonly kernel: KernelOptions;
  readonly memoryBytes: number;
  readonly nodes: number;
  readonly slotNode: number | undefined;
}

/** One combination, ready to be built. */
export interface Settings {
  readonly seed: number;
  readonly transport: PathName;
  readonly topology: Topology;
  readonly lab: LabOptions;
  readonly hardware: ReadonlyMap<string, Hardware>;
  /** All at once. */
  readonly workloads: readonly Workload[];
  readonly faults: readonly FaultText[];
  readonly endNs: number | undefined;
}

/** Ethernet frames that carry RDMA packets of 4096 bytes with their headers. */
const USUAL_MTU = 4200;
const USUAL_MEMORY = 2 ** 30;
const SLOT_SPARE = 128;

/** @throws PlaceError that says what cannot be, and where */
export function settle(text: PointText, beside: Beside): Settings {
  const { transport = 'rocev2', seed = 1, options = {}, fabric = {} } = text;
  const topology = topologyFor(text, beside);
  const hardware = new Map(topology.hosts.map((name) => [name, hardwareOf(text, name)] as const));
  for (const name of Object.keys(text.hosts ?? {}))
    if (name !== 'all') hostNamed(topology, name, ['hosts', name]);
  const mtu = options.mtu ?? USUAL_MTU;
  const machineAt = (name: string) => {
    const { cpu, nodes, memoryBytes } = hardware.get(name)!;
    return { cores: cpu.cores, nodes, memoryBytes };
  };
  const workloads = workloadsOf(text, {
    topology,
    transport,
    kernelAt: (name) => hardware.get(name)!.kernel,
    tenancy: new Tenancy(machineAt),
  });
  const hasKernel = transport === 'tcp' || workloads.some(({ kind }) => kind === 'tcp');
  const hasFunctions = (name: string) =>
    workloads.some(({ vm, from }) => vm?.device === 'vf' && from === name);
  const hosts = Object.fromEntries(
    [...hardware].map(([name, { cpu, card, kernel, memoryBytes, nodes, slotNode }]) => [
      name,
      {
        cpu,
        card,
        pcie: card.pcie,
        mtu,
        nodes: Array.from({ length: nodes }, () => memoryBytes),
        ...(slotNode !== undefined && { slotNode }),
        ...(hasKernel && { kernel: { ...kernel, ...steering(workloads, cpu) } }),
        ...(hasFunctions(name) && { sriov: {} }),
      },
    ]),
  );
  const lab: LabOptions = {
    topology,
    seed,
    hosts,
    wire: wireOf(transport),
    slotBytes: Math.max(mtu, USUAL_MTU) + SLOT_SPARE,
    ...(fabric.kind && { kind: fabric.kind }),
    ...(fabric.ipv6 !== undefined && { ipv6: fabric.ipv6 }),
  };
  const { faults = [] } = text;
  checkFaults(faults, lab);
  return {
    seed,
    transport,
    topology,
    lab,
    hardware,
    workloads,
    faults,
    endNs: text.end === undefined ? undefined : readTime('end', text.end),
  };
}

export function topologyFor({ fabric = {}, pool = {} }: PointText, beside: Beside): Topology {
  const { topology: own, 'topology-file': file } = fabric;
  if (file !== undefined && own !== undefined)
    throw new PlaceError(
      ['fabric', 'topology-file'],
      "there is a 'topology' as well; leave out one of them",
    );
  if (file !== undefined) return readTopology(file, beside(file));
  const nodes = nodesOf(pool);
  if (!own) return nodes === 1 ? pair() : star(1 + nodes);
  const document = new SchemaDocument('', own, () => '');
  return at(['fabric', 'topology'], () => topologyOf(document, [], own));
}

function hardwareOf({ hosts = {}, options = {} }: PointText, name: string): Hardware {
  const text: HostText = { ...hosts.all, ...hosts[name] };
  const place = (member: string) => ['hosts', hosts[name] ? name : 'all', member];
  const cpu = at(place('cpu'), () => profileOf(processors, text.cpu, 'xeonhaswell'));
  const bare = at(place('nic'), () => profileOf(cards, text.nic, 'connectx5'));
  const slot = text.pcie;
  const card =
    slot === undefined
      ? bare
      : { ...bare, pcie: at(place('pcie'), () => profileOf(slots, slot, 'pciegen3x16')) };
  const like = typeof text.nic === 'string' ? text.nic : (text.nic?.like ?? 'connectx5');
  const nic = ethernetCards.get(like) ?? ethernetCards.get('connectx5')!;
  const profile =
    text.kernel === undefined
      ? kernelOn(cpu.name)
      : at(place('kernel'), () => profileOf(kernels, text.kernel, 'linux54'));
  const { nodes = 1, 'slot-node': slotNode } = text;
  if (slotNode !== undefined && slotNode >= nodes)
    throw new PlaceError(
      place('slot-node'),
      `expected below ${nodes}, the nodes, found ${slotNode}`,
    );
  return {
    cpu,
    card,
    kernel: { ...kernelOptions(options), nic, profile },
    memoryBytes: text.memory === undefined ? USUAL_MEMORY : readSize('memory', text.memory),
    nodes,
    slotNode,
  };
}

const NS_A_MICROSECOND = 1000;
const microseconds = (name: string, value: string | number): number =>
  readTime(name, value) / NS_A_MICROSECOND;

function kernelOptions(options: OptionsText): KernelOptions {
  const { tso, gro, arfs, coalesce, congestion } = options;
  const poll = options['busy-poll'];
  return {
    ...(tso !== undefined && { tso, gso: tso }),
    ...(gro !== undefined && { gro }),
    ...(arfs !== undefined && { arfs }),
    ...(congestion && { congestion }),
    ...(coalesce !== undefined && {
      coalesce: coalesce === 'adaptive' ? coalesce : microseconds('coalesce', coalesce),
    }),
    ...(poll !== undefined && { busyPoll: microseconds('busy-poll', poll) }),
  };
}

/** Queues and cores of a TCP test that is alone, as `wireverbs perftest` has them; those of a guest are its own. */
function steering([workload, ...others]: readonly Workload[], cpu: CpuProfile): KernelOptions {
  if (workload?.kind !== 'tcp' || workload.vm || others.length > 0) return {};
  const {
    queues,
    affinity,
    steering: how,
  } = kernelFor(tcpTestParameters(workload.options), cpu.cores);
  return {
    ...(queues !== undefined && { queues }),
    ...(affinity && { affinity }),
    ...(how && { steering: how }),
  };
}
