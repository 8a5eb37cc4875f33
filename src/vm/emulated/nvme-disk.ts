// A fully emulated NVMe disk: a process of the host (QEMU) answers for each register, and a thread of it takes commands out of
// the guest's queues, asks the host's disk, writes completions and interrupts. Every doorbell is an exit to the process.

import { SQE_SIZE } from '../../../protocols/nvme/index.js';
import type { BlockDevice, Segment } from '../../block/index.js';
import { type InterruptWork, Signal, type Thread, type Wait } from '../../cpu/index.js';
import {
  type Command,
  type CompletionQueue,
  mapped,
  NvmeCommands,
  type NvmeController,
  type SubmissionQueue,
} from '../../nvme/index.js';
import { qemuLinux } from '../../profiles/emulated.js';
import { addRuns } from '../virtio/guest-segments.js';
import type { Vm } from '../vm.js';
import type { EmulationProfile } from './profile.js';

export interface NvmeDiskOptions {
  readonly name: string;
  readonly vm: Vm;
  /** The host's disk. */
  readonly disk: BlockDevice;
  readonly readOnly?: boolean;
  readonly profile?: EmulationProfile;
  /** Core of the host for its thread. */
  readonly core?: number;
}

export class NvmeDisk {
  readonly name: string;
  readonly vm: Vm;
  readonly profile: EmulationProfile;
  readonly disk: BlockDevice;
  readonly controller: NvmeController;
  readonly counts = { interrupts: 0 };
  readonly commands: NvmeCommands;
  readonly #work = new Signal();
  readonly #handlers: (InterruptWork | null)[] = [];
  readonly #sqe = new Uint8Array(SQE_SIZE);
  /** As the guest knows it, or is being told. */
  #shownBytes: number;

  constructor(options: NvmeDiskOptions) {
    const { name, vm, disk, core, profile = qemuLinux } = options;
    this.name = name;
    this.vm = vm;
    this.disk = disk;
    this.profile = profile;
    this.commands = new NvmeCommands({
      memory: mapped(vm.memory),
      medium: disk,
      readOnly: options.readOnly ?? disk.readOnly,
      model: 'Emulated NVMe controller',
      resizes: true,
      ended: (now) => this.#work.raise(now),
    });
    this.controller = this.commands.controller;
    this.#shownBytes = disk.sizeBytes;
    disk.changed.feed(this.#work);
    const where = core === undefined ? {} : { core };
    vm.host.spawn(`qemu ${name}`, (thread) => this.#run(thread), where);
  }

  /** What the guest does when a vector interrupts it. */
  connect(vector: number, handler: InterruptWork): void {
    this.#handlers[vector] = handler;
  }

  /** The process writes a register for a driver, on the thread of its virtual CPU. */
  *write(thread: Thread, offset: number, bytes: Uint8Array): Generator<Wait, void, void> {
    if (!this.controller.write(offset, bytes)) return;
    yield thread.systemCall(); // the event that wakes the other thread
    this.#work.raise(thread.now);
  }

  *#run(thread: Thread): Generator<Wait, void, void> {
    for (;;) {
      this.#lookAtSize();
      if (this.commands.hasOver && (yield* this.#complete(thread))) continue;
      if (yield* this.#serve(thread)) continue;
      yield thread.block(this.#work);
      yield thread.systemCall(); // the event is taken back
    }
  }

  /** The host's disk has another size: an event for the guest. */
  #lookAtSize(): void {
    const { sizeBytes } = this.disk;
    if (sizeBytes === this.#shownBytes) return;
    this.#shownBytes = sizeBytes;
    this.commands.resized();
  }

  /** New commands of all queues; the disk's requests go in one system call (io_submit). */
  *#serve(thread: Thread): Generator<Wait, boolean, void> {
    const { submissions } = this.controller;
    let any = false;
    let asked = false;
    this.disk.plug(thread);
    for (let id = 0; id < submissions.length; id++) {
      const queue = submissions[id];
      // No more than there are places, whatever the driver writes meanwhile.
      for (let i = 0; queue?.hasNews && i < queue.size; i++) {
        any = true;
        if (yield* this.#take(thread, queue)) asked = true;
      }
    }
    if (asked) yield thread.systemCall();
    yield* this.disk.unplug(thread);
    return any;
  }

  /** The next command; true when it asks the disk. */
  *#take(thread: Thread, queue: SubmissionQueue): Generator<Wait, boolean, void> {
    queue.take(this.#sqe);
    const sqe = this.#sqe.slice();
    yield thread.spend(this.profile.commandNs);
    const requests = this.commands.accept(queue, sqe);
    for (const request of requests) {
      request.segments = this.#machineRuns(request.segments);
      yield* this.disk.submit(thread, request);
    }
    return requests.length > 0;
  }

  /** The process has the guest's pages mapped and passes them on as they lie, so that no bytes are copied on the way. */
  #machineRuns(segments: readonly Segment[]): Segment[] {
    const runs: Segment[] = [];
    for (const { address, length } of segments) addRuns(this.vm.memory, address, length, runs);
    return runs;
  }

  /** Completions into the guest's queues, as far as there is room, and an interrupt for each; false when none was written. */
  *#complete(thread: Thread): Generator<Wait, boolean, void> {
    const touched = new Set<CompletionQueue>();
    const kept: Command[] = [];
    for (const command of this.commands.takeOver()) {
      if (command.queue.completions.isFull) {
        kept.push(command);
        continue;
      }
      yield thread.spend(this.profile.completionNs);
      const completions = this.commands.complete(command);
      if (completions === null) return true;
      touched.add(completions);
    }
    this.commands.putBack(kept);
    for (const queue of touched) yield* this.#interrupt(thread, queue);
    return touched.size > 0;
  }

  *#interrupt(thread: Thread, queue: CompletionQueue): Generator<Wait, void, void> {
    if (!queue.wants) return;
    queue.wants = false;
    yield thread.systemCall(this.profile.interruptNs);
    this.counts.interrupts++;
    const handler = this.#handlers[queue.vector];
    if (handler) this.vm.inject(thread.now, queue.vector % this.vm.vcpus.length, handler);
  }
}
