// A share of an experiment: every N-th combination from the I-th on, so that costly ones, which lie together, are spread.

import type { Point } from '../file/sweep.js';

export interface Shard {
  /** From 1 on. */
  readonly index: number;
  readonly count: number;
}

/** 'I/N', the I-th of N shares. @throws RangeError */
export function parseShard(text: string): Shard {
  const [, index = '', count = ''] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const shard = { index: Number(index), count: Number(count) };
  if (!(shard.index >= 1 && shard.index <= shard.count))
    throw new RangeError(`expected I/N with I from 1 to N, such as 2/8; found '${text}'`);
  return shard;
}

export const shareOf = (points: readonly Point[], { index, count }: Shard): readonly Point[] =>
  points.filter((_, i) => i % count === index - 1);
