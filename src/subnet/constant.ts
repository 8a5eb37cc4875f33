// Numbers of subnet management with the words of IBA 13.4, 14.2 and 15.2.

/** IBA 13.4.5. */
export const METHOD = {
  get: 0x01,
  set: 0x02,
  trap: 0x05,
  trapRepress: 0x07,
  getTable: 0x12,
  delete: 0x15,
  getResp: 0x81,
  getTableResp: 0x92,
  deleteResp: 0x95,
} as const;
/** Responses have this bit; TrapRepress, which answers too, has not. */
export const RESPONSE = 0x80;

/** IBA 14.2.5. */
export const ATTRIBUTE = {
  notice: 0x02,
  nodeDescription: 0x10,
  nodeInfo: 0x11,
  switchInfo: 0x12,
  guidInfo: 0x14,
  portInfo: 0x15,
  pKeyTable: 0x16,
  slToVl: 0x17,
  linearForwarding: 0x19,
  multicastForwarding: 0x1b,
  smInfo: 0x20,
} as const;

/** IBA 15.2.5. */
export const RECORD = {
  classPortInfo: 0x01,
  node: 0x11,
  portInfo: 0x12,
  path: 0x35,
  mcMember: 0x38,
} as const;

/** IBA 13.4.7. */
export const STATUS = {
  ok: 0,
  badVersion: 4,
  methodNotSupported: 8,
  attributeNotSupported: 12,
  invalidValue: 28,
} as const;

/** IBA 15.2.4.2: in the high byte. */
export const SA_STATUS = {
  noResources: 0x100,
  requestInvalid: 0x200,
  noRecords: 0x300,
  tooManyRecords: 0x400,
  insufficientComponents: 0x600,
  requestDenied: 0x700,
} as const;

/** PortInfo:PortState (IBA 14.2.5.6, 7.2.7). */
export const PORT_STATE = { none: 0, down: 1, initialize: 2, armed: 3, active: 4 } as const;
/** PortInfo:PortPhysicalState. */
export const PHYSICAL_STATE = { polling: 2, linkUp: 5 } as const;
/** NodeInfo:NodeType. */
export const NODE_TYPE = { adapter: 1, switch: 2 } as const;
/** SMInfo:SMState. */
export const SM_STATE = { notActive: 0, discovering: 1, standby: 2, master: 3 } as const;

/** LIDs (IBA 4.1.3): unicast 1 to bfffh, multicast up to fffeh, permissive ffffh. */
export const LAST_UNICAST = 0xbfff;
export const FIRST_MULTICAST = 0xc000;
export const PERMISSIVE = 0xffff;
/** Entry of a forwarding table that leads nowhere (IBA 14.2.5.10). */
export const NO_PORT = 255;

/** LIDs in a block of the linear forwarding table, and in one of the multicast forwarding table with ports in each. */
export const LINEAR_BLOCK = 64;
export const MULTICAST_BLOCK = 32;
export const MASK_PORTS = 16;

/** Traps (IBA 14.2.5.1). */
export const TRAP = { linkStateChanged: 128, localChanges: 144, badMKey: 256 } as const;
