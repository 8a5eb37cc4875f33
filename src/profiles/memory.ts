// Memory of machines: channels and the links between sockets.

import type { MemoryProfile } from '../memory/channels.js';

/** What is left of channels and links when all cores read: fitted once, on the Skylake log, and taken for others. */
const CHANNELS = 0.845;
const LINKS = 0.818; // headers and CRCs of flits

/**
 * Two sockets of Skylake-SP: six channels of DDR4-2666 each, three UPI links of 10.4 GT/s between them (Intel's data sheet of
 * the Platinum 8180). Fitted on an Intel MLC log of the FD.io CSIT project.
 */
export const skylakeMemory: MemoryProfile = {
  latencyNs: 80.7, // fitted: an idle read takes 81.3 with its transfer
  remoteNs: 49, // fitted: 131.1 to the other node
  bitsPerSecond: 6 * 8 * 8 * 2666e6 * CHANNELS,
  linkBitsPerSecond: 3 * 2 * 8 * 10.4e9 * LINKS,
  linesInFlight: 16, // ten fill buffers (Intel's optimization manual, 2.6.2) and the prefetchers
};

/**
 * Two sockets of Haswell-EP: four channels of DDR4-2133 each, two QPI links of 9.6 GT/s between them (Intel's data sheet of the
 * E5-2699 v3). Latencies are those of the Intel MLC log of the FD.io CSIT project.
 */
export const haswellMemory: MemoryProfile = {
  latencyNs: 96.5, // 97.5 with its transfer
  remoteNs: 42, // 139.6 to the other node
  bitsPerSecond: 4 * 8 * 8 * 2133e6 * CHANNELS,
  linkBitsPerSecond: 2 * 2 * 8 * 9.6e9 * LINKS,
  linesInFlight: 16, // as above
};
