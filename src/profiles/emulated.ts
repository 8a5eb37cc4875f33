// What emulated devices take of cores. All of it is fitted: of these, measurements publish sums alone.

import type { EmulationProfile } from '../vm/emulated/profile.js';

/** Linux's drivers in the guest, QEMU as the host's process. */
export const qemuLinux: EmulationProfile = {
  name: 'emulated devices of QEMU',
  registerNs: 800, // fitted: QEMU's lock, its map of addresses, the device's function
  commandNs: 600, // fitted: a command copied and parsed, its pages found in the process
  completionNs: 300, // fitted
  interruptNs: 300, // fitted: an MSI message looked up
  addNs: 150, // fitted: nvme_queue_rq with its PRPs
  takeNs: 60, // fitted
  handlerNs: 150, // fitted
};
