export type { PhysicalBytes } from '../../memory/physical-bytes.js';
export { VirtioBlk, type VirtioBlkOptions, type VirtioDeviceOptions } from './blk-device.js';
export { probeVirtioBlk, VirtioBlkDriver } from './blk-driver.js';
export { Chain, MOST_SEGMENTS } from './chain.js';
export { VirtioNet, type VirtioNetOptions } from './net-device.js';
export { type GuestNetworkOptions, probeVirtioNet } from './net-probe.js';
export type { VirtioProfile } from './profile.js';
export type {
  DeviceQueue,
  DriverQueue,
  IndirectTables,
  QueueOptions,
  QueuePlace,
  RingFeatures,
  Taken,
} from './queue.js';
export { type Refusal, refusals } from './refusal.js';
export { deviceQueue, driverQueue, layOut, placeProblem } from './virtqueue.js';
