export { newServed, type RdmaServed, type RdmaServerOptions, rdmaServer } from './server.js';
