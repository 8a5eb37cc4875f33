// A plain NVMe/TCP host: a queue as a machine over bytes, for tests of the target over real sockets and in memory.

export { Command } from './command.js';
export * as commands from './commands.js';
export { Line } from './line.js';
export { TcpHostQueue } from './tcp-queue.js';
