// A virtio-net device on the host (virtio 1.2, 5.1): a tap of the host's bridge, whose thread (vhost-net) takes the guest's frames
// out of one queue (`net-transmit.ts`) and fills the buffers of the other (`net-receive.ts`).

import { NetConfig } from '../../../protocols/virtio/index.js';
import type { Thread, Wait } from '../../cpu/index.js';
import type { Bridge, BridgedFrame, Tap } from '../../kernel/index.js';
import { vhostLinux } from '../../profiles/virtio.js';
import type { Nanos } from '../../time/index.js';
import type { Vm } from '../vm.js';
import { RING_FEATURES, type VirtioDeviceOptions } from './blk-device.js';
import { DeviceThread } from './device-thread.js';
import { netTable } from './features.js';
import { CONTROL, NetReceiveControl } from './net-control.js';
import { type NetCounters, RECEIVE, TRANSMIT } from './net-parts.js';
import { NetReceive } from './net-receive.js';
import { NetTransmit } from './net-transmit.js';
import { PciFunction } from './pci-function.js';
import type { VirtioProfile } from './profile.js';

export interface VirtioNetOptions extends Omit<VirtioDeviceOptions, 'queues'> {
  readonly bridge: Bridge;
  readonly mac: Uint8Array;
  readonly mtu?: number;
  /** The guest's frames are sent from where they lie; as the host's kernel has it unless given. */
  readonly zeroCopy?: boolean;
}

/** vhost-net: as many as QEMU allows it (rx_queue_size, tx_queue_size). */
const QUEUE_SIZE = 1024;

export class VirtioNet implements Tap {
  readonly name: string;
  readonly vm: Vm;
  readonly mtu: number;
  readonly profile: VirtioProfile;
  readonly pci: PciFunction;
  readonly device: DeviceThread;
  readonly counters: NetCounters = { sent: 0, received: 0, dropped: 0, refused: 0 };
  #mac: Uint8Array;
  readonly #ownMac: Uint8Array;
  readonly #transmit: NetTransmit;
  readonly #receive: NetReceive;
  readonly #control: NetReceiveControl;

  constructor(options: VirtioNetOptions) {
    const { name, vm, bridge, mac, mtu = 1500, profile = vhostLinux } = options;
    const { kernel } = vm.host;
    if (!kernel) throw new RangeError(`${vm.host.name} has no kernel to be bridged`);
    this.name = name;
    this.vm = vm;
    this.#mac = mac;
    this.#ownMac = mac;
    this.mtu = mtu;
    this.profile = profile;
    this.pci = new PciFunction({
      memory: vm.memory,
      table: netTable,
      features: [
        ...(options.ringFeatures ?? RING_FEATURES),
        ...['MAC', 'MTU', 'CSUM', 'GUEST_CSUM', 'HOST_TSO4', 'HOST_TSO6'],
        ...['GUEST_TSO4', 'GUEST_TSO6', 'MRG_RXBUF', 'CTRL_VQ', 'CTRL_RX', 'CTRL_MAC_ADDR'],
      ],
      queues: 3,
      queueSize: options.queueSize ?? QUEUE_SIZE,
      config: this.#config(),
      started: () => this.device.work.raise(vm.host.now),
      reset: () => {
        this.#transmit.reset();
        this.#receive.reset();
        this.#control.reset();
        this.#rename(this.#ownMac);
      },
    });
    this.device = new DeviceThread({
      name: `vhost ${name}`,
      vm,
      profile,
      ioeventfd: options.ioeventfd ?? true,
      ...(options.core !== undefined && { core: options.core }),
      ...(options.busyPollNs !== undefined && { busyPollNs: options.busyPollNs }),
      serve: (thread) => this.#serve(thread),
      arm: () => this.#arm(),
      disarm: () => {
        this.pci.queue(TRANSMIT)?.disarm();
        this.pci.queue(RECEIVE)?.disarm();
        this.pci.queue(CONTROL)?.disarm();
      },
    });
    const { device, counters } = this;
    const lends = options.zeroCopy ?? kernel.parts.profile.vhostLends;
    const parts = { vm, kernel, bridge, tap: this, device, profile, counters, mtu, lends };
    this.#transmit = new NetTransmit(parts);
    this.#receive = new NetReceive(parts);
    const renamed = (own: Uint8Array) => this.#rename(own);
    this.#control = new NetReceiveControl({ vm, profile, device, renamed });
    bridge.attach(this);
  }

  #config(): Uint8Array {
    const { mac, mtu } = this;
    return NetConfig.encode({ mac, mtu, linkUp: 1, maxVirtqueuePairs: 1 });
  }

  /** Its driver has given it another address. */
  #rename(mac: Uint8Array): void {
    this.#mac = mac;
    this.pci.keepConfig(this.#config());
  }

  // Tap

  get mac(): Uint8Array {
    return this.#mac;
  }

  #isWanted({ addresses }: BridgedFrame): boolean {
    const { memory } = this.vm.host;
    return this.#control.wants(memory.locate(addresses[0]!), memory.at);
  }

  offer(now: Nanos, frame: BridgedFrame): boolean {
    if (!this.pci.isRunning || !this.#isWanted(frame) || !this.#receive.offer(frame)) {
      this.counters.dropped++;
      return false;
    }
    this.device.work.raise(now);
    return true;
  }

  #arm(): boolean {
    if (!this.pci.isRunning) return false;
    const transmit = this.pci.queue(TRANSMIT);
    if (transmit?.refusals.broken === null && this.#transmit.arm(transmit)) return true;
    const control = this.pci.queue(CONTROL);
    if (control?.refusals.broken === null && control.arm()) return true;
    const receive = this.pci.queue(RECEIVE);
    return receive?.refusals.broken === null && this.#receive.arm(receive);
  }

  *#serve(thread: Thread): Generator<Wait, void, void> {
    for (let any = true; any && this.pci.isRunning; ) {
      const transmit = this.pci.queue(TRANSMIT);
      const receive = this.pci.queue(RECEIVE);
      any = transmit !== null && (yield* this.#transmit.serve(thread, transmit));
      if (receive !== null && (yield* this.#receive.serve(thread, receive))) any = true;
      const control = this.pci.queue(CONTROL);
      if (control !== null && (yield* this.#control.serve(thread, control))) any = true;
      const broken = [transmit, receive, control].some((queue) => queue?.refusals.broken);
      if (broken) this.pci.fail();
    }
  }
}
