export { MemoryVolume } from './memory-volume.js';
export {
  type CopyState,
  type Membership,
  ReplicatedVolume,
  type ReplicationOptions,
} from './replicated-volume.js';
export * from './volume.js';
