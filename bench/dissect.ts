// Frames into layers, kind by kind: each by itself, as one of a capture (Inspector), and into its summary.

import { dissect, summarize } from '../protocols/index.js';
import { Inspector } from '../src/inspect/index.js';
import { COUNT, framesOf, kinds } from './frames.js';
import { compare, type Row } from './support.js';

export async function suite(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const kind of kinds) {
    const { bytes, places } = framesOf(kind);
    const each = (use: (start: number, end: number) => number) => () => {
      let sum = 0;
      for (const { at, end } of places) sum += use(at, end);
      return sum;
    };
    const inspector = new Inspector();
    const ways = {
      dissect: each((start, end) => dissect(bytes, { start, end }).layers.length),
      'and summarize': each((start, end) => summarize(dissect(bytes, { start, end })).info.length),
      Inspector: each((start, end) => inspector.inspect(bytes, { start, end }).layers.length),
    };
    rows.push(...(await compare(`dissect ${kind}`, ways, { per: COUNT })));
  }
  return rows;
}
