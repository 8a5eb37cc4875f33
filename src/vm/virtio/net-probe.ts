// How a guest finds a virtio-net device and makes it its network: features, queues, a kernel on top.

import { NetConfig } from '../../../protocols/virtio/index.js';
import type { InterruptWork, Thread, Wait } from '../../cpu/index.js';
import { Kernel, type KernelOptions } from '../../kernel/index.js';
import { UsageError } from '../../memory/index.js';
import { HostStack } from '../../stack/index.js';
import type { Nanos } from '../../time/index.js';
import type { Vm } from '../vm.js';
import { netTable } from './features.js';
import { VirtioNetCard } from './net-card.js';
import { NetCommands } from './net-commands.js';
import { CONTROL } from './net-control.js';
import type { VirtioNet } from './net-device.js';
import { RECEIVE, TRANSMIT } from './net-parts.js';
import { PciDriver } from './pci-driver.js';

export interface GuestNetworkOptions {
  /** Such as '10.0.0.5/24'. */
  readonly addresses: readonly string[];
  readonly gateways?: readonly string[];
  readonly kernel?: KernelOptions;
}

const WANTED = [
  ...['VERSION_1', 'INDIRECT_DESC', 'EVENT_IDX', 'RING_PACKED', 'IN_ORDER', 'MAC', 'MTU'],
  ...['CSUM', 'GUEST_CSUM', 'HOST_TSO4', 'HOST_TSO6', 'GUEST_TSO4', 'GUEST_TSO6', 'MRG_RXBUF'],
  ...['CTRL_VQ', 'CTRL_RX', 'CTRL_MAC_ADDR'],
];
/** Pieces of a frame with a table of their own: MAX_SKB_FRAGS of Linux and two. */
const TABLE_ENTRIES = 19;

/** A kernel of the guest on a card, and its timers among what the host drives. */
export function giveKernel(
  vm: Vm,
  network: GuestNetworkOptions,
  link: { readonly mac: Uint8Array; readonly mtu: number },
  card: KernelOptions['card'],
): Kernel {
  const { host, guest, memory } = vm;
  const { pool, ledger, dma } = host;
  const { name, cores, space } = guest;
  const random = guest.random.fork('network');
  const { addresses, gateways = [] } = network;
  const stack = new HostStack(name, pool, { ...link, addresses, gateways, random });
  const interrupts = {
    interrupt: (now: Nanos, vcpu: number, work: InterruptWork) => vm.inject(now, vcpu, work),
  };
  const machinery = { name, pool, memory, dma, ledger, cores, space, stack, interrupts };
  const kernel = new Kernel(machinery, random, { ...network.kernel, ...(card && { card }) });
  const others = { device: null, keys: null, rdmaCm: null, services: null, rnic: null };
  guest.network = { ...others, stack, kernel, mtu: link.mtu };
  host.attach({
    wakeAt: () => kernel.wakeAt(),
    settle: (now) => {
      if (kernel.wakeAt() <= now) kernel.expire(now);
      kernel.settle(now);
    },
  });
  return kernel;
}

/** The driver's probe: sets the device up; the guest has sockets from then on. */
export function* probeVirtioNet(
  device: VirtioNet,
  thread: Thread,
  network: GuestNetworkOptions,
): Generator<Wait, Kernel, void> {
  const { vm } = device;
  const bus = new PciDriver(device);
  yield* bus.settle(thread, netTable, new Set(WANTED));
  const config = NetConfig.decode(yield* bus.readConfig(thread, NetConfig.size));
  const receive = yield* bus.openQueue(thread, RECEIVE);
  const transmit = yield* bus.openQueue(thread, TRANSMIT, TABLE_ENTRIES);
  if (!receive || !transmit) throw new UsageError('EIO', `${device.name} has no queues`);
  const card = new VirtioNetCard(device, bus, transmit, receive);
  const kernel = giveKernel(vm, network, config, () => card);
  const side = card.receiveSides[0];
  const handler = kernel.handlers[0]!;
  const masked: InterruptWork = {
    run: (now) => {
      side.disarm();
      return handler.run(now);
    },
    done: (now) => handler.done?.(now),
  };
  device.device.connect(RECEIVE, masked, 0);
  device.device.connect(TRANSMIT, masked, 0);
  const control = bus.features.has('CTRL_VQ') ? yield* bus.openQueue(thread, CONTROL) : null;
  yield* bus.ready(thread);
  card.isReady = true;
  if (control) {
    // virtnet_set_rx_mode, of a stack that does not say which groups it is in.
    card.commands = new NetCommands(vm, bus, control);
    yield* card.commands.setPromiscuous(thread, false);
    yield* card.commands.setAllMulticast(thread, true);
  }
  return kernel;
}
