// The other messages of connection management. Layouts as in Linux's include/rdma/ibta_vol1_c12.h.

import { bytes, flag, reserved, uint, word } from '../../core/field.js';
import { header } from '../../core/header.js';
import {
  gid,
  guid,
  hexField,
  localCommId,
  number,
  psn,
  qpn,
  remoteCommId,
  timeout,
} from './cm-field.js';
import {
  acknowledgedMessageNames,
  alternatePathStatusNames,
  rejectedMessageNames,
  rejectReasonNames,
  sidrStatusNames,
} from './cm-names.js';
import { rateNames } from './names.js';

export const CMMra = header(
  'CM-MRA',
  [
    localCommId(),
    remoteCommId(),
    word(
      uint(2, 'messageMraed', 'which message was received', { names: acknowledgedMessageNames }),
      reserved(6),
    ),
    word(timeout('serviceTimeout', 'the answer will come within'), reserved(3)),
  ],
  { key: 'cm-mra', family: 'mad', title: 'Message receipt acknowledgment', section: 'IBA 12.6.6' },
);

export const CMRej = header(
  'CM-REJ',
  [
    localCommId('rej.localcommid'),
    remoteCommId('rej.remotecommid'),
    word(
      uint(2, 'messageRejected', 'which message is rejected', {
        names: rejectedMessageNames,
        alias: 'infiniband.cm.rej.msgrej',
      }),
      reserved(6),
    ),
    word(
      uint(7, 'rejectInfoLength', 'of the additional information', {
        unit: 'bytes',
        alias: 'infiniband.cm.rej.rejinfolen',
      }),
      reserved(1),
    ),
    uint(16, 'reason', 'why', { names: rejectReasonNames, alias: 'infiniband.cm.rej.reason' }),
    bytes(72, 'ari', 'additional reject information, by reason', {
      alias: 'infiniband.cm.rej.ari',
    }),
  ],
  { key: 'cm-rej', family: 'mad', title: 'Reject', section: 'IBA 12.6.7' },
);

export const CMRep = header(
  'CM-REP',
  [
    localCommId('rep'),
    remoteCommId('rep.remotecommid'),
    hexField(32, 'localQKey', 'for datagrams', 'rep.localqkey'),
    word(
      qpn('localQpn', "sender's queue pair", 'rep.localqpn'),
      hexField(8, 'vendorIdHigh', 'of enhanced connections; reserved before IBA 1.4'),
    ),
    word(
      qpn('localEecn', "sender's end-to-end context", 'rep.localeecn'),
      hexField(8, 'vendorIdMiddle', 'of enhanced connections; reserved before IBA 1.4'),
    ),
    word(
      psn('rep.startpsn'),
      hexField(8, 'vendorIdLow', 'of enhanced connections; reserved before IBA 1.4'),
    ),
    number(8, 'responderResources', 'READs and atomics it will serve at once', 'rep.respres'),
    number(8, 'initiatorDepth', 'READs and atomics it will have under way', 'rep.initdepth'),
    word(
      timeout('targetAckDelay', 'the sender acknowledges within', 'rep.tgtackdelay'),
      uint(
        2,
        'failoverAccepted',
        'of the alternate path: 0 accepted, 1 not supported, 2 rejected',
        {
          names: { 0: 'ACCEPTED', 1: 'NOT_SUPPORTED', 2: 'REJECTED' },
          alias: 'infiniband.cm.rep.failoveracc',
        },
      ),
      flag('endToEndFlowControl', 'the sender gives credits in its AETHs', {
        alias: 'infiniband.cm.rep.e2eflowctrl',
      }),
    ),
    word(
      number(
        3,
        'rnrRetryCount',
        'retries when the receiver is not ready; 7: for ever',
        'rep.rnrretrcount',
      ),
      flag('srq', 'the queue pair has a shared receive queue', { alias: 'infiniband.cm.rep.srq' }),
      reserved(4),
    ),
    guid('localCaGuid', 'channel adapter of the sender', 'rep.localcaguid'),
  ],
  { key: 'cm-rep', family: 'mad', title: 'Reply to request', section: 'IBA 12.6.8' },
);

