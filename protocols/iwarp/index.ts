export { DDPTagged, DDPUntagged, ddpTagged, ddpUntagged } from './ddp.js';
export { type CrcUse, MPACrc, MPAMarker, MPAPad, mpaCrc, mpaMarker, mpaPad } from './fpdu-part.js';

export { markersAreRight, withMarkers, withoutMarkers } from './marker.js';
export { MPA, mpa } from './mpa.js';
export { MPAEnhanced, MPAReply, MPARequest, mpaRep, mpaReq, mpaV2 } from './mpa-startup.js';
export { mpaStream } from './mpa-stream.js';
export { type RdmapOpcode, rdmapOpcode, rdmapOpcodeNames, rdmapOpcodes } from './opcode.js';
export {
  RDMAPAtomicRequest,
  RDMAPAtomicResponse,
  RDMAPImmediate,
  RDMAPReadRequest,
  rdmapAtomicReq,
  rdmapAtomicResp,
  rdmapImm,
  rdmapReadReq,
} from './rdmap.js';
export {
  RDMAPTerminate,
  RDMAPTerminateLength,
  rdmapTerminate,
  rdmapTerminateLength,
} from './terminate.js';
export { terminateError, terminateLayers } from './terminate-error.js';
