// A heavy sweep (IBA 14.4): one phase after the other, each of requests that need not wait for each other. First the
// subnet is found; then every port gets its LID, MTU and lanes and is armed; then come the tables; and when all are in
// place, the ports become ACTIVE. A change on the way starts it anew when it is over.

import { ATTRIBUTE, PORT_STATE, STATUS } from './constant.js';
import { type Ask, discover } from './discovery.js';
import { candidateOf, type OtherManager } from './election.js';
import { planLanes } from './lane-plan.js';
import { LidTable } from './lid-table.js';
import { type Members, multicastTree } from './multicast-tree.js';
import { type PortPlan, planActive, planPort } from './port-plan.js';
import { type Routes, routesOf, type SubnetGraph } from './routing.js';
import { dataOf, type SmpRequest, smpOf } from './smp.js';
import { Subnet, type SubnetNode, type SubnetPort, stateOf } from './subnet.js';
import { TableImage } from './table-image.js';
import type { Transactions } from './transactions.js';
import { DirectedRoute, PortInfo, SwitchInfo } from './wire.js';

export interface SweepOptions {
  readonly portGuid: bigint;
  readonly gidPrefix?: bigint;
  readonly lids?: ReadonlyMap<bigint, number>;
  readonly mKey?: bigint;
  readonly slToVl?: readonly number[];
}

/** fe80::/64, the default subnet (IBA 4.1.1). */
export const DEFAULT_GID_PREFIX = 0xfe80000000000000n;
/** Sweeps one after the other that may miss answers; then it waits for the next trap. */
const MOST_INCOMPLETE = 4;

type Phase = 'rest' | 'discover' | 'managers' | 'ports' | 'tables' | 'activate' | 'groups';

export class Sweep {
  subnet = new Subnet();
  graph: SubnetGraph = { switches: [], lids: [], ends: [] };
  routes: Routes = routesOf(this.graph);
  /** Multicast groups by index of their LID, as subnet administration keeps them. */
  groups: () => ReadonlyMap<number, Members> = () => new Map();
  /** Is told which other managers there are; false ends the sweep here, because one of them rules. */
  elect: (others: readonly OtherManager[]) => boolean = () => true;
  /** Sweeps begun, requests that were refused, and the LIDs that could not be given. */
  count = 0;
  refused = 0;
  withoutLid = 0;
  readonly #lids: LidTable;
  readonly #images = new Map<bigint, TableImage>();
  #switches: readonly SubnetNode[] = [];
  #others: OtherManager[] = [];
  #phase: Phase = 'rest';
  #again = false;
  #regroup = false;
  #incomplete = 0;
  #lostBefore = 0;
  #tid = 0n;

  constructor(
    readonly transactions: Transactions,
    readonly options: SweepOptions,
  ) {
    this.#lids = new LidTable(options.lids);
  }

  get done(): boolean {
    return this.#phase === 'rest' && !this.#again && !this.#regroup;
  }

  get gidPrefix(): bigint {
    return this.options.gidPrefix ?? DEFAULT_GID_PREFIX;
  }

  start(): void {
    this.count++;
    this.#again = false;
    this.#lostBefore = this.transactions.lost;
    this.subnet = new Subnet();
    this.#phase = 'discover';
    discover(this.subnet, this.ask);
  }

  /** Something changed: another sweep when this one is over. */
  again(): void {
    this.#again = true;
    this.#incomplete = 0;
  }

  /** Groups changed: their tables are to be set. */
  regroup(): void {
    this.#regroup = true;
  }

  /** Goes on when nothing is under way any more. */
  advance(): void {
    while (this.transactions.idle && !this.done) this.#next();
  }

