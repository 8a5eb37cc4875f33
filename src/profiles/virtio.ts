// What virtio takes of cores: estimates, held against no measurement yet (those published are sums).

import type { VirtioProfile } from '../vm/virtio/profile.js';

/** Linux's drivers in the guest and vhost threads on the host. */
export const vhostLinux: VirtioProfile = {
  name: 'virtio of Linux, vhost',
  addNs: 120, // estimate: virtqueue_add with its DMA mappings
  takeNs: 60, // estimate
  handlerNs: 150, // estimate: vring_interrupt and what calls it
  ioeventfdNs: 150, // estimate: eventfd_signal
  notifyNs: 1200, // estimate: QEMU's lock, its map of addresses, its own event, which is a system call
  registerNs: 800, // estimate: the same without the event
  deviceTakeNs: 180, // estimate: vhost_get_vq_desc, addresses translated by its table
  deviceGiveNs: 80, // estimate: vhost_add_used
  irqfdNs: 250, // estimate: eventfd_signal into KVM, and the notification to the other core
};
