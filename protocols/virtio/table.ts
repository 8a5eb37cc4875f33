// What this folder adds to the registry.

import type { Protocol } from '../core/protocol.js';
import { blkConfig, blkRange, blkRequest, blkStatus } from './blk.js';
import { netConfig, netHash, netHeader } from './net.js';
import { packedDesc, packedEvent } from './packed.js';
import { pciCommon } from './pci.js';
import {
  virtqAvail,
  virtqAvailElem,
  virtqDesc,
  virtqEvent,
  virtqUsed,
  virtqUsedElem,
} from './split.js';

export const virtioProtocols: readonly Protocol[] = [
  virtqDesc,
  virtqAvail,
  virtqAvailElem,
  virtqUsed,
  virtqUsedElem,
  virtqEvent,
  packedDesc,
  packedEvent,
  pciCommon,
  blkRequest,
  blkRange,
  blkStatus,
  blkConfig,
  netHeader,
  netHash,
  netConfig,
];
