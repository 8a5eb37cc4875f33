// The device's parts that another transport than InfiniBand's works with.

export { WC, wcOpcodes, wrOpcodes } from './constant.js';
export { fail, finishSends } from './finish.js';
export {
  IBV_ACCESS_REMOTE_ATOMIC,
  IBV_ACCESS_REMOTE_READ,
  IBV_ACCESS_REMOTE_WRITE,
  invalidateRemotely,
  type MemoryVerdict,
  UsageError,
  WordOperation,
} from './memory-parts.js';
export { isReadLike, workKind } from './opcode-map.js';
export type { QueuePair } from './queue-pair.js';
export { fetchJob, local } from './requester.js';
export type { Facility, Transport } from './transport.js';
export type { SendJob } from './work-request.js';
