export { BlockJob, type BlockJobResult } from './block-job.js';
export { Contents } from './contents.js';
export type { Precondition } from './job.js';
export {
  type BlockJobOptions,
  type BlockJobParameters,
  type BlockPattern,
  blockJobParameters,
  blockPatterns,
} from './parameters.js';
export type { TapeListener } from './tape.js';
