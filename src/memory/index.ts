// What other layers use of the memory of a machine.

export * from './access.js';
export {
  AddressSpace,
  type AllocateOptions,
  directMapAddress,
  folded,
  kernelSpace,
  type MapOptions,
  type SpaceKind,
} from './address-space.js';
export { CACHE_LINE_BYTES, MemoryChannels, type MemoryProfile } from './channels.js';
export {
  type Copier,
  copy,
  copyMachine,
  copyPhysical,
  type FarMemory,
} from './copy.js';
export { DmaEngine } from './dma.js';
export { type CachedPart, type IoCacheProfile, lookAtCache } from './io-cache.js';
export { DmaDomain, Iommu, type IommuProfile } from './iommu.js';
export { KeyTable, keyByte, keyIndex, keyOf, type RegisterOptions } from './key-table.js';
export * from './ledger.js';
export {
  MachineMemory,
  type MemoryOptions,
  NODE_SPAN,
  nodeOf,
  PAGE_1G,
  PAGE_2M,
  PAGE_4K,
  type PageBytes,
} from './machine-memory.js';
export {
  type Bearer,
  type BindRequest,
  bindWindow,
  fastRegister,
  invalidateLocally,
  invalidateRemotely,
  mapPages,
  releaseWindows,
} from './operation.js';
export { PageAllocator } from './page-allocator.js';
export type { Translator, UserPlace } from './page-table.js';
export { PcieLink, type PcieProfile, tlpOverhead } from './pcie.js';
export type { PhysicalMemory } from './physical-memory.js';
export {
  type Address,
  addressAfter,
  addressOf,
  highHalf,
  lowHalf,
  ProtectionDomain,
  plainAddress,
  Region,
  Window,
} from './region.js';
export { ScatterList } from './scatter-list.js';
export { eptFormat, pageFormat, TableBytes, type TableFormat } from './table-bytes.js';
export { EptEntry, PageEntry } from './table-entry.js';
export { physicalTranslation, Translation, translationOf } from './translation.js';
export { type Errno, UsageError } from './usage-error.js';
export {
  type OperationOutcome,
  type OperationVerdict,
  type Outcome,
  operationOutcomes,
  outcomes,
  type Verdict,
} from './verdict.js';
export { type Touch, Watch } from './watch.js';
export { WordOperation } from './word-operation.js';
