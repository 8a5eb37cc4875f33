export * from './aeth.js';
export * from './base-transport.js';
export * from './bth.js';
export * from './chain.js';
export * from './extension.js';
export * from './link.js';
export * from './opcode.js';
export * from './trailer.js';
