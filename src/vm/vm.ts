// A virtual machine of a host: threads that are its CPUs, memory that is its memory, and the guest that runs on both.

import type { InterruptWork, Thread, Wait } from '../cpu/index.js';
import type { Host, Tenant } from '../host/index.js';
import { PAGE_FAULT, type PageBytes, UsageError } from '../memory/index.js';
import { kvmPolling } from '../profiles/vm.js';
import type { Nanos } from '../time/index.js';
import type { ExitReasonName } from './exit.js';
import { Guest } from './guest.js';
import { GuestMemory } from './guest-memory.js';
import type { VmProfile } from './profile.js';
import { type ExitHandler, Vcpu } from './vcpu.js';

export interface VmOptions {
  readonly name: string;
  readonly host: Host;
  /** Virtual CPUs: 1 unless given. */
  readonly vcpus?: number;
  readonly memoryBytes?: number;
  /** Chunks of machine memory that back the guest's; 2 MiB unless given. */
  readonly pageBytes?: PageBytes;
  /** Nodes from which they are taken, in turn; the first unless given. */
  readonly memoryNodes?: readonly number[];
  /** Cores of the host to which the virtual CPUs are pinned, one each; unpinned unless given. */
  readonly pins?: readonly number[];
  /** All of the memory is taken at once, not at first touches. */
  readonly populate?: boolean;
  readonly profile?: VmProfile;
}

const MEMORY_BYTES = 64 * 2 ** 20;
const BITS = 8e9;

/** Who has been promised memory of a host. */
const promised = new WeakMap<Host, Vm[]>();

export class Vm implements Tenant {
  readonly name: string;
  readonly host: Host;
  readonly memory: GuestMemory;
  readonly guest: Guest;
  readonly vcpus: readonly Vcpu[];
  readonly profile: VmProfile;

  constructor(options: VmOptions) {
    const { name, host, vcpus = 1, pins, profile = kvmPolling } = options;
    if (pins !== undefined && pins.length !== vcpus)
      throw new UsageError('EINVAL', `${name}: ${pins.length} cores for ${vcpus} virtual CPUs`);
    this.name = name;
    this.host = host;
    this.profile = profile;
    this.memory = new GuestMemory({
      name,
      machine: host.memory,
      bytes: options.memoryBytes ?? MEMORY_BYTES,
      ...(options.pageBytes && { pageBytes: options.pageBytes }),
      ...(options.memoryNodes && { nodes: options.memoryNodes }),
    });
    this.#promise(options.memoryNodes ?? [0]);
    if (options.populate === true) this.memory.populate();
    this.guest = new Guest(host, name, this.memory, vcpus, profile.tlb);
    this.vcpus = this.guest.cores.cores.map(({ index }) => {
      const pin = pins?.[index];
      return new Vcpu(host.now, {
        name: `${name} vcpu${index}`,
        index,
        guest: this.guest.cores,
        host: host.cores,
        profile,
        ...(pin !== undefined && { pin }),
      });
    });
    this.guest.nodeOf = (vcpu) => host.nodeOf(this.vcpus[vcpu]!.thread.core);
    const { nodes } = host.cores;
    if (nodes !== null) {
      const { farNsPerByte } = nodes;
      this.guest.cores.nodes = { nodeOf: this.guest.nodeOf, farNsPerByte };
    }
    this.memory.touched = (lengthBytes) => this.#touched(lengthBytes);
    host.attach(this);
  }

  /** What a guest is told that it has must be there when it touches it: no more is promised than the nodes have. */
  #promise(nodes: readonly number[]): void {
    const { host, name } = this;
    const others = promised.get(host) ?? [];
    for (const node of new Set(nodes)) {
      const share = (one: Vm) => one.memory.untouchedOf(node);
      const owed = others.reduce((sum, vm) => sum + share(vm), 0);
      const had = host.memory.freeBytes(node) - owed;
      if (share(this) > had) {
        const need = `${name} needs ${share(this)} bytes of node ${node}`;
        throw new UsageError('ENOMEM', `${need}, which has ${had} that are not promised`);
      }
    }
    promised.set(host, [...others, this]);
  }

  /** Somebody touched a chunk first. If it was the guest, it leaves its core until the host has cleared one. */
  #touched(lengthBytes: number): void {
    const { guest, host } = this;
    const { acting } = guest.cores;
    if (acting === null) return;
    const clearNs = Math.ceil((lengthBytes * BITS) / host.cores.profile.copyBitsPerSecond);
    host.ledger.record(host.now, acting.actor, PAGE_FAULT, lengthBytes, clearNs, 0);
    this.vcpus[acting.index]!.exit(host.now, 'ept-violation', function* (own) {
      yield own.spend(clearNs);
    });
  }

  /** A thread of the guest does what traps: the host handles it on the thread of the virtual CPU, and the guest goes on. */
  *trap(
    thread: Thread,
    reason: ExitReasonName,
    handler: ExitHandler | null = null,
  ): Generator<Wait, void, void> {
    this.vcpus[thread.core]!.exit(thread.now, reason, handler);
    yield thread.spend(0);
  }

  /** A device that the host makes (emulated, virtio) interrupts the guest: as its thread or handler does at this instant. */
  inject(now: Nanos, vcpu: number, work: InterruptWork): void {
    this.vcpus[vcpu]!.inject(now, work);
  }

  /** A device that is the guest's own does: its message comes to the host, or past it where interrupts are posted. */
  interrupt(now: Nanos, vcpu: number, work: InterruptWork): void {
    this.vcpus[vcpu]!.deliver(now, work);
  }

  // Tenant

  // hot
  wakeAt(): Nanos {
    return this.guest.cores.wakeAt();
  }

  // hot
  settle(now: Nanos): void {
    if (this.guest.cores.wakeAt() <= now) this.guest.cores.expire(now);
  }
}
