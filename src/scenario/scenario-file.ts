// Reads a scenario's description and runs it: topology, workloads, faults, captures, and what must hold in the end.

import {
  type AtomicType,
  type Perftest,
  type PerftestOptions,
  perftestParameters,
  type TestName,
  type Transport,
  type WireName,
} from '../apps/perftest/index.js';
import { pair, type Topology } from '../fabric/index.js';
import { cards, processors } from '../profiles/catalogue.js';
import type { FabricKind } from '../world/fabric.js';
import { readDocument, type SchemaDocument } from './document.js';
import { type Expected, judge } from './expectation.js';
import { type FaultText, spoil } from './fault-text.js';
import type { LabOptions } from './lab.js';
import { type Quantity, readSize, readTime } from './quantity.js';
import { resultsOf, tableOf } from './results.js';
import { scenarioSchema } from './scenario-schema.js';
import type { Stage } from './stage.js';
import { readTopology, type TopologyText, topologyOf } from './topology-file.js';

/** A workload as a description has it. */
export interface WorkloadText {
  readonly name?: string;
  readonly test: TestName;
  readonly from: string;
  readonly to: string;
  readonly start?: Quantity;
  readonly 'qp-type'?: Transport;
  readonly size?: Quantity;
  readonly 'atomic-type'?: AtomicType;
  readonly [option: string]: unknown;
}

interface ScenarioText {
  readonly title?: string;
  readonly wire?: WireName;
  readonly kind?: FabricKind;
  readonly ipv6?: boolean;
  readonly nic?: string;
  readonly cpu?: string;
  readonly seed?: number;
  readonly topology?: TopologyText;
  readonly 'topology-file'?: string;
  readonly workloads: readonly WorkloadText[];
  readonly faults?: readonly FaultText[];
  readonly captures?: readonly { readonly file: string; readonly at?: readonly string[] }[];
  readonly end?: Quantity;
  readonly expect?: readonly Expected[];
}

/** A description that was read and found right, ready to be run. */
export interface ScenarioPlan {
  readonly document: SchemaDocument<ScenarioText>;
  readonly topology: Topology;
}

/**
 * Reads a description; `beside` reads a file that it names.
 * @throws DocumentError with the place of what is wrong
 */
export function readScenario(
  name: string,
  text: string,
  beside: (name: string) => string,
): ScenarioPlan {
  const document = readDocument<ScenarioText>(name, text, scenarioSchema);
  const { value } = document;
  const file = value['topology-file'];
  if (file !== undefined && value.topology !== undefined)
    throw document.error(['topology-file'], "there is a 'topology' as well; leave out one of them");
  let topology: Topology = pair();
  if (file !== undefined) topology = readTopology(file, beside(file));
  else if (value.topology) topology = topologyOf(document, ['topology'], value.topology);
  value.workloads.forEach((workload, i) => {
    for (const end of ['from', 'to'] as const) {
      if (!topology.hosts.includes(workload[end]))
        throw document.error(
          ['workloads', i, end],
          `there is no host '${workload[end]}'; there are ${topology.hosts.join(', ')}`,
        );
    }
    document.at(['workloads', i], () =>
      perftestParameters({ ...optionsOf(workload), wire: value.wire ?? 'rocev2' }),
    );
  });
  return { document, topology };
}

/** Runs a description on a stage, which is told what came out and what held. */
export function runScenario({ document, topology }: ScenarioPlan, stage: Stage): void {
  const { value } = document;
  const options: LabOptions = {
    topology,
    ...(value.wire && { wire: value.wire }),
    ...(value.kind && { kind: value.kind }),
    ...(value.ipv6 !== undefined && { ipv6: value.ipv6 }),
    ...(value.nic && { card: cards.get(value.nic)! }),
    ...(value.cpu && { cpu: processors.get(value.cpu)! }),
    ...(value.seed !== undefined && stage.seed === 1 && { seed: value.seed }),
  };
  const lab = document.at(['topology'], () => stage.lab(options));
  if (value.title) stage.say(value.title);
  value.captures?.forEach(({ file, at }, i) => {
    document.at(['captures', i], () => stage.capture(lab, file, at));
  });
  value.faults?.forEach((fault, i) => {
    document.at(['faults', i], () => spoil(lab, fault));
  });
  const tests = new Map<string, Perftest>();
  value.workloads.forEach((workload, i) => {
    const { from, to, start = 0 } = workload;
    const name = workload.name ?? `w${i}`;
    if (tests.has(name)) throw document.error(['workloads', i], `there are two named '${name}'`);
    const at = lab.begin + readTime('start', start);
    const test = lab.perftest(optionsOf(workload), lab.host(from), lab.host(to), at);
    tests.set(name, test);
  });
  lab.run(value.end === undefined ? undefined : lab.begin + readTime('end', value.end));
  lab.runFor(DRAIN_NS);
  const results = resultsOf(lab, tests);
  for (const line of tableOf(results)) stage.say(line);
  Object.assign(stage.values, results.values);
  value.expect?.forEach((expected, i) => {
    document.at(['expect', i], () => {
      const { title, holds } = judge(expected, results.values);
      stage.expect(title, holds);
    });
  });
  // Without words on it, a workload has to end well.
  for (const [name, { failure }] of Object.entries(results.workloads)) {
    const said = value.expect?.some((one) => one.value.startsWith(`workloads.${name}.`));
    if (failure !== '' && !said) stage.expect(`workloads.${name} ends well: ${failure}`, false);
  }
}

/** Frames that are still under way at the end arrive within this. */
const DRAIN_NS = 100_000;

/** Options of a workload, by the names that programs know them by. */
export function optionsOf(workload: WorkloadText): Omit<PerftestOptions, 'wire'> {
  const { name: _, from: __, to: ___, start: ____, ...rest } = workload;
  const renamed: Readonly<Record<string, string>> = {
    sl: 'serviceLevel',
    outs: 'outstandingReads',
  };
  const entries = Object.entries(rest).map(([key, value]) => {
    const option = renamed[key] ?? key.replaceAll(/-(\w)/g, (_all, letter) => letter.toUpperCase());
    return [option, key === 'size' ? readSize('size', value as Quantity) : value];
  });
  return Object.fromEntries(entries) as Omit<PerftestOptions, 'wire'>;
}
