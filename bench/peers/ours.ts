// Our own ways through the capture, from the file on. `node dist/bench/peers/ours.js WAY FILE` runs one of them in a
// process of its own, as people do, so that none profits or suffers from what another one taught the compiler.

import { fileURLToPath } from 'node:url';
import { type CaptureRecord, dissect, summarize } from '../../protocols/index.js';
import { icrcIsRight } from '../../protocols/infiniband/index.js';
import { openCapture } from '../../src/capture/index.js';
import { inlineMore } from '../../src/cli/engine.js';
import { Inspector } from '../../src/inspect/index.js';
import { sink } from '../support.js';

export interface OurWay {
  readonly name: string;
  readonly does: string;
  /** Looks at one record. */
  use(record: CaptureRecord): number;
}

const layersOf = ({ bytes, at, end, linkType }: CaptureRecord) =>
  dissect(bytes, { start: at, end, linkType });

const inspector = new Inspector();

export const ourWays: readonly OurWay[] = [
  { name: 'wireverbs, records', does: 'file to records', use: (record) => record.end },
  {
    name: 'wireverbs, layers',
    does: 'every layer, down to the ICRC',
    use: (record) => layersOf(record).layers.length,
  },
  {
    name: 'wireverbs, summaries',
    does: 'a line a frame',
    use: (record) => summarize(layersOf(record)).info.length,
  },
  {
    name: 'wireverbs, verified',
    does: 'a line a frame, every ICRC verified',
    use(record) {
      const scene = layersOf(record);
      if (!icrcIsRight(scene)) throw new Error(`the ICRC of frame ${record.number} is wrong`);
      return summarize(scene).info.length;
    },
  },
  {
    name: 'wireverbs, inspected',
    does: 'a line a frame, queue pairs followed',
    use({ bytes, at, end, linkType }) {
      return summarize(inspector.inspect(bytes, { start: at, end, linkType })).info.length;
    },
  },
];

/** Passes through the file; the fastest counts, once the compiler has seen the code. */
const PASSES = 6;

async function run(name: string, path: string): Promise<void> {
  inlineMore();
  const { use } = ourWays.find((way) => way.name === name)!;
  let least = Infinity;
  for (let i = 0; i < PASSES; i++) {
    const start = process.hrtime.bigint();
    const capture = await openCapture(path);
    while (await capture.fill()) {
      while (capture.next()) sink.value ^= use(capture.record);
    }
    least = Math.min(least, Number(process.hrtime.bigint() - start) / 1e9);
  }
  console.log(`seconds ${least}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await run(process.argv[2]!, process.argv[3]!);
}
