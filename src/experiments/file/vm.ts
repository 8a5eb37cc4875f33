// VMs of a combination, from its text: what each is made of, and whether its host has that much to give. Hosts are not
// over-committed but in cores that are shared, and what cannot be is refused before anything runs.

import { MOST_FUNCTIONS } from '../../host/index.js';
import { PAGE_1G, PAGE_2M, PAGE_4K, type PageBytes } from '../../memory/index.js';
import { hypervisors } from '../../profiles/catalogue.js';
import { type Quantity, readSize } from '../../scenario/quantity.js';
import type { VmProfile } from '../../vm/index.js';
import { at, PlaceError } from './place.js';
import { profileOf } from './profile-value.js';
import type { DeviceName, PlacementName, VmsText } from './text.js';

/** The VM that a client runs in. */
export interface VmSettings {
  readonly name: string;
  /** Which of all VMs: they have addresses of their own. */
  readonly index: number;
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

/** What a host has. */
export interface Machine {
  readonly cores: number;
  readonly nodes: number;
  /** Of each node. */
  readonly memoryBytes: number;
}

/** What is asked of a VM: of all in 'vms', of one with its workload. */
export interface VmAsked {
  /** Of its workload; '' when that is alone. */
  readonly name: string;
  readonly all: VmsText | undefined;
  readonly own: VmsText | undefined;
  readonly ownPlace: readonly (string | number)[];
  /** Bytes that its program needs. */
  readonly need: number;
}

/** What a neighbour's guest needs: it only computes. */
export const NEIGHBOUR_MEMORY = 16 << 20;
const PAGE_SIZES: readonly number[] = [PAGE_4K, PAGE_2M, PAGE_1G];
/** Cores that pinned virtual CPUs leave to the host. */
const HOST_CORES = 2;
const USUAL_LOAD = 50;

/** What of a host is taken. */
interface Taken {
  readonly cores: Set<number>;
  readonly memory: Map<number, number>;
  readonly vms: VmSettings[];
  /** Workloads that use the card as the host's own. */
  readonly users: string[];
}

/** VMs of hosts, one after the other. */
export class Tenancy {
  readonly #taken = new Map<string, Taken>();
  #count = 0;

  constructor(readonly machineAt: (host: string) => Machine) {}

  /** A workload needs the host's own network. @throws PlaceError where a VM has all of it */
  uses(host: string, name: string, place: readonly (string | number)[]): void {
    const { vms, users } = this.#of(host);
    const owner = vms.find(({ device }) => device === 'passthrough');
    if (owner) throw new PlaceError(place, `${owner.name} has the whole card of ${host}`);
    users.push(name);
  }

  /** A VM on a host; undefined where its workload runs on the host itself. @throws PlaceError */
  vm(host: string, asked: VmAsked): VmSettings | undefined {
    const { all, own, ownPlace } = asked;
    const text: VmsText = { ...all, ...own };
    const { device = 'host', placement = 'pinned', vcpus = 2, node = 0 } = text;
    const place = (member: keyof VmsText) =>
      own?.[member] === undefined ? ['vms', member] : [...ownPlace, member];
    if (device === 'host') {
      this.uses(host, asked.name || 'the workload', ownPlace);
      return undefined;
    }
    const pageBytes = sizeOf('pages', text.pages) ?? PAGE_2M;
    if (!PAGE_SIZES.includes(pageBytes))
      throw new PlaceError(place('pages'), `expected 4KiB, 2MiB or 1GiB, found ${text.pages}`);
    const taken = this.#of(host);
    const settings: VmSettings = {
      name: asked.name === '' ? 'vm' : `vm ${asked.name}`,
      index: this.#count++,
      device,
      placement,
      vcpus,
      memoryBytes: upTo(pageBytes, sizeOf('memory', text.memory) ?? asked.need),
      pageBytes: pageBytes as PageBytes,
      node,
      pins: placement === 'pinned' ? this.#pins(host, vcpus, text.cores, place) : [],
      profile: at(place('profile'), () => profileOf(hypervisors, text.profile, 'kvmpolling')),
      // Those beside all VMs are there once.
      neighbours: placement === 'shared' && taken.vms.length === 0 ? (text.neighbours ?? 0) : 0,
      loadPercent: text.load ?? USUAL_LOAD,
    };
    this.#takeCard(host, settings, place('device'));
    this.#takeMemory(host, settings, place);
    taken.vms.push(settings);
    return settings;
  }

