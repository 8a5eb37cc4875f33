export * from './ddp.js';
export { type CrcUse, MPACrc, MPAMarker, MPAPad, mpaCrc, mpaMarker, mpaPad } from './fpdu-part.js';
export { padOf } from './geometry.js';
export { withMarkers, withoutMarkers } from './marker.js';
export { fpduProtocol, fpduSize, MPA, mpa } from './mpa.js';
export * from './mpa-startup.js';
export { mpaStream } from './mpa-stream.js';
export * from './opcode.js';
export * from './rdmap.js';
export {
  RDMAPTerminate,
  RDMAPTerminateLength,
  rdmapTerminate,
  rdmapTerminateLength,
} from './terminate.js';
export { terminateError, terminateLayers } from './terminate-error.js';
