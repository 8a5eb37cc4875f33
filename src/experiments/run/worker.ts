// A thread of its own that runs combinations, one after the other, as it is told their numbers.

import { parentPort, workerData } from 'node:worker_threads';
import { readExperiment } from '../file/experiment-file.js';
import { runPoint } from './point.js';
import type { FromWorker, Source } from './runner.js';

const { name, text, files, seed } = workerData as Source;
const beside = (file: string) => files[file]!;
const experiment = readExperiment(name, text, beside, seed);
const port = parentPort!;
const tell = (message: FromWorker) => port.postMessage(message);

port.on('message', (index: number) => {
  const point = experiment.points[index]!;
  try {
    const result = runPoint(experiment, point, beside, (part) => tell({ index, part }));
    tell({ index, line: JSON.stringify(result) });
  } catch (error) {
    tell({ index, bug: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
