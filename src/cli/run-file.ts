// What `wireverbs run` does with a scenario of one's own, as a program (.ts, .mts, .mjs, .js) or as a description (.yaml, .yml,
// .json). Exit code 1 where something that it expects does not hold.

import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isExperiment } from '../experiments/index.js';
import type { Lab } from '../scenario/lab.js';
import { readScenario, runScenario } from '../scenario/scenario-file.js';
import { type Scenario, Stage } from '../scenario/stage.js';
import { UsageError } from './failure.js';
import type { RunOptions } from './run.js';
import { runExperiment } from './run-experiment.js';
import { loadScenario } from './scenario-module.js';
import { counted, print, style } from './terminal.js';

/** Runs the experiment or the scenario of a file. */
export async function runFile(path: string, options: RunOptions): Promise<void> {
  if (isDescription(path) && isExperiment(readFileSync(path, 'utf8')))
    return runExperiment(path, options);
  for (const name of ['jobs', 'shard', 'output', 'report'] as const)
    if (options[name] !== undefined)
      throw new UsageError(`--${name} is for experiments, and ${path} is a scenario`);
  const scenario = await scenarioOf(path);
  const files: number[] = [];
  const open = (name: string) => {
    const file = openSync(name, 'w');
    files.push(file);
    return (bytes: Uint8Array) => {
      writeSync(file, bytes);
    };
  };
  const labs: Lab[] = [];
  const capture = (lab: Lab) => {
    if (options.pcap === undefined || labs.length > 0) return;
    lab.capture(open(options.pcap), undefined, undefined, options.pcapAll);
  };
  const stage = new Stage({
    ...(options.seed !== undefined && { seed: options.seed }),
    open,
    ...(!options.json && { say: (text) => print(coloured(text)) }),
    begun: (lab) => options.pcapAll && capture(lab),
    made: (lab) => {
      if (!options.pcapAll) capture(lab);
      labs.push(lab);
    },
  });
  try {
    await scenario(stage);
  } finally {
    for (const lab of labs) lab.finish();
    for (const file of files) closeSync(file);
  }
  report(path, stage, options.json === true);
  if (!stage.holds) process.exitCode = 1;
}

const isDescription = (path: string): boolean => /\.(ya?ml|json)$/.test(path);

async function scenarioOf(path: string): Promise<Scenario> {
  if (/\.[mc]?[jt]s$/.test(path)) {
    const program = await loadScenario(path);
    return async (stage) => {
      try {
        await program(stage);
      } catch (error) {
        throw new UsageError(`${path}: ${thrown(error)}`);
      }
    };
  }
  if (!isDescription(path))
    throw new UsageError(`${path}: expected a program (.ts, .mjs) or a description (.yaml, .json)`);
  const beside = (name: string) => join(dirname(path), name);
  const plan = readScenario(path, readFileSync(path, 'utf8'), (name) =>
    readFileSync(beside(name), 'utf8'),
  );
  return (stage) => runScenario(plan, stage);
}

/** What a program threw, and the way there: its own doing until somebody shows otherwise. */
function thrown(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const way = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const own = way.findIndex((line) => !/node:|[/\\]dist[/\\]src[/\\]/.test(line));
  return [`${error.name}: ${error.message}`, ...way.slice(0, own < 0 ? 1 : own + 1)].join('\n');
}

const coloured = (text: string): string =>
  text.startsWith('  FAILS')
    ? style.bad(text)
    : text.startsWith('  holds')
      ? style.good(text)
      : text;

function report(path: string, stage: Stage, json: boolean): void {
  const { seed, values, expectations, lines, holds } = stage;
  if (json) {
    print(JSON.stringify({ scenario: path, seed, holds, values, expectations, lines }));
    return;
  }
  const failed = expectations.filter((one) => !one.holds).length;
  const all = counted(expectations.length, 'expectation');
  if (failed > 0) print(style.bad(`${failed} of ${all} did not hold`));
  else print(expectations.length === 0 ? 'ended' : style.good(`${all} held`));
}
