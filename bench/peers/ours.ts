// Our own ways through the capture, from the file on.

import { type CaptureRecord, dissect, summarize } from '../../protocols/index.js';
import { icrcIsRight } from '../../protocols/infiniband/index.js';
import { openCapture } from '../../src/capture/index.js';
import { sink } from '../support.js';

export interface OurWay {
  readonly name: string;
  readonly does: string;
  /** Reads the capture and returns the seconds that it took. */
  run(path: string, frames: number): Promise<number>;
}

const layersOf = (record: CaptureRecord) =>
  dissect(record.bytes, { start: record.at, end: record.end, linkType: record.linkType });

function one(use: (record: CaptureRecord) => number): OurWay['run'] {
  return async (path, frames) => {
    const start = process.hrtime.bigint();
    const capture = await openCapture(path);
    while (await capture.fill()) {
      while (capture.next()) sink.value ^= use(capture.record);
    }
    if (capture.record.number !== frames) throw new Error(`read ${capture.record.number} frames`);
    return Number(process.hrtime.bigint() - start) / 1e9;
  };
}

export const ourWays: readonly OurWay[] = [
  { name: 'wireverbs, records', does: 'file to records', run: one((r) => r.end) },
  {
    name: 'wireverbs, layers',
    does: 'every layer, down to ICRC',
    run: one((r) => layersOf(r).layers.length),
  },
  {
    name: 'wireverbs, summaries',
    does: 'a line a frame',
    run: one((r) => summarize(layersOf(r)).info.length),
  },
  {
    name: 'wireverbs, one core',
    does: 'a line a frame, ICRC verified',
    run: one((r) => {
      const scene = layersOf(r);
      if (!icrcIsRight(scene)) throw new Error(`the ICRC of frame ${r.number} is wrong`);
      return summarize(scene).info.length;
    }),
  },
];
