export { type BlockDevice, perform } from './device.js';
export {
  type BlockDriver,
  DriverRequest,
  type QueueLimits,
  type RequestState,
} from './driver.js';
export { HardwareQueue, newTags } from './hardware-queue.js';
export { Multipath, type MultipathOptions, type PathPolicy } from './multipath.js';
export type { BlockProfile } from './profile.js';
export { RamDriver, type RamOptions, ramDisk } from './ram-disk.js';
export {
  type BlockOp,
  BlockRequest,
  type BlockStatus,
  blockOps,
  movesData,
  type Segment,
} from './request.js';
export { type QueueCounts, type QueueOptions, RequestQueue } from './request-queue.js';
export { gather, scatter, segmentsOf, zeroRun } from './segments.js';
