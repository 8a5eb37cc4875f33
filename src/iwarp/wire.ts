// The wire formats that the RNIC works with, in one place.

export { crc32c } from '../../protocols/core/checksum/index.js';
export { Halves } from '../../protocols/core/hex.js';
export { seqDiff } from '../../protocols/core/serial.js';
export { Ethernet } from '../../protocols/ethernet/index.js';
export { TCP } from '../../protocols/index.js';
export { IPv4, IPv6 } from '../../protocols/ip/index.js';
export {
  MARKER_INTERVAL,
  MARKER_SIZE,
  markedSize,
  padOf,
  toMarker,
} from '../../protocols/iwarp/geometry.js';
export {
  DDPTagged,
  DDPUntagged,
  MPA,
  MPACrc,
  MPAEnhanced,
  MPAReply,
  MPARequest,
  markersAreRight,
  RDMAPAtomicRequest,
  RDMAPAtomicResponse,
  RDMAPImmediate,
  RDMAPReadRequest,
  RDMAPTerminate,
  RDMAPTerminateLength,
  rdmapOpcodes,
  withMarkers,
  withoutMarkers,
} from '../../protocols/iwarp/index.js';
export { MAX_PRIVATE_DATA, replyKey, requestKey } from '../../protocols/iwarp/mpa-startup.js';
