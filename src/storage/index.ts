export { MemoryVolume } from './memory-volume.js';
export * from './volume.js';
