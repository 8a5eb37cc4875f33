// Routes without credit loops. All switches are put in one order from low to high; a packet goes up some hops, then down,
// and never up again, so that no circle of channels can wait for each other (Up*/Down* of Autonet, Schroeder et al.
// 1991). Tables by destination keep to it because a switch from which the destination can be reached by going down
// only never goes up. The order is the one of the two below that makes ways shorter:
// - fat tree: by distance from the nearest host, which in leaf-spine networks and fat trees is the natural one;
// - root: by distance from the switch that is nearest to all others, which always joins all.

export interface SwitchLink {
  readonly port: number;
  /** Index of the switch behind it, and its port. */
  readonly to: number;
  readonly toPort: number;
}

/** The subnet as routing sees it. */
export interface SubnetGraph {
  /** Links to other switches, by switch. */
  readonly switches: readonly (readonly SwitchLink[])[];
  /** LIDs of the switches themselves. */
  readonly lids: readonly number[];
  /** End ports with the switch and the port behind which they are. */
  readonly ends: readonly { readonly lid: number; readonly at: number; readonly port: number }[];
}

export interface SwitchOrder {
  readonly name: 'fat tree' | 'root';
  /** Place of each switch; higher is further up. No two have the same. */
  readonly place: readonly number[];
  /** Switches from which all hosts can be reached by going down only, highest first; every switch is below one. */
  readonly roots: readonly number[];
}

export interface Routes {
  readonly order: SwitchOrder;
  /** By switch: output port by LID, 255 for none; as long as the highest LID needs. */
  readonly tables: readonly Uint8Array[];
}

const FAR = Number.POSITIVE_INFINITY;
const NO_PORT = 255;

/** Hops from any of `from`, by switch. */
function distances(graph: SubnetGraph, from: readonly number[]): number[] {
  const far = graph.switches.map(() => FAR);
  for (const s of from) far[s] = 0;
  const queue = [...new Set(from)];
  for (const s of queue) {
    for (const { to } of graph.switches[s]!) {
      if (far[to] !== FAR) continue;
      far[to] = far[s]! + 1;
      queue.push(to);
    }
  }
  return far;
}

/** Places by a measure, of which less is lower; among equals the first switch is the highest. */
function placesBy(measure: readonly number[]): number[] {
  const sorted = measure.map((_, s) => s).sort((a, b) => measure[a]! - measure[b]! || b - a);
  const place = new Array<number>(measure.length);
  sorted.forEach((s, i) => {
    place[s] = i;
  });
  return place;
}

/** Which switches can be reached from `root` by going down only. */
function below(graph: SubnetGraph, place: readonly number[], root: number): Set<number> {
  const reached = new Set([root]);
  for (const s of reached) {
    for (const { to } of graph.switches[s]!) if (place[to]! < place[s]!) reached.add(to);
  }
  return reached;
}

function orderOf(
  graph: SubnetGraph,
  name: SwitchOrder['name'],
  measure: readonly number[],
): SwitchOrder {
  const place = placesBy(measure);
  const hosts = [...new Set(graph.ends.map(({ at }) => at))];
  const joined = new Set<number>();
  const roots = graph.switches
    .map((_, s) => s)
    .filter((s) => {
      const reached = below(graph, place, s);
      if (!hosts.every((host) => reached.has(host))) return false;
      for (const other of reached) joined.add(other);
      return true;
    })
    .sort((a, b) => place[b]! - place[a]!);
  // Every switch must be able to climb to a root, or traps of some would find no way to the manager.
  return { name, place, roots: joined.size === graph.switches.length ? roots : [] };
}

/** The orders that join all hosts. */
export function ordersOf(graph: SubnetGraph): SwitchOrder[] {
  const hosts = graph.ends.map(({ at }) => at);
  const centre = hosts.length > 0 ? hosts : graph.switches.map((_, s) => s);
  const fatTree = orderOf(graph, 'fat tree', distances(graph, centre));
  // The switch with the least sum of hops to all hosts, the first among equals.
  const sums = graph.switches.map(() => 0);
  for (const host of centre)
    distances(graph, [host]).forEach((far, s) => {
      sums[s] = sums[s]! + far;
    });
  const root = sums.indexOf(Math.min(...sums));
  const fromRoot = distances(graph, [root]).map((far) => -far);
  const rooted = orderOf(graph, 'root', fromRoot);
  return fatTree.roots.length > 0 ? [fatTree, rooted] : [rooted];
}

interface Towards {
  /** Hops down, and hops of the way that is taken, by switch. */
  readonly down: readonly number[];
  readonly way: readonly number[];
}

