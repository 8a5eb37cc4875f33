// REQ: a request for a connection (IBA 12.6.5, table 106). Layout as in Linux's include/rdma/ibta_vol1_c12.h.

import { flag, reserved, uint, word } from '../../core/field.js';
import { header } from '../../core/header.js';
import { gid, guid, hexField, localCommId, number, psn, qpn, timeout } from './cm-field.js';
import { extendedTransportNames, transportServiceNames } from './cm-names.js';
import { mtuNames, rateNames } from './names.js';

/** One of the two paths up to its last byte, where they differ; `t` is tshark's prefix. */
const path = <P extends string>(p: P, t: string) =>
  [
    number(16, `${p}LocalLid`, 'LID of the sender, ffffh on Ethernet', `req.${t}_locallid`),
    number(16, `${p}RemoteLid`, 'LID of the receiver', `req.${t}_remotelid`),
    gid(`${p}LocalGid`, 'GID of the sender', `req.${t}_localgid`),
    gid(`${p}RemoteGid`, 'GID of the receiver', `req.${t}_remotegid`),
    word(
      // No aliases: tshark 4.0 reads these two from the wrong bytes, as if the word were three bytes long.
      hexField(20, `${p}FlowLabel`, 'for the GRH'),
      reserved(6),
      uint(6, `${p}PacketRate`, 'static rate of the path', { names: rateNames }),
    ),
    hexField(8, `${p}TrafficClass`, 'for the GRH', `req.${t}_tfcclass`),
    number(8, `${p}HopLimit`, 'for the GRH', `req.${t}_hoplim`),
    word(
      number(4, `${p}Sl`, 'service level', `req.${t}_sl`),
      flag(`${p}SubnetLocal`, 'the path needs no GRH', {
        alias: `infiniband.cm.req.${t}_subnetlocal`,
      }),
      reserved(3),
    ),
  ] as const;

export const CMReq = header(
  'CM-REQ',
  [
    localCommId('req'),
    word(reserved(8), hexField(24, 'vendorId', 'of enhanced connections; reserved before IBA 1.4')),
    hexField(64, 'serviceId', 'which service is asked for', 'req.serviceid'),
    guid('localCaGuid', 'channel adapter of the sender', 'req.localcaguid'),
    reserved(32),
    hexField(32, 'localQKey', 'for reliable datagrams', 'req.localqkey'),
    word(
      qpn('localQpn', "sender's queue pair", 'req.localqpn'),
      number(8, 'responderResources', 'READs and atomics it can serve at once', 'req.responderres'),
    ),
    word(
      qpn('localEecn', "sender's end-to-end context", 'req.localeecn'),
      number(8, 'initiatorDepth', 'READs and atomics it will have under way', 'req.initdepth'),
    ),
    word(
      qpn('remoteEecn', "receiver's end-to-end context", 'req.remoteeecn'),
      timeout('remoteCmResponseTimeout', 'the receiver should answer within', 'req.remoteresptout'),
      uint(2, 'transportServiceType', 'of the queue pair', {
        names: transportServiceNames,
        alias: 'infiniband.cm.req.transpsvctype',
      }),
      flag('endToEndFlowControl', 'the sender gives credits in its AETHs', {
        alias: 'infiniband.cm.req.e2eflowctrl',
      }),
    ),
    word(
      psn('req.startpsn'),
      timeout('localCmResponseTimeout', 'the sender will answer within', 'req.localresptout'),
      number(3, 'retryCount', 'of the transport', 'req.retrcount'),
    ),
    hexField(16, 'partitionKey', 'P_Key of the connection', 'req.pkey'),
    word(
      uint(4, 'pathPacketPayloadMtu', 'path MTU', {
        names: mtuNames,
        alias: 'infiniband.cm.req.pppmtu',
      }),
      flag('rdcExists', 'the reliable datagram channel exists already', {
        alias: 'infiniband.cm.req.rdcexist',
      }),
      number(
        3,
        'rnrRetryCount',
        'retries when the receiver is not ready; 7: for ever',
        'req.rnrretrcount',
      ),
    ),
    word(
      number(4, 'maxCmRetries', 'how often messages of the CM are sent again', 'req.maxcmretr'),
      flag('srq', 'the queue pair has a shared receive queue', { alias: 'infiniband.cm.req.srq' }),
      uint(3, 'extendedTransportType', 'where the service type is EXTENDED', {
        names: extendedTransportNames,
        alias: 'infiniband.cm.req.ext_transport',
      }),
    ),
    ...path('primary', 'prim'),
    word(timeout('primaryLocalAckTimeout', 'of the sender', 'req.prim_localacktout'), reserved(3)),
    ...path('alternate', 'alt'),
    word(
      timeout('alternateLocalAckTimeout', 'of the sender', 'req.alt_localacktout'),
      flag('sapSupported', 'suggested alternate paths are understood; reserved before IBA 1.2'),
      reserved(2),
    ),
  ],
  { key: 'cm-req', family: 'mad', title: 'Request for communication', section: 'IBA 12.6.5' },
);
