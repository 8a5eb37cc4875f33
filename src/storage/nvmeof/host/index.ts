export { Command, type Ending } from './command.js';
export { RdmaHostQueue, type RdmaQueueOptions } from './rdma-queue.js';
