// What of a host's card and its slot is how busy: the busiest one is what limits throughput (design decision 6).

import type { Host } from './host.js';

export const resourceNames = ['MMIO bandwidth', 'DMA bandwidth', 'NIC', 'PCIe round trip'] as const;
export type ResourceName = (typeof resourceNames)[number];

/** Nanoseconds that each resource was busy so far. */
export type Usage = Readonly<Record<ResourceName, number>>;

/**
 * What is busy in each direction of the slot counts as bandwidth of registers or of DMA, whichever has more bytes of it;
 * atomic operations on one address wait for each other's round trip.
 */
export function usageOf({ pcie, dma, device }: Host): Usage {
  const { clock } = device;
  const isRegisters = 2 * pcie.registerBytes > pcie.downBytes;
  const units = clock ? [clock.transmit.units, clock.receive.units] : [];
  return {
    'MMIO bandwidth': isRegisters ? pcie.downNs : 0,
    'DMA bandwidth': Math.max(pcie.upNs, isRegisters ? 0 : pcie.downNs),
    NIC: Math.max(0, ...units.map(({ servedNs, count }) => servedNs / count)),
    'PCIe round trip': dma.atomicNs,
  };
}
