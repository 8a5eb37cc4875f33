// What the block layer takes of a core, a request: XRP (OSDI 2022), table 1, has 379 ns for the bio layer of a read of 512 bytes;
// how they are divided between the way down and the way up is fitted.

import type { BlockProfile } from '../block/profile.js';

export const blockLinux: BlockProfile = {
  name: 'Linux blk-mq',
  submitNs: 220,
  mergeNs: 40, // fitted
  splitNs: 60, // fitted
  completeNs: 160,
};
