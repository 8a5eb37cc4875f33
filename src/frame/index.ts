export { FramePool } from './frame-pool.js';
export { ReadyPorts } from './ready-ports.js';
export { SlotLists } from './slot-lists.js';
export { SlotQueue } from './slot-queue.js';
export type { Station } from './station.js';
