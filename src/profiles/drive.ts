// NVMe drives: their slots, what lies behind their controllers, and the kernel's driver of them.

import type { NvmeDriverProfile } from '../nvme/index.js';
import type { DriveProfile } from '../storage/drive/profile.js';
import { flashP4600, optaneP4800x, optaneP5800x } from './media.js';
import { pcieGen3x4, pcieGen4x4 } from './pcie.js';

export const p4600: DriveProfile = {
  name: 'INTEL SSDPE2KE016T7',
  pcie: pcieGen3x4,
  medium: flashP4600,
  blockBytes: 512,
};

export const p4800x: DriveProfile = {
  name: 'INTEL SSDPE21K375GA',
  pcie: pcieGen3x4,
  medium: optaneP4800x,
  blockBytes: 512,
};

export const p5800x: DriveProfile = {
  name: 'INTEL SSDPF21Q800GB',
  pcie: pcieGen4x4,
  medium: optaneP5800x,
  blockBytes: 512,
};

/** Linux's nvme/host/pci.c on a host: as in a guest (`emulated.ts`). */
export const linuxNvme: NvmeDriverProfile = {
  addNs: 150, // estimate: nvme_queue_rq with its PRPs
  takeNs: 60, // estimate
  handlerNs: 150, // estimate
};
