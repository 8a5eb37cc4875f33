// What `wireverbs run` does with an experiment: every combination of its sweeps, on all cores. Lines of JSON to stdout or a
// file, or a table; progress on a terminal. Exit code 1 where a combination did not end well.

import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type PointResult,
  readExperiment,
  runPoints,
  type Source,
  shareOf,
} from '../experiments/index.js';
import { resultTable, troubles } from './experiment-table.js';
import { UsageError } from './failure.js';
import { openPage } from './open-page.js';
import type { RunOptions } from './run.js';
import { counted, PointProgress, print, remark } from './terminal.js';

/** Runs an experiment's file, or a share of it. */
export async function runExperiment(path: string, options: RunOptions): Promise<void> {
  for (const name of ['pcap', 'pcapAll'] as const)
    if (options[name] !== undefined)
      throw new UsageError(`--pcap is for scenarios, and ${path} is an experiment`);
  if (options.report !== undefined && options.json)
    throw new UsageError('--report prints a table: leave out --json, or use --output');
  if (options.open && options.report === undefined)
    throw new UsageError('--open shows the page of --report FOLDER');
  if (options.jobs === 0) throw new UsageError('--jobs: expected 1 or more, found 0');
  const { source, experiment } = readWithSource(path, options.seed);
  const points = options.shard ? shareOf(experiment.points, options.shard) : experiment.points;
  const file = options.output === undefined ? undefined : openSync(options.output, 'w');
  const results: PointResult[] = [];
  const progress = new PointProgress(points.length, experiment.title);
  try {
    await runPoints(source, points, {
      ...(options.jobs !== undefined && { jobs: options.jobs }),
      onLine: (line) => {
        if (options.json) print(line);
        if (file !== undefined) writeSync(file, `${line}\n`);
        results.push(JSON.parse(line) as PointResult);
      },
      onProgress: (done) => progress.update(done),
    });
  } finally {
    progress.stop();
    if (file !== undefined) closeSync(file);
  }
  if (options.report !== undefined) {
    print(`${experiment.title}: ${counted(results.length, 'combination')}`);
    const { writeReport } = await import('./write-report.js');
    const page = await writeReport(options.report, experiment, source, results, options.jobs);
    if (options.open) openPage(page);
  } else if (!options.json) {
    print(`${experiment.title}: ${counted(results.length, 'combination')}\n`);
    print(resultTable(results, experiment.swept));
  }
  const trouble = troubles(results);
  for (const words of trouble) remark(`wireverbs: ${words}`);
  if (trouble.length > 0) process.exitCode = 1;
}

/** Reads the file, and remembers what it reads beside it, for the threads. */
export function readWithSource(path: string, seed?: number) {
  const files: Record<string, string> = {};
  const text = readFileSync(path, 'utf8');
  const beside = (name: string): string => {
    files[name] ??= readFileSync(join(dirname(path), name), 'utf8');
    return files[name];
  };
  const experiment = readExperiment(path, text, beside, seed);
  const source: Source = { name: path, text, files, ...(seed !== undefined && { seed }) };
  return { source, experiment };
}