  #next(): void {
    switch (this.#phase) {
      case 'discover':
        this.#phase = 'managers';
        return this.#managers();
      case 'managers':
        if (!this.elect(this.#others)) return this.#stop();
        this.#phase = 'ports';
        return this.#ports();
      case 'ports':
        this.#phase = 'tables';
        return this.#tables();
      case 'tables':
        this.#phase = 'activate';
        return this.#activate();
      case 'rest':
        if (this.#again) return this.start();
        this.#phase = 'groups';
        return this.#groups();
      default:
        this.#phase = 'rest';
        this.#finish();
    }
  }

  #finish(): void {
    if (this.transactions.lost === this.#lostBefore) this.#incomplete = 0;
    else if (this.#incomplete++ < MOST_INCOMPLETE) this.#again = true;
    this.#lostBefore = this.transactions.lost;
  }

  #stop(): void {
    this.#phase = 'rest';
    this.#again = false;
    this.#regroup = false;
  }

  /** Other managers are at ports that say so (IBA 14.4.1). */
  #managers(): void {
    this.#others = [];
    const get = { method: 'get', attribute: ATTRIBUTE.smInfo } as const;
    for (const { node, port } of this.subnet.endPorts()) {
      const { path } = node;
      if (path.length === 0 || PortInfo.get.isSm(port.info, 0) === 0) continue;
      this.ask(path, get, (info) => info && this.#others.push({ ...candidateOf(info), path }));
    }
  }

  /** Sends a request on a path, with the key. */
  readonly ask: Ask = (path, request, done) => {
    const { mKey } = this.options;
    const whole: SmpRequest = mKey === undefined ? request : { ...request, mKey };
    const bytes = smpOf({ path }, whole, ++this.#tid);
    this.transactions.ask({ bytes, lid: undefined, sl: 0, qp: 0 }, (answer) => {
      const status = answer && DirectedRoute.get.status(answer, 0);
      if (status !== undefined && status !== STATUS.ok) this.refused++;
      done(status === STATUS.ok ? dataOf(answer!) : undefined);
    });
  };

  #set(
    node: SubnetNode,
    attribute: number,
    modifier: number,
    data: Uint8Array,
    done: Got = ignore,
  ): void {
    this.ask(node.path, { method: 'set', attribute, modifier, data }, done);
  }

  #setPort(node: SubnetNode, port: SubnetPort, data: Uint8Array): void {
    this.#set(node, ATTRIBUTE.portInfo, port.number, data, (got) => {
      if (got) port.info = got.slice();
    });
  }

  /** The LID of the manager's own port. */
  get managerLid(): number {
    return this.subnet.byGuid.get(this.options.portGuid)?.lid ?? 0;
  }

  /** Output port of a switch for a LID, as its table shall have it. */
  portTowards(node: SubnetNode, lid: number): number | undefined {
    return this.routes.tables[this.#switches.indexOf(node)]?.[lid];
  }

  #ports(): void {
    const { subnet, options, gidPrefix } = this;
    const lids = new Map<SubnetPort, number>();
    for (const end of subnet.endPorts()) {
      const lid = this.#lids.lidOf(end.guid, PortInfo.get.lid(end.port.info, 0));
      if (lid === undefined) {
        this.withoutLid++;
        continue;
      }
      lids.set(end.port, lid);
      subnet.setLid(end, lid);
    }
    this.#forgetOthers();
    const common = { managerLid: this.managerLid, gidPrefix, mKey: options.mKey ?? 0n };
    for (const node of subnet.nodes.values()) {
      for (const port of node.ports.values()) {
        const plan: PortPlan = { ...common, lid: lids.get(port) };
        const data = planPort(node, port, plan);
        if (data) this.#setPort(node, port, data);
      }
    }
  }

  /** What is known of the tables of nodes that are new, have forgotten, or were another manager's meanwhile is not so. */
  #forgetOthers(): void {
    const { subnet, managerLid } = this;
    for (const { node, port } of subnet.endPorts())
      if (PortInfo.get.masterSmLid(port.info, 0) !== managerLid) this.#images.delete(node.guid);
  }

  #tables(): void {
    const { graph, switches } = this.subnet.graph();
    this.graph = graph;
    this.#switches = switches;
    this.routes = routesOf(graph);
    switches.forEach((node, s) => {
      const table = this.routes.tables[s]!;
      const info = node.switchInfo;
      if (!info) return;
      const top = SwitchInfo.get.linearFdbTop(info, 0);
      if (top === 0) this.#images.delete(node.guid); // it has forgotten, or is new
      const wanted = info.slice(0, SwitchInfo.size);
      SwitchInfo.set.linearFdbTop(wanted, 0, table.length - 1);
      const stale = SwitchInfo.get.portStateChange(info, 0) === 1;
      if (stale || top !== table.length - 1) this.#set(node, ATTRIBUTE.switchInfo, 0, wanted);
      for (const { request, confirmed } of this.#image(node).linear(table))
        this.ask(node.path, request, (got) => got && confirmed());
    });
    this.#lanes();
    this.#groups();
  }

  /** Lanes of service levels, by the lanes that both ends of each link were set to. */
  #lanes(): void {
    for (const node of this.subnet.nodes.values()) {
      const wanted = planLanes(node, this.options.slToVl);
      for (const { request, confirmed } of this.#image(node).lanes(wanted))
        this.ask(node.path, request, (got) => got && confirmed());
    }
  }

  #image({ guid }: SubnetNode): TableImage {
    const image = this.#images.get(guid) ?? new TableImage();
    this.#images.set(guid, image);
    return image;
  }

  #groups(): void {
    this.#regroup = false;
    const { graph, routes } = this;
    const trees = [...this.groups()].map(
      ([group, members]) => [group, multicastTree(graph, routes.order, members, group)] as const,
    );
    this.#switches.forEach((node, s) => {
      const ports = new Map(trees.map(([group, tree]) => [group, tree[s]!]));
      const most = Math.max(0, ...node.ports.keys());
      for (const { request, confirmed } of this.#image(node).multicast(ports, most))
        this.ask(node.path, request, (got) => got && confirmed());
    });
  }

  #activate(): void {
    for (const node of this.subnet.nodes.values()) {
      for (const port of node.ports.values()) {
        if (stateOf(port) === PORT_STATE.armed) this.#setPort(node, port, planActive(port));
      }
    }
  }
}

type Got = (got: Uint8Array | undefined) => void;
const ignore: Got = () => {};
