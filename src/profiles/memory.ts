// Memory of machines: channels and the links between sockets.

import type { MemoryProfile } from '../memory/channels.js';

/**
 * Two sockets of Skylake-SP: six channels of DDR4-2666 each, three UPI links of 10.4 GT/s between them (Intel's data sheet of
 * the Platinum 8180). Fitted on an Intel MLC log of the FD.io CSIT project.
 */
export const skylakeMemory: MemoryProfile = {
  latencyNs: 80.7, // fitted: an idle read takes 81.3 with its transfer
  remoteNs: 49, // fitted: 131.1 to the other node
  bitsPerSecond: 6 * 8 * 8 * 2666e6 * 0.845, // efficiency fitted: reading from all cores
  linkBitsPerSecond: 3 * 2 * 8 * 10.4e9 * 0.818, // efficiency fitted: headers and CRCs of UPI's flits
  linesInFlight: 16, // ten fill buffers (Intel's optimization manual, 2.6.2) and the prefetchers
};
