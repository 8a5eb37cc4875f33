// What goes wrong in a lab: faults by rule and by probability on the ports of its stations, and links that go down.

import {
  type Chances,
  chances,
  isMeant,
  type Link,
  type Outage,
  parseOutage,
  parseRule,
  type Rule,
  type Topology,
} from '../fabric/index.js';
import type { Station } from '../frame/index.js';
import { after } from '../time/index.js';
import type { Fabric } from '../world/fabric.js';
import type { Simulation } from '../world/sim.js';

/** Where faults are set. */
export interface Ground {
  readonly sim: Simulation;
  readonly topology: Topology;
  readonly fabric: Fabric;
  readonly linkType: number;
  /** What a rule calls a station, beside its own name. */
  readonly aliases: ReadonlyMap<string, string>;
  ports(from?: string): Iterable<readonly [Station, number]>;
}

export class Faults {
  /** Those by rule, with how many frames each met. */
  readonly rules: Rule[] = [];

  constructor(readonly ground: Ground) {}

  /** Sets one. @throws RangeError when it cannot be read or names nobody */
  add(text: string): Rule | Outage {
    const outage = parseOutage(text);
    if (outage) return this.#outage(outage);
    const rule = parseRule(text, this.ground.linkType);
    for (const [station, port] of this.#portsOf(rule)) this.ground.sim.impair(station, port, rule);
    this.rules.push(rule);
    return rule;
  }

  /** Does not set it. @throws RangeError as `add` does */
  check(text: string): void {
    const outage = parseOutage(text);
    if (outage) this.#linksOf(outage);
    else this.#portsOf(parseRule(text, this.ground.linkType));
  }

  chances(odds: Chances, from?: string): void {
    const { sim } = this.ground;
    for (const [station, port] of this.ground.ports(from)) {
      const random = sim.random.fork(`chances ${station.name}.${port}`);
      sim.impair(station, port, chances(odds, random));
    }
  }

  #portsOf(rule: Rule): readonly (readonly [Station, number])[] {
    return [...this.ground.ports(rule.from === '' ? undefined : rule.from)];
  }

  #outage(outage: Outage): Outage {
    const { sim } = this.ground;
    for (const link of this.#linksOf(outage)) {
      sim.at(after(sim.now, outage.from), () => sim.setLink(link, false));
      if (outage.to < Number.POSITIVE_INFINITY)
        sim.at(after(sim.now, outage.to), () => sim.setLink(link, true));
    }
    return outage;
  }

  #linksOf(outage: Outage): readonly Link[] {
    const { topology, fabric, aliases } = this.ground;
    const named = { ...outage, ends: outage.ends.map((end) => aliases.get(end) ?? end) };
    const links = fabric.links.filter((_, i) => {
      const { a, b } = topology.links[i]!;
      return isMeant(named, a, b);
    });
    if (links.length > 0) return links;
    const all = topology.links.map(({ a, b }) => `${a}-${b}`).join(', ');
    throw new RangeError(
      `there is no link '${outage.ends.join('-')}' in ${topology.name}; there are ${all}`,
    );
  }
}
