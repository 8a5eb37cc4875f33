// Golden frames that are built here, from expressions. Every field that is not derived has a value of its own
// (pattern.ts). They stand for what no capture has; a name that a captured frame has already is left out.

import { icmp } from './built-icmp.js';
import { mads, packets } from './built-infiniband.js';
import { iwarp } from './built-iwarp.js';
import { ethernet, headerOptions, ip } from './built-link.js';
import { nbd } from './built-nbd.js';
import { nvme, structures } from './built-nvme.js';
import type { Built } from './recipe.js';

/** All of them, in the order in which they are made. */
export const built: readonly Built[] = [
  ...ethernet,
  ...ip,
  ...icmp,
  ...headerOptions,
  ...packets,
  ...mads,
  ...iwarp,
  ...nvme,
  ...structures,
  ...nbd,
];
