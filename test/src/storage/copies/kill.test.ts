// A volume in three copies: the process that serves it and the nodes of the copies are killed at any instant, under random
// work of a client. What was acknowledged last is read, or an error; in the end all copies are the same.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OpenVolumes, parseVolume } from '../../../../src/storage/backing.js';
import { CopyRecord } from '../../../../src/storage/copies/record.js';
import { OK, operate, type Volume } from '../../../../src/storage/index.js';
import { RemoteVolume } from '../../../../src/storage/nbd/index.js';
import { Random } from '../../../../src/time/index.js';
import { BlockWork } from '../../../support/block-work.js';
import { inFolder } from '../../../support/cli.js';
import {
  image,
  NbdServer,
  nbdkit,
  type Place,
  qemuNbd,
  underKills,
  uriOf,
  uriText,
} from '../../../support/nbd-server.js';
import { missing } from '../../../support/program.js';
import { assert, spec } from '../../../support/spec.js';

const main = fileURLToPath(new URL('../../../../src/cli/main.js', import.meta.url));
const SIZE = 4 << 20;
/** Copies that are away for longer than a second leave the set. */
const LONGEST_AWAY_MS = 2000;
const KILLS = Number(process.env.COPIES_KILLS ?? 12);
const SEED = Number(process.env.COPIES_SEED ?? 5);
const LONGEST_FILL_MS = 60_000;

const without = missing('qemu-nbd', 'nbdkit');

const pool =
  (volume: string) =>
  (place: Place): readonly [string, ...string[]] => {
    const where = 'socket' in place ? `unix:${place.socket}` : String(place.port);
    const copies = ['--volume', volume, '--patience', '1'];
    return [process.execPath, main, 'pool', 'serve', '--nbd', where, ...copies];
  };

async function bytesOf(volume: Volume): Promise<Uint8Array> {
  const bytes = new Uint8Array(SIZE);
  assert.is(await operate(volume, 'read', { bytes }), OK);
  return bytes;
}

async function allWhole(record: string): Promise<void> {
  const late = performance.now() + LONGEST_FILL_MS;
  for (;;) {
    const found = CopyRecord.open(record)!;
    found.close();
    if (found.copies.every(({ is }) => is === 'whole')) return;
    assert.ok(performance.now() < late, JSON.stringify(found.copies));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Work under kills of everybody, and then what each copy has. One of them loses what was not flushed. */
const survives = () =>
  inFolder(async (folder) => {
    const socket = (name: string) => ({ socket: join(folder, name) });
    const one = new NbdServer(socket('one'), qemuNbd(image(folder, SIZE, 'image-one')));
    const losing = nbdkit(
      '--filter=cache',
      'file',
      image(folder, SIZE, 'image-two'),
      'cache=writeback',
    );
    const two = new NbdServer(socket('two'), losing);
    const store = join(folder, 'store');
    const text = `disk=4M,${uriText(one.place)},file:${store},${uriText(two.place)}`;
    const serving = new NbdServer(socket('pool'), pool(text));
    const all = [one, two, serving];
    for (const server of all) await server.start();
    const random = new Random(SEED, 'victims');
    let victim = serving;
    let kills = 0;
    const anybody = {
      kill: () => {
        kills++;
        victim = all[random.below(all.length)]!;
        return victim.kill();
      },
      start: () => victim.start(),
    };
    const work = new BlockWork(SIZE, SEED);
    const volume = await RemoteVolume.open(uriOf(serving.place), { patienceMs: 60_000 });
    try {
      const run = async (step: () => void) => {
        while (kills < KILLS) await work.run(volume, 10, step);
      };
      await underKills(anybody, SEED, run, LONGEST_AWAY_MS);
      assert.is(await operate(volume, 'flush'), OK);
      await allWhole(`${store}.disk.copies`);
      await work.check(volume);
      volume.close();
      assert.is(await serving.end(), 0);
      await same(work, one, two, store);
    } finally {
      volume.close();
      for (const server of all) await server.kill();
    }
  });

async function same(work: BlockWork, one: NbdServer, two: NbdServer, store: string) {
  const remotes = [
    await RemoteVolume.open(uriOf(one.place)),
    await RemoteVolume.open(uriOf(two.place)),
  ];
  const local = new OpenVolumes();
  const volumes = [await local.open(parseVolume(`disk=file:${store}`)), ...remotes];
  try {
    const [first, ...others] = await Promise.all(volumes.map(bytesOf));
    await work.check(volumes[0]!);
    for (const other of others) assert.ok(Buffer.compare(first!, other) === 0, 'copies differ');
  } finally {
    for (const remote of remotes) remote.close();
    await local.close();
  }
}

spec('a volume in copies under kills', (it) => {
  it.where(
    without === '',
    without,
    'reads what was acknowledged, and all copies agree in the end',
    survives,
  );
});
