// What stands behind the DDP header, by RDMAP opcode.

import type { Protocol } from '../core/protocol.js';
import { rdmapAtomicReq, rdmapAtomicResp, rdmapImm, rdmapReadReq } from './rdmap.js';
import { rdmapTerminate } from './terminate.js';

export const rdmapNext: readonly (readonly [number, Protocol])[] = [
  [1, rdmapReadReq],
  [7, rdmapTerminate],
  [8, rdmapImm],
  [9, rdmapImm],
  [10, rdmapAtomicReq],
  [11, rdmapAtomicResp],
];

const byOpcode = new Map(rdmapNext);

export const behindDdp = (opcode: number): Protocol | undefined => byOpcode.get(opcode);
