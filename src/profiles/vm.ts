// What virtualization costs on processors. Each number has its source, or says that it was fitted.

import type { VmProfile } from '../vm/profile.js';

/**
 * KVM on Intel without APICv. [1] is Dall et al., ARM Virtualization: Performance and Architectural Implications (ISCA
 * 2016), table 2, KVM x86 on a Xeon E5-2450. [2] is a trace of KVM_RUN on linux-kernel, 17 December 2020.
 */
export const kvmSandyBridge: VmProfile = {
  name: 'KVM, Xeon E5-2450',
  exitCycles: 650, // [1]: a hypercall takes 1,300 there and back
  entryCycles: 650,
  // [1]: from one VM to another on a core takes 4,812, of which a hypercall's way is 1,300, and the host's switch of threads,
  // which its scheduler takes for itself, 1,092 (520 ns at 2.1 GHz: profiles/cpu.ts).
  loadCycles: 2420,
  handlerCycles: {
    'external-interrupt': 0, // the host's handler has its own time
    'interrupt-window': 0,
    hlt: 0,
    vmcall: 0,
    io: 542, // fitted: half of what memory-mapped I/O takes, whose instruction must be decoded
    'msr-write': 256, // [1]: a virtual interrupt's completion takes 1,556
    'ept-violation': 2000, // fitted: a page fault of Linux without clearing the page
    'ept-misconfig': 1084, // [1]: an interrupt controller's register takes 2,384
  },
  userCycles: 1152, // [2]: 576 each way
  tlb: {
    entries: 512, // Intel's optimization manual, 2.2.5.3: Sandy Bridge's second-level TLB
    ways: 4,
    referenceCycles: 4, // fitted: nearly all are in the paging-structure caches and the first-level data cache
  },
  forwardCycles: 1500, // fitted: vfio_msihandler, irqfd_wakeup, kvm_vcpu_kick
  injectCycles: 300, // fitted
  posted: false,
  haltPollNs: 0, // Linux before 3.20
};

/** KVM on Intel since Ivy Bridge EP: APICv and posted interrupts. */
export const kvmPosted: VmProfile = {
  ...kvmSandyBridge,
  name: 'KVM with posted interrupts',
  injectCycles: 0,
  posted: true,
};

/** The same with what Linux does for guests that halt for moments: x86's halt_poll_ns (KVM_HALT_POLL_NS_DEFAULT). */
export const kvmPolling: VmProfile = {
  ...kvmPosted,
  name: 'KVM with posted interrupts and halt polling',
  haltPollNs: 200_000,
};