/** How far each switch is from `target` on the ways that the order allows. */
function towards(
  graph: SubnetGraph,
  place: readonly number[],
  highestFirst: readonly number[],
  target: number,
): Towards {
  const down = graph.switches.map(() => FAR);
  down[target] = 0;
  const queue = [target];
  for (const s of queue) {
    for (const { to } of graph.switches[s]!) {
      if (place[to]! < place[s]! || down[to] !== FAR) continue;
      down[to] = down[s]! + 1;
      queue.push(to);
    }
  }
  const way = [...down];
  for (const s of highestFirst) {
    if (way[s] !== FAR) continue;
    for (const { to } of graph.switches[s]!)
      if (place[to]! > place[s]!) way[s] = Math.min(way[s]!, way[to]! + 1);
  }
  return { down, way };
}

/** The links of `s` that are on a way to the target. */
function nextOf(
  graph: SubnetGraph,
  place: readonly number[],
  { down, way }: Towards,
  s: number,
): SwitchLink[] {
  const links = graph.switches[s]!;
  if (down[s] !== FAR)
    return links.filter(({ to }) => place[to]! < place[s]! && down[to]! + 1 === down[s]);
  if (way[s] === FAR) return [];
  return links.filter(({ to }) => place[to]! > place[s]! && way[to]! + 1 === way[s]);
}

/** Tables for all LIDs; of equal ports each LID takes the one that the fewest LIDs have so far. */
export function routesOf(graph: SubnetGraph): Routes {
  if (graph.switches.length === 0)
    return { order: { name: 'root', place: [], roots: [] }, tables: [] };
  let best: { readonly order: SwitchOrder; readonly hops: number } | undefined;
  for (const order of ordersOf(graph)) {
    const hops = hopsOf(graph, order);
    if (!best || hops < best.hops) best = { order, hops };
  }
  const { order } = best!;
  return { order, tables: tablesOf(graph, order) };
}

const highestFirst = ({ place }: SwitchOrder): number[] =>
  place.map((_, s) => s).sort((a, b) => place[b]! - place[a]!);

/** Hops of all ways between hosts. */
function hopsOf(graph: SubnetGraph, order: SwitchOrder): number {
  const hosts = graph.ends.map(({ at }) => at);
  const sorted = highestFirst(order);
  let sum = 0;
  for (const target of new Set(hosts)) {
    const { way } = towards(graph, order.place, sorted, target);
    for (const host of hosts) sum += way[host]!;
  }
  return sum;
}

/** Ways to each switch: for hosts behind it as the order says, and for itself. */
class Ways {
  readonly #hosts = new Map<number, readonly SwitchLink[][]>();

  constructor(
    readonly graph: SubnetGraph,
    readonly order: SwitchOrder,
    readonly sorted = highestFirst(order),
  ) {}

  toHosts(target: number): readonly SwitchLink[][] {
    const known = this.#hosts.get(target);
    if (known) return known;
    const { graph, order, sorted } = this;
    const to = towards(graph, order.place, sorted, target);
    const ways = graph.switches.map((_, s) => nextOf(graph, order.place, to, s));
    this.#hosts.set(target, ways);
    return ways;
  }

  /**
   * To a switch without hosts the order may forbid all ways of some. Only management goes there, on lane 15, which has
   * no credits to wait for: it takes the shortest ways.
   */
  toSwitch(target: number): readonly SwitchLink[][] {
    const { graph } = this;
    const ways = this.toHosts(target);
    if (ways.every((links, s) => s === target || links.length > 0)) return ways;
    const far = distances(graph, [target]);
    return graph.switches.map((links, s) => links.filter(({ to }) => far[to]! + 1 === far[s]));
  }
}

function tablesOf(graph: SubnetGraph, order: SwitchOrder): Uint8Array[] {
  const ways = new Ways(graph, order);
  const most = Math.max(0, ...graph.lids, ...graph.ends.map(({ lid }) => lid));
  const tables = graph.switches.map(() => new Uint8Array(most + 1).fill(NO_PORT));
  const load = graph.switches.map(() => new Uint32Array(NO_PORT + 1));
  graph.lids.forEach((lid, target) => {
    const to = ways.toSwitch(target);
    tables.forEach((table, s) => {
      table[lid] = s === target ? 0 : (to[s]![0]?.port ?? NO_PORT);
    });
  });
  for (const { lid, at, port } of graph.ends) {
    const to = ways.toHosts(at);
    tables.forEach((table, s) => {
      const chosen = s === at ? port : leastLoaded(to[s]!, load[s]!);
      table[lid] = chosen;
      load[s]![chosen] = load[s]![chosen]! + 1;
    });
  }
  return tables;
}

function leastLoaded(links: readonly SwitchLink[], load: Uint32Array): number {
  let chosen = NO_PORT;
  for (const { port } of links)
    if (chosen === NO_PORT || load[port]! < load[chosen]!) chosen = port;
  return chosen;
}
