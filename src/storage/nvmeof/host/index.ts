export { Command, type Ending } from './command.js';
export * as commands from './commands.js';
export { RdmaHostQueue, type RdmaQueueOptions } from './rdma-queue.js';
export { TcpHostQueue, type TcpQueueOptions } from './tcp-queue.js';
