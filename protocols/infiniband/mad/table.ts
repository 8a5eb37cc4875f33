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
import { mad, madDr } from './mad.js';
import { rdmaIpCm4, rdmaIpCm6 } from './rdma-ip-cm.js';
import { madData, madRest } from './rest.js';

type Table = readonly (readonly [number, Protocol])[];

/** Classes that have headers of their own behind the common one, by MgmtClass. */
const classes: Table = [];

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

/** The spaces of management datagrams, for bindings.ts. */
export const madSpaces = {
  mad: [[0, mad]] as Table,
  'mad-class': classes,
  'cm-attribute': cm,
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
  ...cm.map(([, protocol]) => protocol),
  rdmaIpCm4,
  rdmaIpCm6,
  cmPrivate,
];
