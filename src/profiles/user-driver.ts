// Drivers in user space: cycles of their core.

import type { UserDriverProfile } from '../apps/forward/profile.js';
import type { PolledDriverProfile } from '../storage/drive/profile.js';

/** ixy's forwarder, which has some 100 cycles for a frame in large lots (Emmerich et al., User Space Network Drivers, ANCS 2019). */
export const ixy: UserDriverProfile = {
  name: 'ixy',
  frame: 100,
  lot: 200, // estimate: two uncached writes
  emptyPoll: 60, // estimate
};

/**
 * SPDK's NVMe driver of 2019, on the Xeon Platinum 8280L. With the program below 332 cycles a read, fitted on 10.39 M reads of 4 KiB a
 * second from 21 drives ("10.39M Storage I/O Per Second From One Thread", SPDK's blog, May 2019); how they are shared is an estimate.
 */
export const spdk: PolledDriverProfile = {
  name: 'SPDK 19.04',
  submit: 140,
  complete: 140,
  look: 40,
};

/** Its program, which makes up an address: a division (6 % of all cycles at 10.39 M reads a second), its own request. */
export const spdkPerfCycles = 52;
