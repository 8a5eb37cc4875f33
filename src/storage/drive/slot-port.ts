// A drive's registers as a program of its host reaches them that has them mapped: by a core's own reads and writes.

import type { RegisterWrites, Thread, Wait } from '../../cpu/index.js';
import type { PhysicalMemory } from '../../memory/index.js';
import type { ControllerPort } from '../../nvme/index.js';
import type { Nanos } from '../../time/index.js';
import type { NvmeDrive } from './drive.js';

export class SlotPort implements ControllerPort {
  readonly name: string;
  readonly memory: PhysicalMemory;

  constructor(readonly drive: NvmeDrive) {
    this.name = drive.name;
    this.memory = drive.memory;
  }

  *read(thread: Thread, offset: number, into: Uint8Array): Generator<Wait, void, void> {
    const came = this.drive.read(thread.now, offset, into);
    yield thread.spend(came - thread.now);
  }

  *write(thread: Thread, offset: number, bytes: Uint8Array): Generator<Wait, void, void> {
    const { drive } = this;
    const writes = this.#writesOf(thread);
    const stallNs = writes.stallNs(thread.now);
    if (stallNs > 0) yield thread.spend(stallNs);
    drive.write(writes.post(thread.now), thread.actor, offset, bytes);
  }

  /** The same of an interrupt's handler on this core, which does not wait. */
  post(now: Nanos, core: number, offset: number, bytes: Uint8Array): void {
    const { actor, registerWrites } = this.drive.host.cores.cores[core]!;
    this.drive.write(registerWrites.post(now), actor, offset, bytes);
  }

  /** What was written to memory before is to be seen there before what is written to registers next (sfence). */
  *fence(thread: Thread): Generator<Wait, void, void> {
    const waitNs = this.#writesOf(thread).fenceNs(thread.now);
    if (waitNs > 0) yield thread.spend(waitNs);
  }

  #writesOf({ core }: Thread): RegisterWrites {
    return this.drive.host.cores.cores[core]!.registerWrites;
  }

  wait(thread: Thread): Wait {
    return thread.spin(this.drive.landed);
  }
}
