// Names and numbers of management: classes, methods, attributes, status (IBA 13.4), and the codes that
// several attributes share. Numbers as in Linux's ib_mad.h, ib_smi.h and ib_cm.h and opensm's ib_types.h.

/** Every MAD has this many bytes (IBA 13.4.2). */
export const MAD_SIZE = 256;

/** Base version of all MADs of InfiniBand; others (Omni-Path: 80h) may be longer. */
export const BASE_VERSION = 1;

/** Subnet management by LID (IBA 13.4.4). */
export const CLASS_SUBN_LID_ROUTED = 0x01;
/** Subnet administration (IBA 13.4.4). */
export const CLASS_SUBN_ADM = 0x03;
/** Performance management (IBA 13.4.4). */
export const CLASS_PERF = 0x04;
/** Communication management (IBA 13.4.4). */
export const CLASS_COM_MGT = 0x07;
/** Subnet management by a directed route (IBA 13.4.4). */
export const CLASS_SUBN_DIRECTED_ROUTE = 0x81;

/** IBA 13.4.4. */
export const classNames = {
  [CLASS_SUBN_LID_ROUTED]: 'SUBN_LID_ROUTED',
  [CLASS_SUBN_ADM]: 'SUBN_ADM',
  [CLASS_PERF]: 'PERF',
  5: 'BM',
  6: 'DEV_MGT',
  [CLASS_COM_MGT]: 'COM_MGT',
  8: 'SNMP',
  16: 'DEV_ADM',
  17: 'BOOT_MGT',
  18: 'BIS',
  33: 'CONG_MGT',
  [CLASS_SUBN_DIRECTED_ROUTE]: 'SUBN_DIRECTED_ROUTE',
} as const;

/** Method Send(): a datagram that wants no response, such as those of connection management. */
export const METHOD_SEND = 3;

/** IBA 13.4.5; 12h to 15h and 92h to 95h belong to subnet administration (15.2.4). */
export const methodNames = {
  1: 'GET',
  2: 'SET',
  [METHOD_SEND]: 'SEND',
  5: 'TRAP',
  6: 'REPORT',
  7: 'TRAP_REPRESS',
  18: 'GET_TABLE',
  19: 'GET_TRACE_TABLE',
  20: 'GET_MULTI',
  21: 'DELETE',
  129: 'GET_RESP',
  134: 'REPORT_RESP',
  146: 'GET_TABLE_RESP',
  148: 'GET_MULTI_RESP',
  149: 'DELETE_RESP',
} as const;

/** IBA 13.4.7: busy and redirect are bits, the codes above them name the invalid field. */
export const statusNames = {
  0: 'OK',
  1: 'BUSY',
  2: 'REDIRECT',
  4: 'BAD_VERSION',
  8: 'METHOD_NOT_SUPPORTED',
  12: 'METHOD_ATTRIBUTE_NOT_SUPPORTED',
  28: 'INVALID_VALUE',
} as const;

/** The high byte of the status in subnet administration (IBA 15.2.4.2). */
export const saStatusNames: Readonly<Record<number, string>> = {
  256: 'NO_RESOURCES',
  512: 'REQUEST_INVALID',
  768: 'NO_RECORDS',
  1024: 'TOO_MANY_RECORDS',
  1280: 'INVALID_GID',
  1536: 'INSUFFICIENT_COMPONENTS',
  1792: 'REQUEST_DENIED',
  2048: 'PRIORITY_SUGGESTED',
};

/** Attributes that classes share (IBA 13.4.8). */
export const commonAttributes = { 1: 'ClassPortInfo', 2: 'Notice', 3: 'InformInfo' } as const;

/** IBA 14.2.5; it has no ClassPortInfo, which would not fit. */
const smAttributes = {
  2: 'Notice',
  16: 'NodeDescription',
  17: 'NodeInfo',
  18: 'SwitchInfo',
  20: 'GUIDInfo',
  21: 'PortInfo',
  22: 'P_KeyTable',
  23: 'SLtoVLMappingTable',
  24: 'VLArbitrationTable',
  25: 'LinearForwardingTable',
  26: 'RandomForwardingTable',
  27: 'MulticastForwardingTable',
  28: 'LinkSpeedWidthPairsTable',
  32: 'SMInfo',
  48: 'VendorDiag',
  49: 'LedInfo',
} as const;

