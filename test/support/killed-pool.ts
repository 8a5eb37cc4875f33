// A process that serves a volume of a store over NBD until it is killed. Started with the store's path and the socket's;
// it does nothing before a byte comes on its standard input, because starting takes longer than working.

import { readSync, writeSync } from 'node:fs';
import { BlockStore } from '../../src/storage/file/block-store.js';
import { FileDisk } from '../../src/storage/file/node-disk.js';
import { Exports, NbdListener } from '../../src/storage/nbd/index.js';
import { Random } from '../../src/time/index.js';

const [path = '', socket = ''] = process.argv.slice(2);
const random = new Random(process.pid, 'killed pool');

if (readSync(0, new Uint8Array(1)) === 0) process.exit();

const store = new BlockStore(new FileDisk(path), {
  random: () => 1 + random.below(2 ** 32),
  journalPages: 4,
});
const exports = new Exports();
exports.add({ name: 'v', volume: store.volume('v')! });
await new NbdListener(exports).listen({ path: socket });
writeSync(1, 'ready\n');
