export { Admin, type Answer } from './admin.js';
export type { Discovered } from './bring-up.js';
export { Command, type Ending } from './command.js';
export * as commands from './commands.js';
export {
  type ControllerCounts,
  type ControllerHooks,
  type ControllerState,
  NvmeController,
} from './controller.js';
export type { ControllerOptions } from './controller-options.js';
export { discover } from './discover.js';
export type { HostQueue, QueueOptions, QueueOwner } from './host-queue.js';
export { NamespaceDisk, type NamespaceFacts } from './namespace-disk.js';
export { RdmaHostQueue } from './rdma-queue.js';
export { TcpHostQueue } from './tcp-queue.js';
