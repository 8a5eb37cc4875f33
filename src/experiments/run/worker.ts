// A thread of its own that runs combinations, one after the other, as it is told their numbers.

import { parentPort, workerData } from 'node:worker_threads';
import { readExperiment } from '../file/experiment-file.js';
import { settle } from '../file/settings.js';
import { recordRead } from './one-io.js';
import { runPoint } from './point.js';
import type { FromWorker, Source, Task } from './runner.js';

const { name, text, files, seed } = workerData as Source;
const beside = (file: string) => files[file]!;
const experiment = readExperiment(name, text, beside, seed);
const port = parentPort!;
const tell = (message: FromWorker) => port.postMessage(message);

port.on('message', (task: Task) => {
  const { index } = task;
  try {
    tell(answer(task));
  } catch (error) {
    tell({ index, bug: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});

function answer({ index, readBytes }: Task): FromWorker {
  const point = experiment.points[index]!;
  if (readBytes === undefined) {
    const result = runPoint(experiment, point, beside, (part) => tell({ index, part }));
    return { index, line: JSON.stringify(result) };
  }
  try {
    return { index, record: recordRead(settle(point.text, beside), readBytes) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { index, record: error.message };
  }
}
