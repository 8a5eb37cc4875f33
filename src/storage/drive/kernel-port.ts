// A drive as the kernel of its host has it: with an interrupt for each queue, on a core of its own as far as there are enough.

import type { RequestQueue } from '../../block/index.js';
import { type InterruptWork, Signal, type Thread, type Wait } from '../../cpu/index.js';
import type { PhysicalMemory } from '../../memory/index.js';
import { type InterruptPort, type NvmeDriverProfile, probeController } from '../../nvme/index.js';
import { linuxNvme } from '../../profiles/drive.js';
import type { Nanos } from '../../time/index.js';
import type { NvmeDrive } from './drive.js';
import { SlotPort } from './slot-port.js';

class KernelPort implements InterruptPort {
  readonly name: string;
  readonly memory: PhysicalMemory;
  readonly #slot: SlotPort;
  readonly #done = new Signal();

  constructor(
    readonly drive: NvmeDrive,
    readonly profile: NvmeDriverProfile,
  ) {
    this.name = drive.name;
    this.memory = drive.memory;
    this.#slot = new SlotPort(drive);
    this.connect(0, { run: () => profile.handlerNs, done: (now) => this.#done.raise(now) });
  }

  read(thread: Thread, offset: number, into: Uint8Array): Generator<Wait, void, void> {
    return this.#slot.read(thread, offset, into);
  }

  write(thread: Thread, offset: number, bytes: Uint8Array): Generator<Wait, void, void> {
    return this.#slot.write(thread, offset, bytes);
  }

  writeAfter(now: Nanos, vector: number, offset: number, bytes: Uint8Array): void {
    this.#slot.post(now, this.#coreOf(vector), offset, bytes);
  }

  wait(thread: Thread): Wait {
    return thread.block(this.#done);
  }

  connect(vector: number, work: InterruptWork): void {
    this.drive.connect(vector, this.#coreOf(vector), work);
  }

  waitNs(address: number): number {
    return this.drive.waitNs(address);
  }

  /** That of the admin queue, and of I/O queue 1, is on core 0. */
  #coreOf(vector: number): number {
    return Math.max(0, vector - 1) % this.drive.host.cores.cores.length;
  }
}

/** The kernel of its host takes the drive over: a block device, with a pair of queues a core unless told. */
export function* probeDrive(
  drive: NvmeDrive,
  thread: Thread,
  name = `/dev/${drive.name}n1`,
  queues = drive.host.cores.cores.length,
  profile: NvmeDriverProfile = linuxNvme,
): Generator<Wait, RequestQueue, void> {
  return yield* probeController(new KernelPort(drive, profile), drive.host, thread, name, queues);
}
