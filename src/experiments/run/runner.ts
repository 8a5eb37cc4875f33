// Runs the combinations of an experiment on as many threads as are wanted. Each is a world of its own with a seed of its
// own, so that nothing depends on which thread runs it, or when; results come in the order of the file.

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { PathRecord } from '../../apps/compare/index.js';
import type { Point } from '../file/sweep.js';

/** An experiment's file with those that it names, as workers read them again. */
export interface Source {
  readonly name: string;
  readonly text: string;
  readonly files: Readonly<Record<string, string>>;
  /** Stands for the file's own. */
  readonly seed?: number;
}

/** What a thread is told to do: run a combination, or record one read of so many bytes of its disk. */
export interface Task {
  readonly index: number;
  readonly readBytes?: number;
}

/** How far a combination is, what came out, or what broke. */
export type FromWorker = { readonly index: number } & (
  | { readonly part: number }
  | { readonly line: string }
  | { readonly record: PathRecord | string }
  | { readonly bug: string }
);

export interface RunOptions {
  /** Threads; one a core unless given. */
  readonly jobs?: number;
  /** Each result as a line of JSON, in the order of the points. */
  readonly onLine: (line: string) => void;
  /** How much of all is done, in points. */
  readonly onProgress?: (done: number) => void;
}

const worker = new URL('./worker.js', import.meta.url);

/** Runs points of an experiment. @throws Error with the trace of what broke in a thread */
export async function runPoints(
  source: Source,
  points: readonly Point[],
  { jobs, onLine, onProgress = () => {} }: RunOptions,
): Promise<void> {
  const lines = new Map<number, string>();
  const parts = new Map<number, number>();
  let told = 0;
  const tasks = points.map(({ index }) => ({ index }));
  await inThreads(source, tasks, jobs, (message) => {
    const { index } = message;
    if ('part' in message) parts.set(index, message.part);
    else if ('line' in message) {
      lines.set(index, message.line);
      parts.delete(index);
    }
    for (let next = points[told]; next && lines.has(next.index); next = points[told]) {
      onLine(lines.get(next.index)!);
      lines.delete(next.index);
      told++;
    }
    const begun = [...parts.values()].reduce((sum, part) => sum + part, 0);
    onProgress(told + lines.size + begun);
  });
}

/** Records one read of each point's disk; what came out, or why nothing did, in the order of the points. */
export async function recordReads(
  source: Source,
  points: readonly Point[],
  readBytes: number,
  jobs?: number,
): Promise<readonly (PathRecord | string)[]> {
  const found = new Map<number, PathRecord | string>();
  const tasks = points.map(({ index }) => ({ index, readBytes }));
  await inThreads(source, tasks, jobs, (message) => {
    if ('record' in message) found.set(message.index, message.record);
  });
  return points.map(({ index }) => found.get(index)!);
}

/** Threads that do one task after the other, until there are none left. */
async function inThreads(
  source: Source,
  tasks: readonly Task[],
  jobs: number = availableParallelism(),
  hear: (message: FromWorker) => void,
): Promise<void> {
  let begun = 0;
  const threads = new Set<Worker>();
  const serve = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const thread = new Worker(worker, { workerData: source });
      threads.add(thread);
      const next = (): void => {
        const task = tasks[begun++];
        if (task) thread.postMessage(task);
        else void thread.terminate().then(() => resolve());
      };
      thread.on('error', reject);
      thread.on('message', (message: FromWorker) => {
        if ('bug' in message) return reject(new Error(`point ${message.index}: ${message.bug}`));
        hear(message);
        if (!('part' in message)) next();
      });
      next();
    });
  try {
    await Promise.all(Array.from({ length: Math.min(jobs, tasks.length) }, serve));
  } finally {
    for (const thread of threads) void thread.terminate();
  }
}
