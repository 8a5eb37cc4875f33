export { NvmeDisk, type NvmeDiskOptions } from './nvme-disk.js';
export { NvmePciDriver } from './nvme-driver.js';
export { probeNvme } from './nvme-probe.js';
export type { EmulationProfile } from './profile.js';
