// F01: DMA reads of one size after another by a card, from a buffer in its host's memory that was just touched.

import { probe } from '../../apps/probe/index.js';
import { xeonHaswell } from '../../profiles/cpu.js';
import { nfp6000Slot } from '../../profiles/pcie.js';
import type { Experiments } from './row.js';

const readLatency = (size: number): number =>
  probe({ probe: 'dma_read_lat', cpu: xeonHaswell, pcie: nfp6000Slot, size, iters: 2 })
    .latencies![0]!;

export const pcieRead: Experiments = Object.fromEntries(
  [8, 64, 128, 256, 512, 1024, 2048].map((bytes) => [`${bytes} B`, () => readLatency(bytes)]),
);
