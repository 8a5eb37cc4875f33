export * from './blk.js';
export * from './feature.js';
export * from './net.js';
export * from './packed.js';
export * from './pci.js';
export * from './split.js';
