// Attributes of subnet administration (IBA 15.2.5). Layouts as in opensm's ib_types.h.

import { bytes, reserved, text, uint, word } from '../../core/field.js';
import { header } from '../../core/header.js';
import { attribute, fieldsOf, record } from './attribute.js';
import { mtuNames, rateNames, selectorNames, TIMEOUT_UNIT } from './names.js';
import { portInfo } from './port-info.js';
import {
  guidInfo,
  linearForwardingTable,
  nodeDescription,
  nodeInfo,
  pKeyTable,
  smInfo,
  switchInfo,
} from './sm-attribute.js';

/** MTU, rate and packet life time with their selectors, as path and multicast records have them. */
const limits = (attributeName: string) => {
  const f = fieldsOf(attributeName);
  const names = { names: selectorNames };
  return {
    mtu: word(
      f.number(2, 'mtuSelector', 'how it is meant', 'mtuselector', names),
      f.number(6, 'mtu', 'of the path', 'mtu', { names: mtuNames }),
    ),
    rate: word(
      f.number(2, 'rateSelector', 'how it is meant', 'rateselector', names),
      f.number(6, 'rate', 'of the path', 'rate', { names: rateNames }),
    ),
    life: word(
      f.number(2, 'packetLifeTimeSelector', 'how it is meant', 'packetlifetimeselector', names),
      f.number(6, 'packetLifeTime', 'longest stay in the subnet', 'packetlifetime', {
        unit: TIMEOUT_UNIT,
      }),
    ),
  };
};

const p = fieldsOf('pathrecord');
const path = limits('pathrecord');

export const PathRecord = header(
  'PathRecord',
  [
    p.hex(64, 'serviceId', 'for quality of service; reserved before IBA 1.2.1'),
    p.gid('dGid', 'destination', 'dgid'),
    p.gid('sGid', 'source', 'sgid'),
    p.number(16, 'dLid', 'destination', 'dlid'),
    p.number(16, 'sLid', 'source', 'slid'),
    word(
      p.bit('rawTraffic', 'for raw packets', 'rawtraffic'),
      reserved(3),
      p.hex(20, 'flowLabel', 'for the GRH', 'flowlabel'),
      p.number(8, 'hopLimit', 'for the GRH', 'hoplimit'),
    ),
    p.hex(8, 'tClass', 'for the GRH', 'tclass'),
    word(
      p.bit('reversible', 'the way back is the same', 'reversible'),
      p.number(7, 'numbPath', 'paths wanted at most', 'numbpath'),
    ),
    p.hex(16, 'pKey', 'partition', 'p_key'),
    word(
      p.number(12, 'qosClass', 'reserved before IBA 1.2.1'),
      p.number(4, 'sl', 'service level', 'sl'),
    ),
    path.mtu,
    path.rate,
    path.life,
    p.number(8, 'preference', 'among several paths, the lower the better', 'preference'),
    reserved(48),
  ],
  { key: 'path-record', family: 'mad', title: 'Path record', section: 'IBA 15.2.5.16' },
);

export const pathRecord = attribute(
  PathRecord,
  (layer) => `LID ${layer.number('sLid')} -> ${layer.number('dLid')}`,
);

const m = fieldsOf('mcmemberrecord');
const group = limits('mcmemberrecord');

export const MCMemberRecord = header(
  'MCMemberRecord',
  [
    m.gid('mGid', 'multicast group', 'mgid'),
    m.gid('portGid', 'who is a member', 'portgid'),
    m.hex(32, 'qKey', 'of the group', 'q_key'),
    m.hex(16, 'mLid', 'of the group', 'mlid'),
    group.mtu,
    m.hex(8, 'tClass', 'for the GRH', 'tclass'),
    m.hex(16, 'pKey', 'partition', 'p_key'),
    group.rate,
    group.life,
    word(
      m.number(4, 'sl', 'service level', 'sl'),
      m.hex(20, 'flowLabel', 'for the GRH', 'flowlabel'),
      m.number(8, 'hopLimit', 'for the GRH', 'hoplimit'),
    ),
    word(
      m.number(4, 'scope', 'of the address', 'scope'),
      m.hex(4, 'joinState', 'full, non and send-only member', 'joinstate'),
    ),
    word(m.bit('proxyJoin', 'joined for another port', 'proxyjoin'), reserved(23)),
  ],
  { key: 'mc-member-record', family: 'mad', title: 'Multicast member', section: 'IBA 15.2.5.17' },
);

