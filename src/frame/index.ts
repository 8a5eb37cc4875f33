export { FramePool } from './frame-pool.js';
export type { Station } from './station.js';
