// PCI Express links of devices.

import type { PcieProfile } from '../memory/pcie.js';

/**
 * Acknowledgements, credits and skips take 8 % of what is left after line coding: of 62.96 Gb/s 57.88 carry transactions
 * (Neugebauer et al., SIGCOMM 2018, section 3).
 */
const TRANSACTIONS = 57.88 / 62.96;

/** PCI Express 3.0 with 16 lanes: 8 GT/s a lane, 128b/130b coding (PCIe 3.0 4.2.2). */
export const pcieGen3x16: PcieProfile = {
  bitsPerSecond: 16 * 8e9 * (128 / 130) * TRANSACTIONS,
  latencyNs: 150, // fitted
  memoryReadNs: 81, // an idle local read (Intel MLC log of FD.io CSIT, Skylake-SP)
  maxPayloadSize: 256,
  maxReadRequestSize: 512,
  readCompletionBoundary: 64,
  outstandingReads: 64,
  writeOverheadBytes: 24,
  requestOverheadBytes: 24,
  completionOverheadBytes: 20,
};

/** PCI Express 3.0 with 8 lanes. */
export const pcieGen3x8: PcieProfile = {
  ...pcieGen3x16,
  bitsPerSecond: 8 * 8e9 * (128 / 130) * TRANSACTIONS,
};

/** PCI Express 3.0 with 4 lanes, as drives have them. */
export const pcieGen3x4: PcieProfile = {
  ...pcieGen3x16,
  bitsPerSecond: 4 * 8e9 * (128 / 130) * TRANSACTIONS,
};

/** PCI Express 4.0 with 16 lanes: 16 GT/s a lane (PCIe 4.0 4.2). */
export const pcieGen4x16: PcieProfile = {
  ...pcieGen3x16,
  bitsPerSecond: 16 * 16e9 * (128 / 130) * TRANSACTIONS,
  outstandingReads: 256,
};

/** PCI Express 4.0 with 4 lanes. */
export const pcieGen4x4: PcieProfile = {
  ...pcieGen3x16,
  bitsPerSecond: 4 * 16e9 * (128 / 130) * TRANSACTIONS,
};

/** PCI Express 2.0 with 8 lanes: 5 GT/s a lane, 8b/10b coding (PCIe 2.0 4.2.1). */
export const pcieGen2x8: PcieProfile = {
  ...pcieGen3x16,
  bitsPerSecond: 8 * 5e9 * (8 / 10) * TRANSACTIONS,
  outstandingReads: 16, // fitted
};

/**
 * Netronome NFP-6000 in a slot of 8 lanes: what its programs see of a DMA transfer, which the DMA engine first stores in the
 * card's memory. Fitted on its reads of 8 to 2048 bytes (Neugebauer et al., SIGCOMM 2018).
 */
export const nfp6000Slot: PcieProfile = {
  ...pcieGen3x8,
  deviceNs: 158, // fitted
  deviceBitsPerSecond: 8 * 8 * 0.8e9, // fitted: 8 bytes a cycle of 800 MHz
  readEveryNs: 14.9, // theirs, bw_dma_sz_sweep: 67.0 million reads of 16 bytes a second
  writeEveryNs: 21, // the same: 47.6 million writes
};
