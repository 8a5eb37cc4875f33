// Our own ways through the capture, from the file on. `node dist/bench/peers/ours.js WAY FILE` runs one of them in a
// process of its own, as people do, so that none profits or suffers from what another one taught the compiler.

import { fileURLToPath } from 'node:url';
import { type CaptureRecord, dissect, summarize } from '../../protocols/index.js';
import { IcrcBatch } from '../../protocols/infiniband/icrc-batch.js';
import { openCapture } from '../../src/capture/index.js';
import { inlineMore } from '../../src/cli/engine.js';
import { Inspector } from '../../src/inspect/index.js';
import { sink } from '../support.js';

export interface OurWay {
  readonly name: string;
  readonly does: string;
  /** Looks at one record. */
  use(record: CaptureRecord): number;
  /** Looks at what was put off while the records' bytes are still there. */
  settle?(): void;
}

const layersOf = ({ bytes, at, end, linkType }: CaptureRecord) =>
  dissect(bytes, { start: at, end, linkType });

const inspector = new Inspector();
const batch = new IcrcBatch();

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
      batch.note(record.number, scene);
      return summarize(scene).info.length;
    },
    settle() {
      const [wrong] = batch.verify();
      if (wrong !== undefined) throw new Error(`the ICRC of frame ${wrong} is wrong`);
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
  const { use, settle } = ourWays.find((way) => way.name === name)!;
  let least = Infinity;
  for (let i = 0; i < PASSES; i++) {
    const start = process.hrtime.bigint();
    const capture = await openCapture(path);
    while (await capture.fill()) {
      while (capture.next()) sink.value ^= use(capture.record);
      settle?.();
    }
    least = Math.min(least, Number(process.hrtime.bigint() - start) / 1e9);
  }
  console.log(`seconds ${least}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await run(process.argv[2]!, process.argv[3]!);
}
