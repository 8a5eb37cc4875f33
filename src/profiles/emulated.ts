// What emulated devices take of cores: estimates, held against no measurement yet (those published are sums).

import type { EmulationProfile } from '../vm/emulated/profile.js';

/** Linux's drivers in the guest, QEMU as the host's process. */
export const qemuLinux: EmulationProfile = {
  name: 'emulated devices of QEMU',
  registerNs: 800, // estimate: QEMU's lock, its map of addresses, the device's function
  commandNs: 600, // estimate: a command copied and parsed, its pages found in the process
  completionNs: 300, // estimate
  interruptNs: 300, // estimate: an MSI message looked up
  addNs: 150, // estimate: nvme_queue_rq with its PRPs
  takeNs: 60, // estimate
  handlerNs: 150, // estimate
};
