// PCI Express links of devices.

import type { PcieProfile } from '../memory/pcie.js';

/** PCI Express 3.0 with 16 lanes: 8 GT/s a lane, 128b/130b coding (PCIe 3.0 4.2.2). */
export const pcieGen3x16: PcieProfile = {
  bitsPerSecond: 16 * 8e9 * (128 / 130),
  latencyNs: 150, // fitted
  memoryReadNs: 90, // fitted; an idle local read takes 81 ns (Intel MLC log of FD.io CSIT, Skylake-SP)
  maxPayloadSize: 256,
  maxReadRequestSize: 512,
  readCompletionBoundary: 64,
  outstandingReads: 64,
  writeOverheadBytes: 24,
  requestOverheadBytes: 24,
  completionOverheadBytes: 20,
};
