// Works on all copies of a volume in stores while nobody serves it. They must be the same then, and stay so.

import { existsSync } from 'node:fs';
import { type BlockStore, openStore } from '../file/index.js';
import { lock } from '../file/lock.js';
import { OK } from '../volume.js';
import { CopyRecord, recordOf } from './record.js';

const sourceOf = (path: string): string => `file:${path}`;

/** One store and another, and so on, to the end; all are closed whatever happens. */
export async function withStores(
  paths: readonly string[],
  act: (stores: readonly BlockStore[]) => Promise<void>,
): Promise<void> {
  const open: Awaited<ReturnType<typeof openStore>>[] = [];
  try {
    for (const path of paths) open.push(await openStore(path));
    await act(open.map(({ store }) => store));
  } finally {
    for (const { close } of open.reverse()) await close();
  }
}

/** Runs `act` with the record of a volume, of whose copies all are named and the same. @throws RangeError otherwise */
export async function withRecord(
  paths: readonly string[],
  volume: string,
  act: (record: CopyRecord) => Promise<void>,
): Promise<void> {
  const path = recordOf(paths[0]!, volume);
  if (!existsSync(path))
    throw new RangeError(
      `${path} is not there, which says which copies of '${volume}' are whole: the first store is named first, as when it was served`,
    );
  const unlock = lock(path);
  let record: CopyRecord | undefined;
  try {
    record = CopyRecord.open(path)!;
    const known = record.copies.map(({ at }) => at);
    const given = paths.map(sourceOf);
    if (known.length !== given.length || known.some((at) => !given.includes(at)))
      throw new RangeError(
        `the copies of '${volume}' are ${known.join(', ')}: expected all of them, found ${given.join(', ')}`,
      );
    const behind = record.copies.filter(({ is }) => is !== 'whole').map(({ at }) => at);
    if (behind.length > 0 || record.isMarked)
      throw new RangeError(
        `the copies of '${volume}' may differ (${behind.join(', ') || 'it was not closed well'}): serve it until all are whole`,
      );
    await act(record);
  } finally {
    record?.close();
    unlock();
  }
}

/** Another volume of the same stores, whose copies are all whole. */
export function noteCopies(paths: readonly string[], name: string, like: CopyRecord): void {
  const { size, minimumBlock } = like;
  const copies = paths.map((path) => ({ at: sourceOf(path), is: 'whole' as const }));
  CopyRecord.make(recordOf(paths[0]!, name), { size, minimumBlock, copies }).close();
}

/** @throws RangeError when it cannot be kept */
export async function resized(record: CopyRecord, size: number): Promise<void> {
  record.resize(size);
  const error = await new Promise<number>((done) => record.keep(done));
  if (error !== OK) throw new RangeError('the record of the copies cannot be written');
}
