// What emulated devices take of cores, as data. Numbers are in `profiles/emulated.ts`, with their sources.

import type { NvmeDriverProfile } from '../../nvme/index.js';

/** With what the guest's driver of the disk takes. */
export interface EmulationProfile extends NvmeDriverProfile {
  readonly name: string;
  /** Of the process, an access to a register: its lock, the device behind the address, the register's function. */
  readonly registerNs: number;
  /** Of the device's thread: a command read and understood, one ended; an interrupt handed to KVM, beside its system call. */
  readonly commandNs: number;
  readonly completionNs: number;
  readonly interruptNs: number;
}
