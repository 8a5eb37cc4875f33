// `wireverbs pool list`, `snapshot`, `clone`, `resize` and `remove`: the volumes of a store on disk, while nobody serves it.

import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { parseSize } from '../storage/backing.js';
import { noteCopies, resized, withRecord, withStores } from '../storage/copies/offline.js';
import { recordOf } from '../storage/copies/record.js';
import { type BlockStore, durably } from '../storage/file/index.js';
import type { IoError } from '../storage/index.js';
import { UsageError } from './failure.js';
import { reading } from './option.js';
import { print, table } from './terminal.js';

const examples = `
A store is the file of --volume NAME=SIZE,file:PATH. It may hold several volumes; each is served by its name.
Of a volume in copies, snapshot, clone and resize take all of its stores, in the order in which they are served: A,B,C.

Examples:
  wireverbs pool snapshot /var/tmp/disk.store disk monday
  wireverbs pool serve --volume monday=file:/var/tmp/disk.store --nbd 10809
  wireverbs pool clone /var/tmp/disk.store monday test
  wireverbs pool resize /var/tmp/disk.store test 20G
  wireverbs pool snapshot /disk1/a.store,/disk2/b.store disk monday
`;

export function storeCommands(pool: Command): void {
  const command = (name: string, what: string) =>
    pool.command(name).description(what).addHelpText('after', examples);
  command('list', 'the volumes of a store')
    .argument('<store>', 'its file')
    .action((path: string) => within([path], async ([store]) => list(store!)));
  command('snapshot', 'a volume as it is now, read-only, under a new name')
    .argument('<stores>', 'its file, or those of all copies')
    .argument('<volume>', 'which')
    .argument('<name>', 'of the snapshot')
    .action((stores: string, of: string, name: string) => copy(stores, of, name, true));
  command('clone', 'a volume or snapshot as it is now, under a new name, to be written')
    .argument('<stores>', 'its file, or those of all copies')
    .argument('<volume>', 'which')
    .argument('<name>', 'of the clone')
    .action((stores: string, of: string, name: string) => copy(stores, of, name, false));
  command('resize', 'another size; what is cut off is gone')
    .argument('<stores>', 'its file, or those of all copies')
    .argument('<volume>', 'which')
    .argument('<size>', 'bytes, or a number with K, M, G or T', reading(parseSize))
    .action(resize);
  command('remove', 'gives back what only this volume holds')
    .argument('<store>', 'its file')
    .argument('<volume>', 'which')
    .action((path: string, name: string) =>
      within([path], ([store]) => {
        known(store!, path, name);
        return done(`removing ${name}`, (end) => store!.remove(name, end));
      }),
    );
}

type Act = (stores: readonly BlockStore[]) => Promise<void>;

/** Opens stores that are there, and closes them whatever happens. */
async function within(paths: readonly string[], act: Act): Promise<void> {
  for (const path of paths)
    if (!existsSync(path)) throw new UsageError(`${path}: there is no such store`);
  await withStores(paths, act).catch((error: Error) => {
    throw new UsageError(error.message);
  });
}

const done = (what: string, act: (end: (error: IoError) => void) => void): Promise<void> =>
  durably(what, act).catch((error: Error) => {
    throw new UsageError(error.message);
  });

function known(store: BlockStore, path: string, name: string) {
  const volume = store.volume(name);
  if (volume) return volume;
  const there = store.volumes.map((one) => one.name).join(', ') || 'none';
  throw new UsageError(`${path} has no volume '${name}': it has ${there}`);
}

const pathsOf = (stores: string): readonly string[] => stores.split(',');

/** Snapshot or clone, of each copy where there are several. */
function copy(stores: string, of: string, name: string, readOnly: boolean): Promise<void> {
  const paths = pathsOf(stores);
  const each = () =>
    within(paths, async (all) => {
      for (const [i, store] of all.entries()) {
        known(store, paths[i]!, of);
        if (store.volume(name)) throw new UsageError(`${paths[i]} has a volume '${name}' already`);
      }
      for (const store of all)
        await done(`making ${name}`, (end) => store.clone(of, name, readOnly, end));
    });
  if (paths.length === 1) return each();
  return withRecord(paths, of, async (record) => {
    await each();
    noteCopies(paths, name, record);
  });
}

function resize(stores: string, name: string, size: number): Promise<void> {
  const paths = pathsOf(stores);
  const each = () =>
    within(paths, async (all) => {
      for (const [i, store] of all.entries())
        if (known(store, paths[i]!, name).readOnly)
          throw new UsageError(`'${name}' is a snapshot: it stays as it is`);
      for (const store of all)
        await done(`resizing ${name}`, (end) => store.resize(name, size, end));
    });
  if (paths.length > 1)
    return withRecord(paths, name, async (record) => {
      // A record of more than copies have would be wrong; one of less only is not used up.
      if (size < record.size) await resized(record, size);
      await each();
      if (size > record.size) await resized(record, size);
    });
  if (existsSync(recordOf(paths[0]!, name)))
    throw new UsageError(
      `'${name}' in ${stores} is one of several copies: expected the stores of all, separated by commas`,
    );
  return each();
}

function list(store: BlockStore): void {
  const rows = store.volumes.map(({ name, size, allocated, readOnly }) => [
    name,
    size,
    allocated,
    readOnly ? 'snapshot' : 'volume',
  ]);
  print(table(['name', 'bytes', 'stored', 'kind'], rows));
}
