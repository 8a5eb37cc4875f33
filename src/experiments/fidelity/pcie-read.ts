// F01: DMA reads of one size after another by a card, from a buffer in its host's memory that was just touched.

import { FramePool } from '../../frame/index.js';
import { Host } from '../../host/index.js';
import { physicalTranslation } from '../../memory/index.js';
import { nfp6000Slot } from '../../profiles/pcie.js';
import { Random, START } from '../../time/index.js';
import type { Experiments } from './row.js';

const MOST = 4096;

function readLatency(bytes: number): number {
  const host = new Host({
    name: 'h0',
    pool: new FramePool(),
    random: new Random(1),
    mac: '02:00:00:00:00:01',
    addresses: ['10.0.0.1/24'],
    pcie: nfp6000Slot,
  });
  const address = host.memory.allocate(MOST, 1);
  const memory = physicalTranslation(host.memory);
  return host.dma.read(START, memory, address, bytes, new Uint8Array(MOST), 0) - START;
}

export const pcieRead: Experiments = Object.fromEntries(
  [8, 64, 128, 256, 512, 1024, 2048].map((bytes) => [`${bytes} B`, () => readLatency(bytes)]),
);
