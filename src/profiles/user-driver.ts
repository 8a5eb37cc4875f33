// Drivers in user space: cycles of their core.

import type { UserDriverProfile } from '../apps/forward/profile.js';

/** ixy's forwarder, which has some 100 cycles for a frame in large lots (Emmerich et al., User Space Network Drivers, ANCS 2019). */
export const ixy: UserDriverProfile = {
  name: 'ixy',
  frame: 100,
  lot: 200, // estimate: two uncached writes
  emptyPoll: 60, // estimate
};
