// What this folder adds to the registry and to the number spaces.

import type { Protocol } from '../core/protocol.js';
import { ddpTagged, ddpUntagged } from './ddp.js';
import { mpaCrc, mpaMarker, mpaPad } from './fpdu-part.js';
import { mpa } from './mpa.js';
import { mpaRep, mpaReq, mpaV2 } from './mpa-startup.js';
import { rdmapNext } from './next.js';
import { rdmapAtomicReq, rdmapAtomicResp, rdmapImm, rdmapReadReq } from './rdmap.js';
import { rdmapTerminate, rdmapTerminateLength } from './terminate.js';

export const iwarpProtocols: readonly Protocol[] = [
  mpaReq,
  mpaRep,
  mpaV2,
  mpa,
  mpaMarker,
  ddpTagged,
  ddpUntagged,
  rdmapReadReq,
  rdmapTerminate,
  rdmapTerminateLength,
  rdmapAtomicReq,
  rdmapAtomicResp,
  rdmapImm,
  mpaPad,
  mpaCrc,
];

export const iwarpSpaces = { rdmap: rdmapNext } as const;
