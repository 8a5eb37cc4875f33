// The wire formats that subnet management works with, in one place.

export { byteSwap32 } from '../../protocols/core/byte-order.js';
export { globalCover, icrcWith, localCover } from '../../protocols/infiniband/icrc.js';
export { BTH, DETH, GRH, ICRC, LRH, VCRC } from '../../protocols/infiniband/index.js';
export {
  CLASS_SUBN_ADM,
  CLASS_SUBN_DIRECTED_ROUTE,
  CLASS_SUBN_LID_ROUTED,
  ClassPortInfo,
  DirectedRoute,
  GUIDInfo,
  LinearForwardingTable,
  MAD,
  MAD_SIZE,
  MCMemberRecord,
  MulticastForwardingTable,
  NodeDescription,
  NodeInfo,
  NodeRecord,
  Notice,
  PathRecord,
  PKeyTable,
  PortInfo,
  PortInfoRecord,
  RMPP,
  SA,
  SLtoVLMappingTable,
  SMInfo,
  SMPDR,
  SMPPath,
  SwitchInfo,
} from '../../protocols/infiniband/mad/index.js';
