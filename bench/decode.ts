// Whole frames as records, for tools: what --tree and JSON work with, against layers that decode nothing.

import { dissect, jsonLayer, tree } from '../protocols/index.js';
import { COUNT, framesOf } from './frames.js';
import { compare, type Row } from './support.js';

const { bytes, places } = framesOf('RoCE v2 WRITE 1 KiB');

const each = (use: (start: number, end: number) => number) => () => {
  let sum = 0;
  for (const { at, end } of places) sum += use(at, end);
  return sum;
};

export const suite = (): Promise<Row[]> =>
  compare(
    'decode a RoCE v2 frame',
    {
      'layers alone': each((start, end) => dissect(bytes, { start, end }).layers.length),
      'every field': each((start, end) => {
        let sum = 0;
        for (const layer of dissect(bytes, { start, end }).layers) {
          sum += Object.keys(layer.fields()).length;
        }
        return sum;
      }),
      JSON: each((start, end) => {
        const { layers } = dissect(bytes, { start, end });
        return JSON.stringify(layers.map((layer) => jsonLayer(layer, start))).length;
      }),
      tree: each((start, end) => tree(dissect(bytes, { start, end })).length),
    },
    { per: COUNT },
  );
