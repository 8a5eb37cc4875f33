// Subnet management packets (IBA 14.2.1): the headers behind the common one. The attribute has 64 bytes in
// the middle; behind it stand the paths of a directed route, or as many reserved bytes.

import { formatHex } from '../../core/address.js';
import type { Item } from '../../core/field.js';
import { bytes, reserved, uint } from '../../core/field.js';
import { header } from '../../core/header.js';
import {
  type Completion,
  type Protocol,
  protocol,
  type TypedProtocol,
} from '../../core/protocol.js';
import type { Walk } from '../../core/walk.js';
import { attributeOf, MAX_HOPS } from './mad.js';
import { madRest } from './rest.js';

/** Bytes of an attribute of subnet management. */
const SMP_DATA = 64;
const PATH_BYTES = MAX_HOPS + 1;

const mKey = uint(64, 'mKey', 'management key of the port', {
  format: 'hex',
  alias: 'infiniband.smplid.mkey',
});

export const SMPLID = header('SMP-LID', [mKey, reserved(256)], {
  family: 'mad',
  title: 'Subnet management, LID routed',
  section: 'IBA 14.2.1.1',
});

export const SMPLIDEnd = header('SMP-LID-End', [reserved(1024)], {
  family: 'mad',
  title: 'End of a LID-routed SMP',
  section: 'IBA 14.2.1.1',
});

export const SMPDR = header(
  'SMP-DR',
  [
    mKey,
    uint(16, 'drSLid', 'LID from which the directed part starts; ffffh: there is none before it', {
      format: 'hex',
      alias: 'infiniband.smpdirected.drslid',
    }),
    uint(16, 'drDLid', 'LID at which the directed part ends; ffffh: there is none behind it', {
      format: 'hex',
      alias: 'infiniband.smpdirected.drdlid',
    }),
    reserved(224),
  ],
  { family: 'mad', title: 'Subnet management, directed route', section: 'IBA 14.2.1.2' },
);

export const SMPPath = header(
  'SMP-Path',
  [
    bytes(PATH_BYTES, 'initialPath', 'output ports out, from index 1 on', {
      alias: 'infiniband.smpdirected.initialpath',
    }),
    bytes(PATH_BYTES, 'returnPath', 'output ports back, written on the way', {
      alias: 'infiniband.smpdirected.returnpath',
    }),
  ],
  { family: 'mad', title: 'Paths of a directed route', section: 'IBA 14.2.1.2' },
);

export const smpLidEnd = protocol(SMPLIDEnd, { trailer: true, label: 'MAD' });
export const smpPath = protocol(SMPPath, { trailer: true, label: 'MAD' });

function read(walk: Walk, form: Protocol, end: Protocol): Protocol | null {
  if (walk.take(form) < 0 || !walk.trailer(end)) return null;
  return attributeOf(walk);
}

/** Both forms are completed to the end of the MAD. */
const completed = <I extends readonly Item[]>(end: TypedProtocol<I>): Completion[] => [
  { protocol: madRest, size: (_owner, body) => Math.max(0, SMP_DATA - body) },
  { protocol: end, size: () => end.header.size },
];

export const smpLid = protocol(SMPLID, {
  label: 'SMP',
  read: (walk): Protocol | null => read(walk, smpLid, smpLidEnd),
  trailers: completed(smpLidEnd),
});

export const smpDr = protocol(SMPDR, {
  label: 'SMP',
  read: (walk): Protocol | null => read(walk, smpDr, smpPath),
  trailers: completed(smpPath),
  info(_layer, { layers, bytes: b }, index) {
    const common = layers[index - 1];
    const path = layers.find((l) => l.owner === index && l.protocol === smpPath);
    if (!path || common?.key !== 'mad-dr') return '';
    const hops = Math.min(common.number('hopCount'), MAX_HOPS);
    return `path 0${hops > 0 ? ',' : ''}${formatHex(b, ',', path.at + 1, path.at + 1 + hops)}`;
  },
});
