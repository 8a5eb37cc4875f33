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

/** PCI Express 3.0 with 8 lanes. */
export const pcieGen3x8: PcieProfile = { ...pcieGen3x16, bitsPerSecond: 8 * 8e9 * (128 / 130) };

/** PCI Express 4.0 with 16 lanes: 16 GT/s a lane (PCIe 4.0 4.2). */
export const pcieGen4x16: PcieProfile = {
  ...pcieGen3x16,
  bitsPerSecond: 16 * 16e9 * (128 / 130),
  outstandingReads: 256,
};

/** PCI Express 2.0 with 8 lanes: 5 GT/s a lane, 8b/10b coding (PCIe 2.0 4.2.1). */
export const pcieGen2x8: PcieProfile = {
  ...pcieGen3x16,
  bitsPerSecond: 8 * 5e9 * (8 / 10),
  maxPayloadSize: 128, // fitted: the least that every slot has
  outstandingReads: 16, // fitted
};

/** Netronome NFP-6000 in a slot of 8 lanes: what its programs see of a DMA transfer. */
export const nfp6000Slot: PcieProfile = { ...pcieGen3x8 };
