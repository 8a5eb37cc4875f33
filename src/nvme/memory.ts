// How a controller reaches the memory in which its driver put queues, lists and data: a process has it mapped, a drive goes there
// by DMA. Addresses are the driver's own, physical ones.

import { type PhysicalBytes, readPhysical, writePhysical } from '../memory/physical-bytes.js';

export interface ControllerMemory {
  /** Whether all of these bytes exist; for addresses that a driver may have made up. */
  holds(address: number, lengthBytes: number): boolean;
  read(address: number, lengthBytes: number, into: Uint8Array, at: number): void;
  /** `bytes[from..to)`. */
  write(address: number, bytes: Uint8Array, from: number, to: number): void;
}

/** Of a process that has the memory mapped: its copies are part of what it does with a command. */
export const mapped = (memory: PhysicalBytes): ControllerMemory => ({
  holds: (address, lengthBytes) => memory.holds(address, lengthBytes),
  read: (address, lengthBytes, into, at) => readPhysical(memory, address, lengthBytes, into, at),
  write: (address, bytes, from, to) => writePhysical(memory, address, bytes, from, to),
});
