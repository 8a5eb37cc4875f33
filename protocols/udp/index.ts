export * from './udp.js';
