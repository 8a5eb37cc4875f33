export { E1000, type E1000Options } from './e1000.js';
export { probeE1000 } from './e1000-probe.js';
export { NvmeDisk, type NvmeDiskOptions } from './nvme-disk.js';
export { probeNvme } from './nvme-probe.js';
export type { EmulationProfile } from './profile.js';
