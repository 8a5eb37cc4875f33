// What proves routes: following tables hop by hop, and the dependencies of channels (Dally and Seitz 1987): routes that
// make no circle among them cannot deadlock.

import type { SubnetGraph } from '../../../src/subnet/routing.js';
import { assert } from '../../support/spec.js';

/** Channels that a packet takes from the switch of one end to another end's port; fails when it comes nowhere. */
export function follow(
  graph: SubnetGraph,
  tables: readonly Uint8Array[],
  from: number,
  lid: number,
): string[] {
  const channels: string[] = [];
  let s = from;
  for (let hops = 0; hops <= graph.switches.length; hops++) {
    const port = tables[s]![lid]!;
    channels.push(`${s}.${port}`);
    if (graph.ends.some((end) => end.lid === lid && end.at === s && end.port === port))
      return channels;
    const link = graph.switches[s]!.find((l) => l.port === port);
    assert.ok(link, `LID ${lid} leaves switch ${s} by port ${port}, behind which is nothing`);
    s = link!.to;
  }
  throw new Error(`LID ${lid} runs in a loop from switch ${from}`);
}

export class Dependencies {
  readonly #next = new Map<string, Set<string>>();

  path(channels: readonly string[]): void {
    for (let i = 0; i + 1 < channels.length; i++) this.add(channels[i]!, channels[i + 1]!);
  }

  add(from: string, to: string): void {
    const known = this.#next.get(from) ?? new Set();
    known.add(to);
    this.#next.set(from, known);
  }

  /** A circle, or undefined. */
  circle(): string | undefined {
    const done = new Set<string>();
    const under = new Set<string>();
    const visit = (channel: string): string | undefined => {
      if (under.has(channel)) return channel;
      if (done.has(channel)) return undefined;
      under.add(channel);
      for (const next of this.#next.get(channel) ?? []) {
        const found = visit(next);
        if (found !== undefined) return found;
      }
      under.delete(channel);
      done.add(channel);
      return undefined;
    };
    for (const channel of this.#next.keys()) {
      const found = visit(channel);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** Dependencies of all packets between hosts, and hops of all ways. */
export function provenRoutes(graph: SubnetGraph, tables: readonly Uint8Array[]) {
  const dependencies = new Dependencies();
  let hops = 0;
  for (const from of graph.ends) {
    for (const to of graph.ends) {
      if (from === to) continue;
      const way = follow(graph, tables, from.at, to.lid);
      hops += way.length;
      dependencies.path([`h${from.lid}`, ...way]);
    }
  }
  return { dependencies, hops };
}

/** Adds what a multicast tree makes wait for each other, and gives the LIDs that a packet from `from` reaches. */
export function spread(
  graph: SubnetGraph,
  tree: readonly ReadonlySet<number>[],
  from: SubnetGraph['ends'][number],
  dependencies: Dependencies,
): number[] {
  const reached: number[] = [];
  const walk = (s: number, ingress: number, channel: string, hops: number): void => {
    assert.ok(hops <= graph.switches.length, 'a multicast packet runs in a loop');
    for (const port of tree[s]!) {
      if (port === ingress) continue;
      const out = `${s}.${port}`;
      dependencies.add(channel, out);
      const link = graph.switches[s]!.find((l) => l.port === port);
      if (link) walk(link.to, link.toPort, out, hops + 1);
      else reached.push(graph.ends.find((end) => end.at === s && end.port === port)!.lid);
    }
  };
  walk(from.at, from.port, `h${from.lid}`, 0);
  return reached.sort((a, b) => a - b);
}
