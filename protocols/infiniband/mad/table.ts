// Which header stands behind which class and attribute: rows for the bindings and the list of all protocols here.

import type { Protocol } from '../../core/protocol.js';
import {
  cmApr,
  cmDrep,
  cmDreq,
  cmLap,
  cmMra,
  cmRej,
  cmRep,
  cmReq,
  cmRtu,
  cmSidrRep,
  cmSidrReq,
} from './cm.js';
import { cmPrivate } from './cm-private.js';
import { classPortInfo, notice } from './common-attribute.js';
import { mad, madDr } from './mad.js';
import {
  CLASS_PERF,
  CLASS_SUBN_ADM,
  CLASS_SUBN_DIRECTED_ROUTE,
  CLASS_SUBN_LID_ROUTED,
} from './names.js';
import { pm, portCounters, portCountersExtended } from './pm.js';
import { portInfo } from './port-info.js';
import { rdmaIpCm4, rdmaIpCm6 } from './rdma-ip-cm.js';
import { madData, madRest } from './rest.js';
import { rmpp, sa } from './sa.js';
import {
  guidInfoRecord,
  lftRecord,
  mcMemberRecord,
  nodeRecord,
  pathRecord,
  pKeyTableRecord,
  portInfoRecord,
  serviceRecord,
  smInfoRecord,
  switchInfoRecord,
} from './sa-attribute.js';
import {
  guidInfo,
  linearForwardingTable,
  multicastForwardingTable,
  nodeDescription,
  nodeInfo,
  pKeyTable,
  slToVlMappingTable,
  smInfo,
  switchInfo,
} from './sm-attribute.js';
import { smpDr, smpLid, smpLidEnd, smpPath } from './smp.js';

type Table = readonly (readonly [number, Protocol])[];

/** Classes that have headers of their own behind the common one, by MgmtClass. */
const classes: Table = [
  [CLASS_SUBN_LID_ROUTED, smpLid],
  [CLASS_SUBN_DIRECTED_ROUTE, smpDr],
  [CLASS_SUBN_ADM, rmpp],
  [CLASS_PERF, pm],
];

/** By AttributeID (IBA 12.6.3). */
const cm: Table = [
  [0x10, cmReq],
  [0x11, cmMra],
  [0x12, cmRej],
  [0x13, cmRep],
  [0x14, cmRtu],
  [0x15, cmDreq],
  [0x16, cmDrep],
  [0x17, cmSidrReq],
  [0x18, cmSidrRep],
  [0x19, cmLap],
  [0x1a, cmApr],
];

/** Attributes of every class but subnet management. */
const common: Table = [
  [0x01, classPortInfo],
  [0x02, notice],
];

/** By AttributeID (IBA 14.2.5). */
const sm: Table = [
  [0x02, notice],
  [0x10, nodeDescription],
  [0x11, nodeInfo],
  [0x12, switchInfo],
  [0x14, guidInfo],
  [0x15, portInfo],
  [0x16, pKeyTable],
  [0x17, slToVlMappingTable],
  [0x19, linearForwardingTable],
  [0x1b, multicastForwardingTable],
  [0x20, smInfo],
];

/** By AttributeID (IBA 15.2.5). */
const administration: Table = [
  [0x11, nodeRecord],
  [0x12, portInfoRecord],
  [0x14, switchInfoRecord],
  [0x15, lftRecord],
  [0x18, smInfoRecord],
  [0x30, guidInfoRecord],
  [0x31, serviceRecord],
  [0x33, pKeyTableRecord],
  [0x35, pathRecord],
  [0x38, mcMemberRecord],
];

/** By AttributeID (IBA 16.1.3, 16.1.4). */
const performance: Table = [
  [0x12, portCounters],
  [0x1d, portCountersExtended],
];

/** The spaces of management datagrams, for bindings.ts. */
export const madSpaces = {
  mad: [[0, mad]] as Table,
  'mad-class': classes,
  'cm-attribute': [...common, ...cm],
  'sm-attribute': sm,
  'sa-attribute': [...common, ...administration],
  'pm-attribute': [...common, ...performance],
  // By the version of IP.
  'rdma-ip-cm': [
    [4, rdmaIpCm4],
    [6, rdmaIpCm6],
  ] as Table,
} as const;

/** All protocols of management datagrams, in the order of the documentation. */
export const madProtocols: readonly Protocol[] = [
  mad,
  madDr,
  madData,
  madRest,
  ...protocolsOf(common),
  ...protocolsOf(cm),
  rdmaIpCm4,
  rdmaIpCm6,
  cmPrivate,
  smpLid,
  smpLidEnd,
  smpDr,
  smpPath,
  ...protocolsOf(sm.filter(([, protocol]) => protocol !== notice)),
  rmpp,
  sa,
  ...protocolsOf(administration),
  pm,
  ...protocolsOf(performance),
];

function protocolsOf(table: Table): Protocol[] {
  return table.map(([, protocol]) => protocol);
}