  #of(host: string): Taken {
    const known = this.#taken.get(host);
    if (known) return known;
    const taken = {
      cores: new Set<number>(),
      memory: new Map<number, number>(),
      vms: [],
      users: [],
    };
    this.#taken.set(host, taken);
    return taken;
  }

  /** Cores that pinned virtual CPUs have for themselves. */
  #pins(
    host: string,
    vcpus: number,
    given: readonly number[] | undefined,
    place: (member: keyof VmsText) => readonly (string | number)[],
  ): readonly number[] {
    const { cores } = this.machineAt(host);
    const taken = this.#of(host).cores;
    const free = Array.from({ length: cores }, (_, core) => core).filter(
      (core) => core >= HOST_CORES && !taken.has(core),
    );
    const pins = given ?? free.slice(0, vcpus);
    const where = place(given ? 'cores' : 'vcpus');
    if (pins.length !== vcpus || pins.some((core) => core >= cores))
      throw new PlaceError(
        where,
        `${vcpus} pinned virtual CPUs need as many cores of the ${cores} that ${host} has${given ? '' : `, ${HOST_CORES} of which are the host's own`}, found ${pins.join(', ') || 'none that is free'}`,
      );
    const twice = pins.find((core, i) => taken.has(core) || pins.indexOf(core) !== i);
    if (twice !== undefined)
      throw new PlaceError(
        where,
        `core ${twice} has a pinned virtual CPU already: expected cores that nobody has, or 'placement: shared'`,
      );
    for (const core of pins) taken.add(core);
    return pins;
  }

  #takeCard(host: string, { device, name }: VmSettings, place: readonly (string | number)[]): void {
    const { vms, users } = this.#of(host);
    if (device === 'passthrough') {
      const other = vms[0]?.name ?? users[0];
      if (other === undefined) return;
      throw new PlaceError(
        place,
        `the whole card of ${host} cannot be ${name}'s: ${other} uses it as well`,
      );
    }
    const owner = vms.find((vm) => vm.device === 'passthrough');
    if (owner) throw new PlaceError(place, `${owner.name} has the whole card of ${host}`);
    const functions = vms.filter((vm) => vm.device === 'vf').length;
    if (device === 'vf' && functions === MOST_FUNCTIONS)
      throw new PlaceError(
        place,
        `the card of ${host} has ${MOST_FUNCTIONS} virtual functions, and ${name} would need one more`,
      );
  }

  #takeMemory(
    host: string,
    { memoryBytes, pageBytes, node, neighbours, name }: VmSettings,
    place: (member: keyof VmsText) => readonly (string | number)[],
  ): void {
    const machine = this.machineAt(host);
    const { memory } = this.#of(host);
    if (node >= machine.nodes)
      throw new PlaceError(
        place('node'),
        `expected below ${machine.nodes}, the NUMA nodes of ${host}, found ${node}`,
      );
    const take = (of: number, bytes: number) => memory.set(of, (memory.get(of) ?? 0) + bytes);
    const before = memory.get(node) ?? 0;
    take(node, memoryBytes);
    take(0, neighbours * upTo(pageBytes, NEIGHBOUR_MEMORY));
    for (const [of, bytes] of memory)
      if (bytes > machine.memoryBytes)
        throw new PlaceError(
          place('memory'),
          `${name} needs ${memoryBytes} bytes${neighbours > 0 ? ` and its neighbours theirs` : ''}, and node ${of} of ${host} has ${machine.memoryBytes}, ${before} of which other VMs have; memory is not over-committed`,
        );
  }
}

const upTo = (unit: number, bytes: number): number => Math.ceil(bytes / unit) * unit;

const sizeOf = (name: string, value: Quantity | undefined): number | undefined =>
  value === undefined ? undefined : readSize(name, value);
