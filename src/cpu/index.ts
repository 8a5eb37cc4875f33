export {
  Core,
  type CoreNodes,
  type CoreObserver,
  type InterruptWork,
  type Platform,
} from './core.js';
export { Cores, type SpawnOptions } from './cores.js';
export { Cycles } from './cycles.js';
export { type CpuProfile, withoutIsolation } from './profile.js';
export { RegisterWrites } from './register-writes.js';
export { Signal, type Waiter } from './signal.js';
export { type Program, type Runner, Thread, type ThreadState, type Wait } from './thread.js';
export { TimerTick } from './tick.js';
