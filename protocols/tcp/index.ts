export * from './option.js';
export * from './tcp.js';
