// An NVMe controller on PCI Express, whoever makes it, and the driver's side of it.

export { type DriverCommand, type Medium, MOST_BYTES, writeCommand } from './command.js';
export { type Command, NvmeCommands } from './commands.js';
export { MOST_ENTRIES, MOST_QUEUES, type NvmeController } from './controller.js';
export {
  type InterruptPort,
  type NvmeDriverProfile,
  probeController,
} from './driver.js';
export { type ControllerMemory, mapped } from './memory.js';
export { PRP_PAGE, writePrps } from './prp.js';
export type { CompletionQueue, SubmissionQueue } from './queue.js';
export { DOORBELLS_AT } from './registers.js';
export { NO_NEWS, NvmeRing } from './ring.js';
export { type ControllerPort, ControllerSetup, type Identity } from './setup.js';
export { blockStatusOf } from './status.js';
