// `wireverbs pool list`, `snapshot`, `clone`, `resize` and `remove`: the volumes of a store on disk, while nobody serves it.

import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { parseSize } from '../storage/backing.js';
import { type BlockStore, durably, openStore } from '../storage/file/index.js';
import type { IoError } from '../storage/index.js';
import { UsageError } from './failure.js';
import { reading } from './option.js';
import { print, table } from './terminal.js';

const examples = `
A store is the file of --volume NAME=SIZE,file:PATH. It may hold several volumes; each is served by its name.

Examples:
  wireverbs pool snapshot /var/tmp/disk.store disk monday
  wireverbs pool serve --volume monday=file:/var/tmp/disk.store --nbd 10809
  wireverbs pool clone /var/tmp/disk.store monday test
  wireverbs pool resize /var/tmp/disk.store test 20G
`;

export function storeCommands(pool: Command): void {
  const command = (name: string, what: string) =>
    pool.command(name).description(what).addHelpText('after', examples);
  command('list', 'the volumes of a store')
    .argument('<store>', 'its file')
    .action((path: string) => within(path, async (store) => list(store)));
  command('snapshot', 'a volume as it is now, read-only, under a new name')
    .argument('<store>', 'its file')
    .argument('<volume>', 'which')
    .argument('<name>', 'of the snapshot')
    .action((path: string, of: string, name: string) => copy(path, of, name, true));
  command('clone', 'a volume or snapshot as it is now, under a new name, to be written')
    .argument('<store>', 'its file')
    .argument('<volume>', 'which')
    .argument('<name>', 'of the clone')
    .action((path: string, of: string, name: string) => copy(path, of, name, false));
  command('resize', 'another size; what is cut off is gone')
    .argument('<store>', 'its file')
    .argument('<volume>', 'which')
    .argument('<size>', 'bytes, or a number with K, M, G or T', reading(parseSize))
    .action((path: string, name: string, size: number) =>
      within(path, (store) => {
        if (known(store, path, name).readOnly)
          throw new UsageError(`'${name}' is a snapshot: it stays as it is`);
        return done(`resizing ${name}`, (end) => store.resize(name, size, end));
      }),
    );
  command('remove', 'gives back what only this volume holds')
    .argument('<store>', 'its file')
    .argument('<volume>', 'which')
    .action((path: string, name: string) =>
      within(path, (store) => {
        known(store, path, name);
        return done(`removing ${name}`, (end) => store.remove(name, end));
      }),
    );
}

/** Opens a store that is there, and closes it whatever happens. */
async function within(path: string, act: (store: BlockStore) => Promise<void>): Promise<void> {
  if (!existsSync(path)) throw new UsageError(`${path}: there is no such store`);
  const { store, close } = await openStore(path).catch((error: Error) => {
    throw new UsageError(error.message);
  });
  try {
    await act(store);
  } finally {
    await close();
  }
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

const copy = (path: string, of: string, name: string, readOnly: boolean): Promise<void> =>
  within(path, (store) => {
    known(store, path, of);
    if (store.volume(name)) throw new UsageError(`${path} has a volume '${name}' already`);
    return done(`making ${name}`, (end) => store.clone(of, name, readOnly, end));
  });

function list(store: BlockStore): void {
  const rows = store.volumes.map(({ name, size, allocated, readOnly }) => [
    name,
    size,
    allocated,
    readOnly ? 'snapshot' : 'volume',
  ]);
  print(table(['name', 'bytes', 'stored', 'kind'], rows));
}
