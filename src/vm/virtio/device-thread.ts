// A device's thread on the host (vhost): sleeps until the driver kicks or the device itself has something to do, serves its
// queues, interrupts the guest.

import { type InterruptWork, Signal, type Thread, type Wait } from '../../cpu/index.js';
import { after } from '../../time/index.js';
import { inProcess } from '../emulated/process.js';
import type { ExitHandler } from '../vcpu.js';
import type { Vm } from '../vm.js';
import type { VirtioProfile } from './profile.js';

export interface DeviceThreadOptions {
  readonly name: string;
  readonly vm: Vm;
  readonly profile: VirtioProfile;
  /** Core of the host; any unless given. */
  readonly core?: number;
  /** Kicks end in the kernel, where an event is signalled; otherwise in the process. */
  readonly ioeventfd: boolean;
  /** How long queues are polled before the thread sleeps; not at all unless given. */
  readonly busyPollNs?: number;
  /** Serves all that is there; afterwards nothing must be left. */
  serve(thread: Thread): Generator<Wait, void, void>;
  /** Asks for kicks; true when there is something to serve already. */
  arm(): boolean;
  disarm(): void;
}

/** What a device did for its driver so far. */
export interface DeviceCounts {
  kicks: number;
  interrupts: number;
  /** Completions of which the driver did not want to hear. */
  suppressed: number;
}

export class DeviceThread {
  readonly counts: DeviceCounts = { kicks: 0, interrupts: 0, suppressed: 0 };
  /** Somebody wants the thread. */
  readonly work = new Signal();
  readonly thread: Thread;
  readonly #options: DeviceThreadOptions;
  readonly #handlers: (InterruptWork | null)[] = [];
  readonly #vcpus: number[] = [];

  constructor(options: DeviceThreadOptions) {
    this.#options = options;
    const { name, vm, core } = options;
    const where = core === undefined ? {} : { core };
    this.thread = vm.host.spawn(name, (thread) => this.#run(thread), where);
  }

  /** What the guest does when a vector of the device interrupts it, and on which virtual CPU. */
  connect(vector: number, handler: InterruptWork, vcpu = vector): void {
    this.#handlers[vector] = handler;
    this.#vcpus[vector] = vcpu % this.#options.vm.vcpus.length;
  }

  /** What happens when the driver writes the register that kicks: on the thread of its virtual CPU. */
  readonly kicked: ExitHandler = (thread) => {
    const { ioeventfd, profile, vm } = this.#options;
    if (ioeventfd) return this.#signalled(thread);
    return inProcess(vm, profile.notifyNs, (own) => this.#signalled(own))(thread);
  };

  *#signalled(thread: Thread): Generator<Wait, void, void> {
    this.counts.kicks++;
    yield thread.spend(this.#options.profile.ioeventfdNs);
    this.work.raise(thread.now);
  }

  /** The thread has shown the driver what it gave back; `wanted` says whether that asked to hear of it. */
  *interrupt(thread: Thread, vector: number, wanted: boolean): Generator<Wait, void, void> {
    if (!wanted) {
      this.counts.suppressed++;
      return;
    }
    const { vm, profile } = this.#options;
    yield thread.spend(profile.irqfdNs);
    this.counts.interrupts++;
    const handler = this.#handlers[vector];
    if (handler) vm.inject(thread.now, this.#vcpus[vector]!, handler);
  }

  *#run(thread: Thread): Generator<Wait, void, void> {
    const { serve, arm, disarm, busyPollNs = 0 } = this.#options;
    for (;;) {
      disarm.call(this.#options);
      yield* serve.call(this.#options, thread);
      if (busyPollNs > 0) {
        yield thread.spin(this.work, after(thread.now, busyPollNs));
        if (!thread.timedOut) continue;
      }
      if (!arm.call(this.#options)) yield thread.block(this.work);
    }
  }
}
