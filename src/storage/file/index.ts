// A store in a file: opening it, making it where there is none, closing it. Promises begin here.

import { randomInt } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { type IoError, OK } from '../volume.js';
import { BlockStore } from './block-store.js';
import { DamagedStore } from './checkpoint.js';
import { lock } from './lock.js';
import { FileDisk } from './node-disk.js';

export { BlockStore } from './block-store.js';
export type { Disk } from './disk.js';
export { FileVolume } from './file-volume.js';
export { FileDisk } from './node-disk.js';
export { DamagedStore };

const random = () => randomInt(1, 2 ** 48 - 1);

/** One of the store's operations as a promise. @throws Error where it fails */
export async function durably(
  what: string,
  operation: (done: (error: IoError) => void) => void,
): Promise<void> {
  const error = await new Promise<IoError>(operation);
  if (error !== OK) throw new RangeError(`${what} failed (error ${error})`);
}

export interface OpenStore {
  readonly store: BlockStore;
  /** Flushes, closes the file, and lets others have it. */
  close(): Promise<void>;
}

/** Opens the store in a file, or makes one. @throws Error that says why it cannot be */
export async function openStore(path: string): Promise<OpenStore> {
  const unlock = lock(path);
  try {
    if (!existsSync(path)) await make(path);
    const disk = new FileDisk(path);
    const store = new BlockStore(disk, { random });
    const close = async () => {
      try {
        await durably(`flushing ${path}`, (done) => store.close(done));
      } finally {
        unlock();
      }
    };
    return { store, close };
  } catch (error) {
    unlock();
    if (error instanceof DamagedStore) throw new RangeError(`${path}: ${error.message}`);
    throw error;
  }
}

/** A store comes into being whole: a crash on the way leaves none. */
async function make(path: string): Promise<void> {
  const draft = `${path}.new`;
  rmSync(draft, { force: true });
  const store = new BlockStore(new FileDisk(draft), { random });
  await durably(`making ${path}`, (done) => store.begin(done));
  await durably(`making ${path}`, (done) => store.close(done));
  renameSync(draft, path);
  const folder = openSync(dirname(path), 'r');
  fsyncSync(folder);
  closeSync(folder);
}
