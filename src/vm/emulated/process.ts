// Registers that a process of the host answers for (QEMU): every access makes the guest leave its core, the kernel hand it to
// the process, the process find the device; then the guest goes on.

import type { Thread, Wait } from '../../cpu/index.js';
import type { Nanos } from '../../time/index.js';
import type { ExitHandler } from '../vcpu.js';
import type { Vm } from '../vm.js';

/** What the process does; it may take time of its own. */
export type Act = (thread: Thread) => Generator<Wait, void, void> | undefined;

/** Of the thread of the virtual CPU: back into the process and into the guest again, and what the process does. */
export const inProcess =
  (vm: Vm, ns: number, act: Act): ExitHandler =>
  (thread) =>
    handled(vm, thread, ns, act);

function* handled(vm: Vm, thread: Thread, ns: number, act: Act): Generator<Wait, void, void> {
  const { hertz } = vm.host.cores.profile;
  yield thread.spend((vm.profile.userCycles * 1e9) / hertz + ns);
  const doing = act(thread);
  if (doing) yield* doing;
}

/** A thread of the guest touches such a register. */
export function* touch(vm: Vm, thread: Thread, ns: number, act: Act): Generator<Wait, void, void> {
  yield* vm.trap(thread, 'ept-misconfig', inProcess(vm, ns, act));
}

/** The same at the end of an interrupt's handler, on this virtual CPU. */
export function touchFromInterrupt(vm: Vm, now: Nanos, vcpu: number, ns: number, act: Act): void {
  vm.vcpus[vcpu]!.exit(now, 'ept-misconfig', inProcess(vm, ns, act));
}
