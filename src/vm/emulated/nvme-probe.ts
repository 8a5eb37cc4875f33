// How a guest finds an NVMe disk whose registers trap, and drives it with a pair of queues a virtual CPU.

import type { RequestQueue } from '../../block/index.js';
import { type InterruptWork, Signal, type Thread, type Wait } from '../../cpu/index.js';
import type { PhysicalMemory } from '../../memory/index.js';
import { type InterruptPort, type NvmeDriverProfile, probeController } from '../../nvme/index.js';
import type { Nanos } from '../../time/index.js';
import type { NvmeDisk } from './nvme-disk.js';
import { touch, touchFromInterrupt } from './process.js';

/** Every access is an exit to the process. */
class TrappedPort implements InterruptPort {
  readonly name: string;
  readonly memory: PhysicalMemory;
  readonly profile: NvmeDriverProfile;
  readonly #card: NvmeDisk;
  readonly #done = new Signal();

  constructor(card: NvmeDisk) {
    this.name = card.name;
    this.memory = card.vm.memory;
    this.profile = card.profile;
    this.#card = card;
    card.connect(0, { run: () => card.profile.handlerNs, done: (now) => this.#done.raise(now) });
  }

  *read(thread: Thread, offset: number, into: Uint8Array): Generator<Wait, void, void> {
    const { vm, profile, controller } = this.#card;
    yield* touch(vm, thread, profile.registerNs, () => {
      controller.read(offset, into);
      return undefined;
    });
  }

  *write(thread: Thread, offset: number, bytes: Uint8Array): Generator<Wait, void, void> {
    const { vm, profile } = this.#card;
    yield* touch(vm, thread, profile.registerNs, (own) => this.#card.write(own, offset, bytes));
  }

  writeAfter(now: Nanos, vector: number, offset: number, bytes: Uint8Array): void {
    const { vm, profile } = this.#card;
    const vcpu = vector % vm.vcpus.length;
    touchFromInterrupt(vm, now, vcpu, profile.registerNs, (own) =>
      this.#card.write(own, offset, bytes),
    );
  }

  wait(thread: Thread): Wait {
    return thread.block(this.#done);
  }

  connect(vector: number, work: InterruptWork): void {
    this.#card.connect(vector, work);
  }

  /** The process is a thread of the host, whose writes are in its caches. */
  waitNs(): number {
    return 0;
  }
}

/** The guest's disk. */
export const probeNvme = (
  card: NvmeDisk,
  thread: Thread,
  name: string,
): Generator<Wait, RequestQueue, void> =>
  probeController(new TrappedPort(card), card.vm.guest, thread, name, card.vm.vcpus.length);
