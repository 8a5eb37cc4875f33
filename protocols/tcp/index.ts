export * from './option.js';
export * from './segment.js';
export * from './tcp.js';
