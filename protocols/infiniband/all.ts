// All protocols of this folder, in the order of the documentation.

import type { Protocol } from '../core/protocol.js';
import { bth } from './bth.js';
import { extensionProtocols } from './chain.js';
import { flowctl } from './flow-control.js';
import { grh, lrh, rwh } from './link.js';
import { ibpad, icrc, vcrc } from './trailer.js';

export const infinibandProtocols: readonly Protocol[] = [
  lrh,
  grh,
  rwh,
  bth,
  ...Object.values(extensionProtocols),
  ibpad,
  icrc,
  vcrc,
  flowctl,
];
