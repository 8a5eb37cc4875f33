// What virtualization costs on a processor, as data. Numbers are in `profiles/vm.ts`, with their sources.

import type { ExitReasonName } from './exit.js';

/** Cycles of the core's clock, unless it says otherwise. */
export interface VmProfile {
  readonly name: string;
  /** From the guest into the hypervisor's handler, and from there back: a round trip that does nothing is the sum. */
  readonly exitCycles: number;
  readonly entryCycles: number;
  /** The thread of a virtual CPU that has had no core gets one: the guest's state is loaded (vcpu_load). */
  readonly loadCycles: number;
  /** What the hypervisor's kernel does for a reason beside that: decoding the instruction, finding the device. */
  readonly handlerCycles: Readonly<Record<ExitReasonName, number>>;
  /** More when a process has to handle it: back from its system call, and into the next. */
  readonly userCycles: number;
  /** The host's handler of an interrupt that is a guest's: finding the guest, and its virtual CPU. */
  readonly forwardCycles: number;
  /** The second level of the TLB, and what each entry that a walk reads beyond a native one's takes. */
  readonly tlb: {
    readonly entries: number;
    readonly ways: number;
    readonly referenceCycles: number;
  };
  /** Giving a guest an interrupt when it is entered, where the processor does not do it. */
  readonly injectCycles: number;
  /** Interrupts reach a guest that runs without an exit, and it ends them without one (APICv, posted interrupts). */
  readonly posted: boolean;
  /** How long a halted guest's core is polled for news at most before its thread gives it up (halt_poll_ns); 0: not at all. */
  readonly haltPollNs: number;
}
