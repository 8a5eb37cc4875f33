// What a server has to offer: volumes by name, and what the handshake says of each.

import type { Volume } from '../volume.js';

export interface Export {
  readonly name: string;
  readonly volume: Volume;
  readonly description?: string;
}

/** The exports that a client may ask for. The empty name means the only one there is. */
export class Exports {
  readonly #byName = new Map<string, Export>();

  /** @throws RangeError when the name is taken */
  add(offered: Export): void {
    if (this.#byName.has(offered.name))
      throw new RangeError(`there are two volumes called '${offered.name}'`);
    this.#byName.set(offered.name, offered);
  }

  find(name: string): Export | undefined {
    if (name === '' && this.#byName.size === 1) return this.all[0];
    return this.#byName.get(name);
  }

  get all(): readonly Export[] {
    return [...this.#byName.values()];
  }
}
