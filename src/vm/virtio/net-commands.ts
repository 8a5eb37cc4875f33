// A driver's side of a virtio-net control queue (Linux's virtnet_send_command): one command at a time, whose end is waited for.

import { NetControl, NetMacTable } from '../../../protocols/virtio/index.js';
import type { Thread, Wait } from '../../cpu/index.js';
import { readPhysical, writePhysical } from '../../memory/physical-bytes.js';
import type { Vm } from '../vm.js';
import { Chain } from './chain.js';
import { CONTROL_ERR, CONTROL_OK, MAC, RX } from './net-control.js';
import type { PciDriver } from './pci-driver.js';
import type { DriverQueue } from './queue.js';

const PAGE = 4096;
const ACK_AT = PAGE - 1;
/** Between two looks for the answer. */
const LOOK_NS = 100;

export class NetCommands {
  readonly #at: number;
  readonly #chain = new Chain();

  constructor(
    readonly vm: Vm,
    readonly bus: PciDriver,
    readonly queue: DriverQueue,
  ) {
    this.#at = vm.memory.allocate(PAGE, 1, 0, 'virtio-net commands');
    queue.disarm();
  }

  setPromiscuous(thread: Thread, isOn: boolean): Generator<Wait, boolean, void> {
    return this.#send(thread, RX.class, RX.promiscuous, Uint8Array.of(isOn ? 1 : 0));
  }

  setAllMulticast(thread: Thread, isOn: boolean): Generator<Wait, boolean, void> {
    return this.#send(thread, RX.class, RX.allMulticast, Uint8Array.of(isOn ? 1 : 0));
  }

  /** Addresses that are received beside its own: of stations, and of groups. */
  setTable(
    thread: Thread,
    stations: readonly Uint8Array[],
    groups: readonly Uint8Array[],
  ): Generator<Wait, boolean, void> {
    const data = [stations, groups].flatMap((macs) => [
      ...NetMacTable.encode({ entries: macs.length }),
      ...macs.flatMap((mac) => [...mac]),
    ]);
    return this.#send(thread, MAC.class, MAC.table, Uint8Array.from(data));
  }

  setAddress(thread: Thread, mac: Uint8Array): Generator<Wait, boolean, void> {
    return this.#send(thread, MAC.class, MAC.address, mac);
  }

  *#send(
    thread: Thread,
    of: number,
    command: number,
    data: Uint8Array,
  ): Generator<Wait, boolean, void> {
    const { vm, bus, queue } = this;
    const { memory } = vm;
    const head = NetControl.encode({ class: of, command });
    writePhysical(memory, this.#at, head, 0, head.length);
    writePhysical(memory, this.#at + head.length, data, 0, data.length);
    const ack = Uint8Array.of(CONTROL_ERR);
    writePhysical(memory, this.#at + ACK_AT, ack, 0, 1);
    const chain = this.#chain.clear().read(this.#at, head.length);
    chain.read(this.#at + head.length, data.length).write(this.#at + ACK_AT, 1);
    queue.add(chain, 0);
    yield* bus.kick(thread, queue);
    for (let taken = queue.take(); taken !== 'chain'; taken = queue.take()) {
      if (taken === 'broken') return false;
      yield thread.spend(LOOK_NS);
    }
    readPhysical(memory, this.#at + ACK_AT, 1, ack, 0);
    return ack[0] === CONTROL_OK;
  }
}