export const CMRtu = header(
  'CM-RTU',
  [localCommId('rtu.localcommid'), remoteCommId('rtu.remotecommid')],
  { key: 'cm-rtu', family: 'mad', title: 'Ready to use', section: 'IBA 12.6.9' },
);

export const CMDreq = header(
  'CM-DREQ',
  [
    localCommId('dreq.localcommid'),
    remoteCommId('dreq.remotecommid'),
    word(
      qpn('remoteQpnEecn', "receiver's queue pair or end-to-end context", 'req.remoteqpneecn'),
      reserved(8),
    ),
  ],
  { key: 'cm-dreq', family: 'mad', title: 'Request to disconnect', section: 'IBA 12.6.10' },
);

export const CMDrep = header(
  'CM-DREP',
  [localCommId('drsp.localcommid'), remoteCommId('drsp.remotecommid')],
  { key: 'cm-drep', family: 'mad', title: 'Reply to disconnect', section: 'IBA 12.6.11' },
);

export const CMLap = header(
  'CM-LAP',
  [
    localCommId(),
    remoteCommId(),
    reserved(32),
    word(
      qpn('remoteQpnEecn', "receiver's queue pair or end-to-end context"),
      timeout('remoteCmResponseTimeout', 'the receiver should answer within'),
      reserved(3),
    ),
    reserved(32),
    number(16, 'alternateLocalLid', 'LID of the sender'),
    number(16, 'alternateRemoteLid', 'LID of the receiver'),
    gid('alternateLocalGid', 'GID of the sender'),
    gid('alternateRemoteGid', 'GID of the receiver'),
    word(
      hexField(20, 'alternateFlowLabel', 'for the GRH'),
      reserved(4),
      hexField(8, 'alternateTrafficClass', 'for the GRH'),
    ),
    number(8, 'alternateHopLimit', 'for the GRH'),
    word(
      reserved(2),
      uint(6, 'alternatePacketRate', 'static rate of the path', { names: rateNames }),
    ),
    word(
      number(4, 'alternateSl', 'service level'),
      flag('alternateSubnetLocal', 'the path needs no GRH'),
      reserved(3),
    ),
    word(timeout('alternateLocalAckTimeout', 'of the sender'), reserved(3)),
  ],
  { key: 'cm-lap', family: 'mad', title: 'Load alternate path', section: 'IBA 12.8.1' },
);

export const CMApr = header(
  'CM-APR',
  [
    localCommId(),
    remoteCommId(),
    uint(8, 'additionalInfoLength', 'of the additional information', { unit: 'bytes' }),
    uint(8, 'apStatus', 'what became of the path', { names: alternatePathStatusNames }),
    reserved(16),
    bytes(72, 'additionalInfo', 'by status'),
  ],
  { key: 'cm-apr', family: 'mad', title: 'Alternate path response', section: 'IBA 12.8.2' },
);

export const CMSidrReq = header(
  'CM-SIDR-REQ',
  [
    hexField(32, 'requestId', 'matches the response'),
    hexField(16, 'partitionKey', 'P_Key of the service'),
    reserved(16),
    hexField(64, 'serviceId', 'which service is asked for'),
  ],
  {
    key: 'cm-sidr-req',
    family: 'mad',
    title: 'Service ID resolution request',
    section: 'IBA 12.11.1',
  },
);

export const CMSidrRep = header(
  'CM-SIDR-REP',
  [
    hexField(32, 'requestId', 'of the request'),
    uint(8, 'status', 'whether there is a queue pair', { names: sidrStatusNames }),
    uint(8, 'additionalInfoLength', 'of the additional information', { unit: 'bytes' }),
    hexField(16, 'vendorIdHigh', 'of enhanced connections; reserved before IBA 1.4'),
    word(
      qpn('qpn', 'queue pair of the service'),
      hexField(8, 'vendorIdLow', 'of enhanced connections; reserved before IBA 1.4'),
    ),
    hexField(64, 'serviceId', 'of the request'),
    hexField(32, 'qKey', 'to send to the queue pair with'),
    bytes(72, 'additionalInfo', 'by status'),
  ],
  {
    key: 'cm-sidr-rep',
    family: 'mad',
    title: 'Service ID resolution response',
    section: 'IBA 12.11.2',
  },
);
