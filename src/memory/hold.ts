// What the key table allowed of a message, kept by whoever carries the message out: as long as nothing in the table has
// changed, the bytes of its next packets lie behind those of this one, and need not be looked up again.

import type { Region } from './region.js';
import type { Translation } from './translation.js';

/** No version of a table. */
export const NO_VERSION = -1;

export class Hold {
  /** Of the table when it was allowed. */
  version = NO_VERSION;
  rights = -1;
  /** Bytes of the message, of which the first lies at `offset` of the translation. */
  from = 0;
  to = 0;
  offset = 0;
  translation: Translation | null = null;
  region: Region | null = null;

  /** Nothing is held: another message begins. */
  // hot
  drop(): void {
    this.version = NO_VERSION;
  }
}
