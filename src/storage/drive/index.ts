export { NvmeDrive, type NvmeDriveOptions } from './drive.js';
export { probeDrive } from './kernel-port.js';
export {
  openPolled,
  PolledQueue,
  type PolledQueueOptions,
  type PolledRequest,
} from './polled-queue.js';
export type { DriveProfile, PolledDriverProfile } from './profile.js';
