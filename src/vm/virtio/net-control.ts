// The control queue of a virtio-net device (virtio 1.2, 5.1.6.5): which frames its driver wants, and under which address.

import { NetControl, NetMacTable } from '../../../protocols/virtio/index.js';
import type { Thread, Wait } from '../../cpu/index.js';
import type { Vm } from '../vm.js';
import { Chain } from './chain.js';
import type { DeviceThread } from './device-thread.js';
import type { VirtioProfile } from './profile.js';
import type { DeviceQueue } from './queue.js';

/** After the one pair of queues that there is. */
export const CONTROL = 2;
export const CONTROL_OK = 0;
export const CONTROL_ERR = 1;
/** Classes, and their commands (5.1.6.5.1, 5.1.6.5.2). */
export const RX = { class: 0, promiscuous: 0, allMulticast: 1 } as const;
export const MAC = { class: 1, table: 0, address: 1 } as const;

const MAC_BYTES = 6;
/** Addresses of each table, as QEMU has it (MAC_TABLE_ENTRIES); a driver with more asks for all. */
const MOST_MACS = 64;
const MOST_BYTES = NetControl.size + 2 * (NetMacTable.size + MOST_MACS * MAC_BYTES);

export interface ControlParts {
  readonly vm: Vm;
  readonly profile: VirtioProfile;
  readonly device: DeviceThread;
  /** The device has another address. */
  readonly renamed: (mac: Uint8Array) => void;
}

export class NetReceiveControl {
  /** Until a driver says what it wants it gets everything, as one does that cannot say it. */
  #promiscuous = true;
  #allMulticast = false;
  /** Addresses that it wants beside its own, as text. */
  readonly #macs = new Set<string>();
  readonly #chain = new Chain();
  readonly #command = new Uint8Array(MOST_BYTES);
  readonly #answer = new Uint8Array(1);

  constructor(readonly parts: ControlParts) {}

  reset(): void {
    this.#promiscuous = true;
    this.#allMulticast = false;
    this.#macs.clear();
  }

  /** Does the driver want a frame to this address? One to its own comes in any case, and one to all. */
  // hot
  wants(b: Uint8Array, at: number): boolean {
    if (this.#promiscuous) return true;
    const isGroup = b[at]! % 2 === 1;
    if (!isGroup || this.#allMulticast || isBroadcast(b, at)) return true;
    return this.#macs.has(textOf(b, at));
  }

  *serve(thread: Thread, queue: DeviceQueue): Generator<Wait, boolean, void> {
    const { vm, profile, device } = this.parts;
    const chain = this.#chain;
    let any = false;
    while (queue.take(chain) === 'chain') {
      any = true;
      const { id, slots, readableBytes, writableBytes } = chain;
      yield thread.spend(profile.deviceTakeNs);
      const length = chain.copyOut(
        vm.memory,
        0,
        Math.min(readableBytes, MOST_BYTES),
        this.#command,
      );
      const isWhole = length === readableBytes && length >= NetControl.size;
      this.#answer[0] = isWhole && this.#does(length) ? CONTROL_OK : CONTROL_ERR;
      const written = chain.copyIn(vm.memory, 0, this.#answer);
      queue.give(id, slots, written, writableBytes);
      yield thread.spend(profile.deviceGiveNs);
    }
    if (any) yield* device.interrupt(thread, CONTROL, queue.flush());
    return any;
  }

  #does(end: number): boolean {
    const b = this.#command;
    const command = NetControl.get.command(b, 0);
    switch (NetControl.get.class(b, 0)) {
      case RX.class:
        return this.#receives(command, end);
      case MAC.class:
        return command === MAC.table
          ? this.#tables(end)
          : command === MAC.address && this.#address(end);
      default:
        return false;
    }
  }

  #receives(command: number, end: number): boolean {
    if (end !== NetControl.size + 1) return false;
    const isOn = this.#command[NetControl.size] !== 0;
    if (command === RX.promiscuous) this.#promiscuous = isOn;
    else if (command === RX.allMulticast) this.#allMulticast = isOn;
    else return false;
    return true;
  }

  /** Both tables are there whole, or nothing changes. */
  #tables(end: number): boolean {
    const b = this.#command;
    const found: string[] = [];
    let at = NetControl.size;
    for (let table = 0; table < 2; table++) {
      if (at + NetMacTable.size > end) return false;
      const entries = NetMacTable.get.entries(b, at);
      at += NetMacTable.size;
      if (entries > MOST_MACS || at + entries * MAC_BYTES > end) return false;
      for (let i = 0; i < entries; i++, at += MAC_BYTES) found.push(textOf(b, at));
    }
    if (at !== end) return false;
    this.#macs.clear();
    for (const mac of found) this.#macs.add(mac);
    return true;
  }

  #address(end: number): boolean {
    if (end !== NetControl.size + MAC_BYTES) return false;
    const mac = this.#command.slice(NetControl.size, end);
    if (mac[0]! % 2 === 1) return false; // a group is nobody's address
    this.parts.renamed(mac);
    return true;
  }
}

const textOf = (b: Uint8Array, at: number): string => b.subarray(at, at + MAC_BYTES).join('.');

function isBroadcast(b: Uint8Array, at: number): boolean {
  for (let i = 0; i < MAC_BYTES; i++) if (b[at + i] !== 0xff) return false;
  return true;
}
