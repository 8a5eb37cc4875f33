// NVMe drives: their slots and what lies behind their controllers.

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
