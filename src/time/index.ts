export { Alarm, type Alarmed, isDue, soonestOf, tellOf } from './alarm.js';
export { Busy } from './busy.js';
export { EventQueue } from './event-queue.js';
export type { Machine } from './machine.js';
export * from './nanos.js';
export { mixed, Random } from './random.js';
export { Timers } from './timers.js';
