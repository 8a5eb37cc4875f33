// What virtio takes of cores. All of it is fitted: of these, measurements publish sums alone.

import type { VirtioProfile } from '../vm/virtio/profile.js';

/** Linux's drivers in the guest and vhost threads on the host. */
export const vhostLinux: VirtioProfile = {
  name: 'virtio of Linux, vhost',
  addNs: 120, // fitted: virtqueue_add with its DMA mappings
  takeNs: 60, // fitted
  handlerNs: 150, // fitted: vring_interrupt and what calls it
  ioeventfdNs: 150, // fitted: eventfd_signal
  notifyNs: 1200, // fitted: QEMU's lock, its map of addresses, its own event, which is a system call
  registerNs: 800, // fitted: the same without the event
  deviceTakeNs: 180, // fitted: vhost_get_vq_desc, addresses translated by its table
  deviceGiveNs: 80, // fitted: vhost_add_used
  irqfdNs: 250, // fitted: eventfd_signal into KVM, and the notification to the other core
};
