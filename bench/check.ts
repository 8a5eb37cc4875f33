// What it takes to know that a frame is right: its ICRC alone, everything without a record of what is right, and
// with one.

import { audit } from '../protocols/core/check.js';
import { check, dissect } from '../protocols/index.js';
import { icrcIsRight } from '../protocols/infiniband/index.js';
import { COUNT, framesOf, kinds } from './frames.js';
import { compare, type Row } from './support.js';

export async function suite(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const kind of kinds) {
    const { bytes, places } = framesOf(kind);
    const scenes = places.map(({ at, end }) => dissect(bytes, { start: at, end }));
    const each = (use: (scene: (typeof scenes)[number]) => number) => () => {
      let sum = 0;
      for (const scene of scenes) sum += use(scene);
      return sum;
    };
    const ways = {
      'check()': each((scene) => check(scene).verified.length),
      'audit()': each((scene) => audit(scene, () => {}).length),
      ...(kind.startsWith('RoCE') && { 'ICRC alone': each((scene) => Number(icrcIsRight(scene))) }),
    };
    rows.push(...(await compare(`check ${kind}`, ways, { per: COUNT })));
  }
  return rows;
}
