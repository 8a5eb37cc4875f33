// A process that writes to a store until it is killed, and says on its standard output what it does: `w BLOCK VERSION`
// before a write, `d VERSION` when all up to that version was acknowledged as durable. Started with a path and a seed.

import { readSync, writeSync } from 'node:fs';
import { BlockStore } from '../../src/storage/file/block-store.js';
import { SLOT } from '../../src/storage/file/format.js';
import { FileDisk } from '../../src/storage/file/node-disk.js';
import { OK } from '../../src/storage/volume.js';
import { Random } from '../../src/time/index.js';
import { BLOCKS, stamped } from './kill-model.js';

const [path = '', seed = '0'] = process.argv.slice(2);
const random = new Random(Number(seed), 'killed writer');
const say = (text: string) => writeSync(1, `${text}\n`);

// Starting takes longer than working: whoever kills us starts several and lets them begin one after the other.
const begin = new Uint8Array(16);
const size = readSync(0, begin);
if (size === 0) process.exit();
let version = Number(new TextDecoder().decode(begin.subarray(0, size)));

const store = new BlockStore(new FileDisk(path), {
  random: () => 1 + random.below(2 ** 32),
  journalPages: 4,
});
const volume = store.volume('v')!;

function write(): void {
  const block = random.below(BLOCKS);
  const mine = ++version;
  say(`w ${block} ${mine}`);
  const fua = random.chance(0.1);
  const done = (error: number) => {
    if (error !== OK) say(`failed ${error}`);
  };
  volume.write({
    ...{ offset: block * SLOT, length: SLOT, bytes: stamped(block, mine), at: 0 },
    ...{ fua, noHole: false, done },
  });
}

function flush(): void {
  const mark = version;
  store.flush((error) => say(error === OK ? `d ${mark}` : `failed ${error}`));
}

/** A few open flushes at a time, as from several clients. */
function work(): void {
  for (let i = random.below(8); i >= 0; i--) write();
  if (random.chance(0.5)) flush();
  setImmediate(work);
}

work();