/** IBA 15.2.5. */
const saAttributes = {
  ...commonAttributes,
  17: 'NodeRecord',
  18: 'PortInfoRecord',
  19: 'SLtoVLMappingTableRecord',
  20: 'SwitchInfoRecord',
  21: 'LinearForwardingTableRecord',
  22: 'RandomForwardingTableRecord',
  23: 'MulticastForwardingTableRecord',
  24: 'SMInfoRecord',
  32: 'LinkRecord',
  48: 'GuidInfoRecord',
  49: 'ServiceRecord',
  51: 'P_KeyTableRecord',
  53: 'PathRecord',
  54: 'VLArbitrationTableRecord',
  56: 'MCMemberRecord',
  57: 'TraceRecord',
  58: 'MultiPathRecord',
  59: 'ServiceAssociationRecord',
  243: 'InformInfoRecord',
} as const;

/** IBA 16.1.3. */
const pmAttributes = {
  ...commonAttributes,
  16: 'PortSamplesControl',
  17: 'PortSamplesResult',
  18: 'PortCounters',
  29: 'PortCountersExtended',
} as const;

/** IBA 12.6; the words are those of tshark's summaries. */
const cmAttributes = {
  ...commonAttributes,
  16: 'ConnectRequest',
  17: 'MsgRcptAck',
  18: 'ConnectReject',
  19: 'ConnectReply',
  20: 'ReadyToUse',
  21: 'DisconnectRequest',
  22: 'DisconnectReply',
  23: 'ServiceIDResReq',
  24: 'ServiceIDResReqResp',
  25: 'LoadAlternatePath',
  26: 'AlternatePathResponse',
} as const;

/** What is known of a management class: how its methods and attributes are called and where they are bound. */
export interface MadClass {
  /** In front of a method's name: SubnGet, PerfSet. */
  readonly prefix: string;
  /** The one class version that there is (IBA 13.4.4). */
  readonly version: number;
  /** Where bindings.ts lists its attributes, by AttributeID. */
  readonly space: string;
  readonly attributes: Readonly<Record<number, string>>;
}

const subnet: MadClass = {
  prefix: 'Subn',
  version: 1,
  space: 'sm-attribute',
  attributes: smAttributes,
};

export const madClasses: ReadonlyMap<number, MadClass> = new Map([
  [CLASS_SUBN_LID_ROUTED, subnet],
  [CLASS_SUBN_DIRECTED_ROUTE, subnet],
  [
    CLASS_SUBN_ADM,
    { prefix: 'SubnAdm', version: 2, space: 'sa-attribute', attributes: saAttributes },
  ],
  [CLASS_PERF, { prefix: 'Perf', version: 1, space: 'pm-attribute', attributes: pmAttributes }],
  [CLASS_COM_MGT, { prefix: 'CM: ', version: 2, space: 'cm-attribute', attributes: cmAttributes }],
]);

/** Path MTU and link MTU codes (IBA 14.2.5.6). */
export const mtuNames = {
  1: 'MTU_256',
  2: 'MTU_512',
  3: 'MTU_1024',
  4: 'MTU_2048',
  5: 'MTU_4096',
} as const;

/** Static rate codes (IBA 9.11.1, 15.2.5.16). */
export const rateNames = {
  2: 'GBPS_2_5',
  3: 'GBPS_10',
  4: 'GBPS_30',
  5: 'GBPS_5',
  6: 'GBPS_20',
  7: 'GBPS_40',
  8: 'GBPS_60',
  9: 'GBPS_80',
  10: 'GBPS_120',
  11: 'GBPS_14',
  12: 'GBPS_56',
  13: 'GBPS_112',
  14: 'GBPS_168',
  15: 'GBPS_25',
  16: 'GBPS_100',
  17: 'GBPS_200',
  18: 'GBPS_300',
  19: 'GBPS_28',
  20: 'GBPS_50',
  21: 'GBPS_400',
  22: 'GBPS_600',
} as const;

/** How the value beside a selector is meant in a query (IBA 15.2.5.16). */
export const selectorNames = {
  0: 'GREATER_THAN',
  1: 'LESS_THAN',
  2: 'EXACTLY',
  3: 'LARGEST',
} as const;

/** Times given as a power of two (IBA 9.7.6.1.3, 13.4.6.2). */
export const TIMEOUT_UNIT = '4.096 us x 2^t';
