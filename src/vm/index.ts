export { assignCard, assignFunction, type FunctionOptions, iommuOf } from './assign.js';
export { type ExitReason, type ExitReasonName, exitReasonNames, exitReasons } from './exit.js';
export { Guest, type GuestNetwork } from './guest.js';
export { GuestMemory, type GuestMemoryOptions } from './guest-memory.js';
export { GuestTable, type TlbProfile } from './guest-table.js';
export type { VmProfile } from './profile.js';
export { type ExitHandler, Vcpu, type VcpuOptions } from './vcpu.js';
export { Vm, type VmOptions } from './vm.js';
