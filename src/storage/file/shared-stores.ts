// Stores that several volumes of one process are in: each file is opened once.

import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type OpenStore, openStore } from './index.js';

interface Shared {
  readonly opening: Promise<OpenStore>;
  users: number;
}

export class SharedStores {
  readonly #open = new Map<string, Shared>();

  /** `close` gives the store up; the last one to do so closes it. @throws Error that says why it cannot be opened */
  async open(path: string): Promise<OpenStore> {
    const key = existsSync(path) ? realpathSync(path) : join(realFolder(path), basename(path));
    const shared = this.#open.get(key) ?? { opening: openStore(path), users: 0 };
    this.#open.set(key, shared);
    shared.users++;
    const leave = async () => {
      if (--shared.users > 0) return;
      this.#open.delete(key);
      await (await shared.opening).close();
    };
    try {
      const { store } = await shared.opening;
      return { store, close: leave };
    } catch (error) {
      this.#open.delete(key);
      throw error;
    }
  }
}

/** @throws Error when there is no such folder */
const realFolder = (path: string): string => realpathSync(dirname(path));
