// Runs the combinations of an experiment on as many threads as are wanted. Each is a world of its own with a seed of its
// own, so that nothing depends on which thread runs it, or when; results come in the order of the file.

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Point } from '../file/sweep.js';

/** An experiment's file with those that it names, as workers read them again. */
export interface Source {
  readonly name: string;
  readonly text: string;
  readonly files: Readonly<Record<string, string>>;
  /** Stands for the file's own. */
  readonly seed?: number;
}

/** How far a combination is, what came out, or what broke. */
export type FromWorker = { readonly index: number } & (
  | { readonly part: number }
  | { readonly line: string }
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
  { jobs = availableParallelism(), onLine, onProgress = () => {} }: RunOptions,
): Promise<void> {
  const lines = new Map<number, string>();
  const parts = new Map<number, number>();
  let begun = 0;
  let told = 0;
  const finish = (index: number, line: string): void => {
    lines.set(index, line);
    parts.delete(index);
    for (let next = points[told]; next && lines.has(next.index); next = points[told]) {
      onLine(lines.get(next.index)!);
      lines.delete(next.index);
      told++;
    }
  };
  const done = (): number =>
    told + lines.size + [...parts.values()].reduce((sum, part) => sum + part, 0);
  const serve = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const thread = new Worker(worker, { workerData: source });
      const next = (): void => {
        const point = points[begun++];
        if (point) thread.postMessage(point.index);
        else void thread.terminate().then(() => resolve());
      };
      thread.on('error', reject);
      thread.on('message', (message: FromWorker) => {
        const { index } = message;
        if ('bug' in message) {
          void thread.terminate();
          reject(new Error(`point ${index}: ${message.bug}`));
        } else if ('part' in message) parts.set(index, message.part);
        else {
          finish(index, message.line);
          next();
        }
        onProgress(done());
      });
      next();
    });
  const threads = Math.min(jobs, points.length);
  await Promise.all(Array.from({ length: threads }, serve));
}
