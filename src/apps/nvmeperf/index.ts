// Reads of local NVMe drives by polling, from one core.

export { NvmePerf, type NvmePerfOptions } from './perf.js';
