// Checksums of all wire formats. Ranges are (bytes, from, to): absolute offsets, `to` exclusive, so that no
// view need be created. Results are unsigned. Bytes in packet memory are the fastest to sum.

export { crc16 } from './crc16.js';
export {
  crc32,
  crc32Bits,
  crc32c,
  crc32Masked,
  crc32OfAbsentLrh,
  defaultEngine,
  useEngine,
} from './crc32.js';
export { Crc32Number } from './crc32-number.js';
export { type Cover, Crc32Runs } from './crc32-runs.js';
export type { CrcEngine } from './engine.js';
export {
  addWord,
  checksumOfSum,
  internetSum,
  pseudoSumIpv4,
  pseudoSumIpv6,
  sumIsGood,
  udpChecksumOfSum,
  updateChecksum,
} from './internet.js';
export { packetMemory, sharedPacketMemory } from './kernel/kernel.js';
export { kernelEngine } from './kernel-engine.js';
export { moveWithin } from './move.js';
export { portableEngine } from './portable-engine.js';
export { hasCrc32, putCrc32 } from './sealed.js';
