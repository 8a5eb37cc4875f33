// Why a guest leaves its core: VM exits with the names of Intel's basic exit reasons (SDM volume 3D, appendix C), as far as
// something here causes them, and the kinds under which the ledger counts them.

import type { LedgerKind } from '../memory/index.js';

export interface ExitReason {
  /** The basic exit reason's number. */
  readonly number: number;
  readonly kind: LedgerKind;
  readonly says: string;
}

export const exitReasons = {
  'external-interrupt': {
    number: 1,
    kind: 'exit-interrupt',
    says: 'an interrupt of the host came, or of a device',
  },
  'interrupt-window': {
    number: 7,
    kind: 'exit-window',
    says: 'the guest takes interrupts again',
  },
  hlt: { number: 12, kind: 'exit-hlt', says: 'the guest has nothing to do' },
  vmcall: { number: 18, kind: 'exit-vmcall', says: 'the guest calls its hypervisor' },
  io: { number: 30, kind: 'exit-io', says: 'an instruction reads or writes a port' },
  'msr-write': {
    number: 32,
    kind: 'exit-msr',
    says: 'a register is written: interrupts between CPUs, timers, end of interrupt',
  },
  'ept-violation': {
    number: 48,
    kind: 'exit-ept',
    says: 'nothing is mapped behind a guest-physical address yet',
  },
  'ept-misconfig': {
    number: 49,
    kind: 'exit-mmio',
    says: 'a register of a device is touched, by memory-mapped I/O',
  },
} as const satisfies Record<string, ExitReason>;

export type ExitReasonName = keyof typeof exitReasons;
export const exitReasonNames = Object.keys(exitReasons) as ExitReasonName[];