export const mcMemberRecord = attribute(MCMemberRecord);

const v = fieldsOf('linkrecord');

export const ServiceRecord = header(
  'ServiceRecord',
  [
    v.hex(64, 'serviceId', 'which service', 'serviceid'),
    v.gid('serviceGid', 'where it is', 'servicegid'),
    v.hex(16, 'servicePKey', 'partition', 'servicep_key'),
    reserved(16),
    v.number(32, 'serviceLease', 'until it lapses', 'servicelease', { unit: 'seconds' }),
    bytes(16, 'serviceKey', 'who may change it', { alias: 'infiniband.linkrecord.servicekey' }),
    text(64, 'serviceName', 'UTF-8', { alias: 'infiniband.linkrecord.servicename' }),
    bytes(16, 'serviceData8', 'of the service, 16 bytes'),
    bytes(16, 'serviceData16', 'of the service, 8 words of 16 bits'),
    bytes(16, 'serviceData32', 'of the service, 4 words of 32 bits'),
    bytes(16, 'serviceData64', 'of the service, 2 words of 64 bits'),
  ],
  { key: 'service-record', family: 'mad', title: 'Service record', section: 'IBA 15.2.5.14' },
);

export const serviceRecord = attribute(ServiceRecord);

const s = fieldsOf('sa');
const lid = s.number(16, 'lid', 'of the node', 'lid');
const endPort = s.number(16, 'endPortLid', 'of the end port', 'endportlid');

export const NodeRecord = header('NodeRecord', [lid, reserved(16)], {
  key: 'node-record',
  family: 'mad',
  title: 'Node record',
  section: 'IBA 15.2.5.2',
});

export const nodeRecord = record(NodeRecord, [nodeInfo, nodeDescription]);

export const PortInfoRecord = header(
  'PortInfoRecord',
  [
    endPort,
    s.number(8, 'portNum', 'of a switch', 'portnum'),
    uint(8, 'options', 'reserved before IBA 1.3', { format: 'hex' }),
  ],
  { key: 'port-info-record', family: 'mad', title: 'Port info record', section: 'IBA 15.2.5.3' },
);

export const portInfoRecord = record(PortInfoRecord, [portInfo]);

export const SwitchInfoRecord = header('SwitchInfoRecord', [lid, reserved(16)], {
  key: 'switch-info-record',
  family: 'mad',
  title: 'Switch info record',
  section: 'IBA 15.2.5.5',
});

export const switchInfoRecord = record(SwitchInfoRecord, [switchInfo]);

export const LFTRecord = header(
  'LinearForwardingTableRecord',
  [lid, s.number(16, 'blockNum', 'of 64 LIDs', 'blocknum_sixteenbit'), reserved(32)],
  { key: 'lft-record', family: 'mad', title: 'Forwarding table record', section: 'IBA 15.2.5.6' },
);

export const lftRecord = record(LFTRecord, [linearForwardingTable]);

export const SMInfoRecord = header('SMInfoRecord', [lid, reserved(16)], {
  key: 'sm-info-record',
  family: 'mad',
  title: 'Subnet manager record',
  section: 'IBA 15.2.5.10',
});

export const smInfoRecord = record(SMInfoRecord, [smInfo]);

export const GuidInfoRecord = header(
  'GuidInfoRecord',
  [lid, s.number(8, 'blockNum', 'of eight GUIDs', 'blocknum_eightbit'), reserved(40)],
  { key: 'guid-info-record', family: 'mad', title: 'GUID record', section: 'IBA 15.2.5.18' },
);

export const guidInfoRecord = record(GuidInfoRecord, [guidInfo]);

export const PKeyTableRecord = header(
  'P_KeyTableRecord',
  [
    lid,
    s.number(16, 'blockNum', 'of 32 P_Keys', 'blocknum_sixteenbit'),
    s.number(8, 'portNum', 'of a switch', 'portnum'),
    reserved(24),
  ],
  { key: 'pkey-table-record', family: 'mad', title: 'P_Key record', section: 'IBA 15.2.5.11' },
);

export const pKeyTableRecord = record(PKeyTableRecord, [pKeyTable]);
