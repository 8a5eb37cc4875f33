// The wire formats that the device works with, in one place: headers with their accessors, opcodes, arithmetic.

export { byteSwap16, byteSwap32 } from '../../protocols/core/byte-order.js';
export { crc16 } from '../../protocols/core/checksum/index.js';
export { Halves } from '../../protocols/core/hex.js';
export { Ethernet, eth, VLAN, vlan } from '../../protocols/ethernet/index.js';
export {
  build,
  formatIpv6,
  parseIpv4,
  parseIpv6,
  parseMac,
  psnAdd,
  psnDiff,
} from '../../protocols/index.js';
export { extensionProtocols } from '../../protocols/infiniband/chain.js';
export {
  AETH,
  AtomicAckETH,
  AtomicETH,
  BTH,
  bth,
  CNP,
  creditCounts,
  DETH,
  type Extension,
  FETH,
  GRH,
  grh,
  ICRC,
  IETH,
  ImmDt,
  LRH,
  lrh,
  type Opcode,
  opcodeByCode,
  opcodes,
  RETH,
  rnrTimersUs,
  syndromeOf,
  syndromeParts,
  VCRC,
  XRCETH,
} from '../../protocols/infiniband/index.js';
export { IPv4, IPv6, ipv4, ipv6 } from '../../protocols/ip/index.js';
export { HeadCrc } from '../../protocols/roce/head-crc.js';
export { PathTemplate } from '../../protocols/roce/path-template.js';
export { RepeatedPacket } from '../../protocols/roce/repeated-packet.js';
export { UDP, udp } from '../../protocols/udp/index.js';
