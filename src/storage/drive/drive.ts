// An NVMe drive in a slot of a host: the controller's registers behind PCI Express, queues and data in the host's memory, which it
// reaches by DMA, and a medium that takes its time.

import { SQE_SIZE } from '../../../protocols/nvme/index.js';
import type { InterruptWork, Signal } from '../../cpu/index.js';
import type { Host, Tenant } from '../../host/index.js';
import {
  type Actor,
  DmaEngine,
  INTERRUPT,
  PcieLink,
  type PhysicalMemory,
} from '../../memory/index.js';
import {
  type Command,
  type CompletionQueue,
  NvmeCommands,
  type NvmeController,
  type SubmissionQueue,
} from '../../nvme/index.js';
import type { Nanos } from '../../time/index.js';
import { MediaVolume } from '../media.js';
import type { Volume } from '../volume.js';
import { Calendar } from './calendar.js';
import { DmaMemory } from './dma-memory.js';
import { FreshLines } from './fresh-lines.js';
import { DriveMedium } from './medium.js';
import type { DriveProfile } from './profile.js';

export interface NvmeDriveOptions {
  readonly name: string;
  readonly host: Host;
  readonly profile: DriveProfile;
  /** What it holds. */
  readonly volume: Volume;
}

/** Longest discard and Write Zeroes: as long as a command says. */
const MOST_ZERO_BLOCKS = 65536;
const MOST_DISCARD_BLOCKS = 2 ** 32 - 1;

interface Handler {
  readonly core: number;
  readonly work: InterruptWork;
}

export class NvmeDrive implements Tenant {
  readonly name: string;
  readonly host: Host;
  readonly profile: DriveProfile;
  readonly pcie: PcieLink;
  readonly dma: DmaEngine;
  readonly controller: NvmeController;
  readonly commands: NvmeCommands;
  readonly #calendar = new Calendar();
  readonly #memory: DmaMemory;
  readonly #medium: DriveMedium;
  readonly #interrupts: (Handler | undefined)[] = [];

  /** It is in the host's slot from now on. @throws RangeError where the volume is no whole number of blocks */
  constructor({ name, host, profile, volume }: NvmeDriveOptions) {
    const { blockBytes } = profile;
    if (volume.size % blockBytes !== 0)
      throw new RangeError(`${name}: ${volume.size} bytes are no blocks of ${blockBytes}`);
    this.name = name;
    this.host = host;
    this.profile = profile;
    this.pcie = new PcieLink(profile.pcie);
    this.dma = new DmaEngine(this.pcie, host.ledger, host.ledger.actor(name));
    const calendar = this.#calendar;
    const fresh = new FreshLines(host.ledger, host.cores.profile);
    this.#memory = new DmaMemory(host.memory, this.dma, calendar, fresh);
    const media = new MediaVolume(volume, profile.medium, calendar);
    this.#medium = new DriveMedium(media, this.#memory, calendar, () => this.commands.life);
    this.commands = new NvmeCommands({
      memory: this.#memory,
      medium: {
        sizeBytes: volume.size,
        blockBytes,
        maxDiscardBytes: MOST_DISCARD_BLOCKS * blockBytes,
        maxZeroBytes: MOST_ZERO_BLOCKS * blockBytes,
        writeCache: true,
      },
      readOnly: volume.readOnly,
      model: profile.name,
      ended: (now) => this.#tell(now),
    });
    this.controller = this.commands.controller;
    host.attach(this);
  }

  /** Where its driver's queues and data lie. */
  get memory(): PhysicalMemory {
    return this.host.memory;
  }

  /** Raised when something that it wrote can be seen in memory: what a driver that polls would find. */
  get landed(): Signal {
    return this.#memory.landed;
  }

  /** What an interrupt of this number has this core do. */
  connect(vector: number, core: number, work: InterruptWork): void {
    this.#interrupts[vector] = { core, work };
  }

  /** How long a core waits that reads memory there, because the drive has written to it since. */
  waitNs(address: number): number {
    return this.#memory.fresh.waitNs(address);
  }

  /** A core's write to a register leaves the core now. */
  write(now: Nanos, core: Actor, offset: number, bytes: Uint8Array): void {
    const arrives = this.dma.doorbell(now, core, bytes.length);
    const value = bytes.slice();
    this.#calendar.at(arrives, () => {
      if (this.controller.write(offset, value)) this.#work(arrives);
    });
  }

  /** A core asks for a register: when it has it. What was written before is there by then. */
  read(now: Nanos, offset: number, into: Uint8Array): Nanos {
    const asked = this.pcie.registerRequest(now);
    this.#calendar.at(asked, () => this.controller.read(offset, into));
    return this.pcie.registerAnswer(asked, into.length);
  }

  /** A doorbell was heard: there is room for completions, or there are commands. */
  #work(now: Nanos): void {
    this.#tell(now);
    for (const queue of this.controller.submissions) while (queue?.hasNews) this.#fetch(now, queue);
  }

  /** New commands that lie together come in one read. */
  #fetch(now: Nanos, queue: SubmissionQueue): void {
    const count = queue.together;
    const entries = new Uint8Array(count * SQE_SIZE);
    const memory = this.#memory;
    memory.now = now;
    queue.take(entries, count);
    const came = memory.now;
    this.#calendar.at(came, () => {
      for (let at = 0; at < entries.length; at += SQE_SIZE)
        this.#begin(came, queue, entries.subarray(at, at + SQE_SIZE));
      this.#tell(came);
    });
  }

  /** Its medium begins when its list of pages, if it has one, has been read. */
  #begin(now: Nanos, queue: SubmissionQueue, sqe: Uint8Array): void {
    // Of a queue that was deleted meanwhile, nothing is done.
    if (this.controller.submissions[queue.id] !== queue) return;
    this.#memory.now = now;
    const requests = this.commands.accept(queue, sqe);
    const begins = this.#memory.now;
    for (const request of requests) this.#calendar.at(begins, () => this.#medium.begin(request));
  }

  /** Completions of what is over, as far as there is room for them, and an interrupt for each queue that has some and wants it. */
  #tell(now: Nanos): void {
    if (!this.commands.hasOver) return;
    const kept: Command[] = [];
    const touched = new Set<CompletionQueue | null>();
    for (const command of this.commands.takeOver()) {
      this.#memory.now = now;
      if (command.queue.completions.isFull) kept.push(command);
      else touched.add(this.commands.complete(command));
    }
    this.commands.putBack(kept);
    for (const queue of touched) if (queue?.wants) this.#interrupt(now, queue);
  }

  /** It follows the completions over the link. */
  #interrupt(now: Nanos, queue: CompletionQueue): void {
    queue.wants = false;
    const handler = this.#interrupts[queue.vector];
    if (!handler) return;
    const { core, work } = handler;
    const comes = this.pcie.interrupt(now);
    const { ledger, cores } = this.host;
    const { actor } = cores.cores[core]!;
    this.#calendar.at(comes, () => {
      ledger.record(comes, actor, INTERRUPT, 0, cores.profile.interruptNs, 0);
      cores.interrupt(comes, core, work);
    });
  }

  // Tenant

  wakeAt(): Nanos {
    return this.#calendar.due();
  }

  settle(now: Nanos): void {
    this.#calendar.run(now);
  }
}
