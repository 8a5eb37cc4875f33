// Connection management (IBA 12): the messages that queue pairs are connected with. They carry private data
// of their users, which is a layer of its own: requests tell by their service ID whose it is.

import type { Item } from '../../core/field.js';
import type { Header } from '../../core/header.js';
import type { Layer } from '../../core/layer.js';
import { type Protocol, protocol } from '../../core/protocol.js';
import {
  CMApr,
  CMDrep,
  CMDreq,
  CMLap,
  CMMra,
  CMRej,
  CMRep,
  CMRtu,
  CMSidrRep,
  CMSidrReq,
} from './cm-message.js';
import { cmPrivate } from './cm-private.js';
import { CMReq } from './cm-req.js';
import { behindRequest } from './rdma-ip-cm.js';

/** A message that does not tell whose private data it has: whoever saw the request may know. */
function message<const I extends readonly Item[]>(
  declared: Header<I>,
  info?: (layer: Layer) => string,
  verify?: Protocol['verify'],
) {
  const made = protocol(declared, {
    label: 'CM',
    continues: true,
    info,
    ...(verify && { verify }),
    read: (walk): Protocol | null =>
      walk.take(made) < 0 ? null : (walk.context.cmPrivate?.(walk) ?? cmPrivate),
  });
  return made;
}

const hex = (layer: Layer, field: string) => `0x${layer.get(field).toString(16)}`;
const named = (layer: Layer, field: string): string => {
  const value = layer.number(field);
  return layer.protocol.header.span(field)?.field.names?.[value] ?? `${value}`;
};
const queuePair = (layer: Layer) =>
  `QP=${hex(layer, 'localQpn')} PSN=${layer.number('startingPsn')}`;

export const cmReq = protocol(CMReq, {
  label: 'CM',
  continues: true,
  read(walk) {
    const at = walk.take(cmReq);
    return at < 0 ? null : behindRequest(walk, at + CMReq.at.serviceId);
  },
  info: (layer) => `${queuePair(layer)} service=${hex(layer, 'serviceId')}`,
});

export const cmSidrReq = protocol(CMSidrReq, {
  label: 'CM',
  continues: true,
  read(walk) {
    const at = walk.take(cmSidrReq);
    return at < 0 ? null : behindRequest(walk, at + CMSidrReq.at.serviceId);
  },
  info: (layer) => `service=${hex(layer, 'serviceId')}`,
});

export const cmMra = message(CMMra, (layer) => named(layer, 'messageMraed'));
export const cmRej = message(
  CMRej,
  (layer) => `${named(layer, 'messageRejected')} ${named(layer, 'reason')}`,
  ({ layers }, index, report) => {
    const length = layers[index]!.number('rejectInfoLength');
    const room = CMRej.span('ari')!.size;
    if (length > room) report('rejectInfoLength', `is ${length}, there is room for ${room}`);
  },
);
export const cmRep = message(CMRep, queuePair);
export const cmRtu = message(CMRtu);
export const cmDreq = message(CMDreq, (layer) => `QP=${hex(layer, 'remoteQpnEecn')}`);
export const cmDrep = message(CMDrep);
export const cmLap = message(CMLap, (layer) => `QP=${hex(layer, 'remoteQpnEecn')}`);
export const cmApr = message(CMApr, (layer) => named(layer, 'apStatus'));
export const cmSidrRep = message(
  CMSidrRep,
  (layer) => `${named(layer, 'status')} QP=${hex(layer, 'qpn')}`,
);
