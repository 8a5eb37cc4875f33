// IOMMUs. Each number has its source, or says that it was fitted.

import type { IommuProfile } from '../memory/iommu.js';

/** VT-d of Broadwell: Neugebauer et al., Understanding PCIe performance for end host networking (SIGCOMM 2018), section 6.5. */
export const vtdBroadwell: IommuProfile = {
  name: 'VT-d, Xeon E5-2630 v4',
  iotlbEntries: 64, // theirs: throughput falls when a card touches more pages than that
  missNs: 330, // theirs: a read of 64 bytes takes so much longer when it misses
  walkNs: 55, // fitted: reads of 64 bytes fall to a third of what they are with everything at hand
};
