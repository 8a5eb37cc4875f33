// A fully emulated NVMe disk: a process of the host (QEMU) answers for each register, and a thread of it takes commands out of
// the guest's queues, asks the host's disk, writes completions and interrupts. Every doorbell is an exit to the process.

import { SQE, SQE_SIZE } from '../../../protocols/nvme/index.js';
import type { BlockDevice, BlockStatus } from '../../block/index.js';
import { type InterruptWork, Signal, type Thread, type Wait } from '../../cpu/index.js';
import { qemuLinux } from '../../profiles/emulated.js';
import type { Nanos } from '../../time/index.js';
import type { Vm } from '../vm.js';
import { generic, NvmeAdmin, SUCCESS } from './nvme-admin.js';
import { NvmeController } from './nvme-controller.js';
import { readCommand } from './nvme-io.js';
import type { CompletionQueue, NvmeStatus, SubmissionQueue } from './nvme-queue.js';
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

/** A command that is over, or will be. */
interface Command {
  readonly queue: SubmissionQueue;
  readonly cid: number;
  status: NvmeStatus;
  result: number;
  left: number;
}

const COMMAND_ID_CONFLICT = generic(3);
const INTERNAL_ERROR = generic(6);
const CAPACITY_EXCEEDED = generic(129);

const statusOf = (status: BlockStatus): NvmeStatus => {
  if (status === 'BLK_STS_OK') return SUCCESS;
  if (status === 'BLK_STS_NOSPC') return CAPACITY_EXCEEDED;
  if (status === 'BLK_STS_MEDIUM') return { sct: 2, sc: 0x81 }; // unrecovered read error
  return INTERNAL_ERROR;
};

export class NvmeDisk {
  readonly name: string;
  readonly vm: Vm;
  readonly profile: EmulationProfile;
  readonly disk: BlockDevice;
  readonly controller: NvmeController;
  readonly counts = { commands: 0, interrupts: 0, refused: 0 };
  readonly #admin: NvmeAdmin;
  readonly #readOnly: boolean;
  readonly #work = new Signal();
  readonly #handlers: (InterruptWork | null)[] = [];
  readonly #sqe = new Uint8Array(SQE_SIZE);
  /** Commands that are over, of which the driver is to be told. */
  #over: Command[] = [];
  /** Commands of before a reset are nobody's. */
  #life = 0;

  constructor(options: NvmeDiskOptions) {
    const { name, vm, disk, core, profile = qemuLinux } = options;
    this.name = name;
    this.vm = vm;
    this.disk = disk;
    this.profile = profile;
    this.#readOnly = options.readOnly ?? disk.readOnly;
    this.controller = new NvmeController(vm.memory, () => {
      this.#life++;
      this.#over = [];
    });
    this.#admin = new NvmeAdmin(this.controller, disk, vm.host.memory);
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
      if (this.#over.length > 0 && (yield* this.#complete(thread))) continue;
      if (yield* this.#serve(thread)) continue;
      yield thread.block(this.#work);
      yield thread.systemCall(); // the event is taken back
    }
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
    this.counts.commands++;
    const sqe = this.#sqe.slice();
    const cid = SQE.get.cid(sqe, 0);
    const command: Command = { queue, cid, status: SUCCESS, result: 0, left: 0 };
    yield thread.spend(this.profile.commandNs);
    if (queue.open.has(cid)) {
      this.#refuse(command, COMMAND_ID_CONFLICT);
      return false;
    }
    queue.open.add(cid);
    if (queue.id > 0) return yield* this.#ask(thread, command, sqe);
    const { status, result, waits } = this.#admin.answer(sqe);
    command.result = result;
    if (status !== SUCCESS) this.#refuse(command, status);
    else if (waits !== true) this.#over.push(command);
    return false;
  }

  *#ask(thread: Thread, command: Command, sqe: Uint8Array): Generator<Wait, boolean, void> {
    const { vm, disk } = this;
    const found = readCommand(vm.memory, vm.host.memory, disk, sqe, this.#readOnly);
    if (!Array.isArray(found)) {
      if (found === SUCCESS) this.#over.push(command);
      else this.#refuse(command, found);
      return false;
    }
    command.left = found.length;
    const life = this.#life;
    for (const request of found) {
      request.done = (now) => this.#ended(now, command, request.status, life);
      yield* disk.submit(thread, request);
    }
    return true;
  }

  #refuse(command: Command, status: NvmeStatus): void {
    this.counts.refused++;
    command.status = status;
    this.#over.push(command);
  }

  #ended(now: Nanos, command: Command, status: BlockStatus, life: number): void {
    if (command.status === SUCCESS) command.status = statusOf(status);
    command.left--;
    if (command.left > 0 || life !== this.#life) return;
    this.#over.push(command);
    this.#work.raise(now);
  }

  /** Completions into the guest's queues, as far as there is room, and an interrupt for each; false when none was written. */
  *#complete(thread: Thread): Generator<Wait, boolean, void> {
    const touched = new Set<CompletionQueue>();
    const kept: Command[] = [];
    const life = this.#life;
    for (const command of this.#over.splice(0)) {
      const { queue, cid, status, result } = command;
      const { completions } = queue;
      if (completions.isFull) {
        kept.push(command);
        continue;
      }
      yield thread.spend(this.profile.completionNs);
      if (life !== this.#life) return true;
      if (status !== COMMAND_ID_CONFLICT) queue.open.delete(cid);
      completions.put(queue, cid, status, result);
      touched.add(completions);
    }
    this.#over.unshift(...kept);
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
