// Lists in NVMe's structures: equal entries up to the first that is zero, and what lies unused behind them.

import { rest } from '../core/field.js';
import { type Protocol, protocol } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import { MAX_ENTRIES, nvmeHeader } from './base.js';

export const Unused = nvmeHeader('Unused', [rest('data', 'bytes behind the last entry')], {
  key: 'nvme-unused',
  title: 'Unused part of an NVMe structure',
});
export const unused = protocol(Unused);

/** Takes `size` bytes (all that is left unless given) as unused. */
export function takeUnused(walk: Walk, size = walk.left): void {
  const there = Math.min(size, walk.left);
  if (there > 0) walk.take(unused, there);
}

export const isZero = (b: Uint8Array, from: number, to: number): boolean => {
  for (let i = from; i < to; i++) if (b[i] !== 0) return false;
  return true;
};

/** Takes up to `count` entries, each a layer, and no more than the bound; returns how many. */
export function takeEntries(walk: Walk, entry: Protocol, count: number): number {
  const { size } = entry.header;
  const most = Math.min(count, MAX_ENTRIES);
  let n = 0;
  while (n < most && walk.left >= size && walk.take(entry) >= 0) n++;
  return n;
}

/** Takes entries up to the first that is all zeros, then the rest as unused if it is zeros too. */
export function takeUntilZero(walk: Walk, entry: Protocol): null | undefined {
  const { size } = entry.header;
  const { bytes } = walk;
  for (let n = 0; n < MAX_ENTRIES && walk.left >= size; n++) {
    if (isZero(bytes, walk.at, walk.at + size)) break;
    walk.take(entry);
  }
  if (!isZero(bytes, walk.at, walk.boundary)) return undefined;
  takeUnused(walk);
  return null;
}
