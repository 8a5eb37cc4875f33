// What the device uses of src/memory, in one place.

export {
  IBV_ACCESS_FLUSH_GLOBAL,
  IBV_ACCESS_FLUSH_PERSISTENT,
  IBV_ACCESS_LOCAL_WRITE,
  IBV_ACCESS_REMOTE_ATOMIC,
  IBV_ACCESS_REMOTE_READ,
  IBV_ACCESS_REMOTE_WRITE,
  LOCAL_READ,
} from '../memory/access.js';
export type { AddressSpace } from '../memory/address-space.js';
export { DmaEngine } from '../memory/dma.js';
export { Hold } from '../memory/hold.js';
export { KeyTable, keyIndex } from '../memory/key-table.js';
export {
  type Actor,
  COPY,
  INTERRUPT,
  Ledger,
} from '../memory/ledger.js';
export { PAGE_4K } from '../memory/machine-memory.js';
export {
  bindWindow,
  fastRegister,
  invalidateLocally,
  invalidateRemotely,
  releaseWindows,
} from '../memory/operation.js';
export type { PhysicalMemory } from '../memory/physical-memory.js';
export {
  type Address,
  highHalf,
  joined,
  lowHalf,
  type ProtectionDomain,
  Region,
  Window,
} from '../memory/region.js';
export { physicalTranslation, type Translation } from '../memory/translation.js';
export { UsageError } from '../memory/usage-error.js';
export type { Verdict as MemoryVerdict } from '../memory/verdict.js';
export { WordOperation } from '../memory/word-operation.js';
