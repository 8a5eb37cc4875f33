// Attributes of subnet management (IBA 14.2.5) but for PortInfo. Layouts as in Linux's ib_smi.h and opensm's ib_types.h.

import { bytes, reserved, text, uint, word } from '../../core/field.js';
import { header } from '../../core/header.js';
import { showValue } from '../../core/value.js';
import { attribute, fieldsOf } from './attribute.js';

export const NodeDescription = header(
  'NodeDescription',
  [text(64, 'nodeString', 'UTF-8', { alias: 'infiniband.nodedescription.nodestring' })],
  { key: 'node-description', family: 'mad', title: 'Node description', section: 'IBA 14.2.5.2' },
);

export const nodeDescription = attribute(NodeDescription, (layer) =>
  showValue(NodeDescription.span('nodeString')!.field, layer.get('nodeString')),
);

const n = fieldsOf('nodeinfo');

export const NodeInfo = header(
  'NodeInfo',
  [
    n.number(8, 'baseVersion', 'of MADs that it supports', 'baseversion'),
    n.number(8, 'classVersion', 'of subnet management', 'classversion'),
    n.number(8, 'nodeType', 'what it is', 'nodetype', {
      names: { 1: 'CHANNEL_ADAPTER', 2: 'SWITCH', 3: 'ROUTER' },
    }),
    n.number(8, 'numPorts', 'ports of the node', 'numports'),
    n.guid('systemImageGuid', 'common to the nodes of one system', 'systemimageguid'),
    n.guid('nodeGuid', 'of the node', 'nodeguid'),
    n.guid('portGuid', 'of the port that was asked', 'portguid'),
    n.number(16, 'partitionCap', 'entries of its P_Key table', 'partitioncap'),
    n.hex(16, 'deviceId', 'by the vendor', 'deviceid'),
    n.hex(32, 'revision', 'of the device', 'revision'),
    n.number(8, 'localPortNum', 'the port at which the question came in', 'localportnum'),
    n.hex(24, 'vendorId', 'by IEEE', 'vendorid'),
  ],
  { key: 'node-info', family: 'mad', title: 'Node info', section: 'IBA 14.2.5.3' },
);

export const nodeInfo = attribute(NodeInfo, (layer) => {
  const type = NodeInfo.span('nodeType')!.field.names?.[layer.number('nodeType')] ?? 'node';
  return `${type} ${layer.number('numPorts')} ports`;
});

const s = fieldsOf('switchinfo');

export const SwitchInfo = header(
  'SwitchInfo',
  [
    s.number(16, 'linearFdbCap', 'entries of the linear forwarding table', 'linearfdbcap'),
    s.number(16, 'randomFdbCap', 'entries of the random forwarding table', 'randomfdbcap'),
    s.number(16, 'multicastFdbCap', 'entries of the multicast forwarding table', 'multicastfdbcap'),
    s.number(16, 'linearFdbTop', 'highest LID that is forwarded', 'linearfdbtop'),
    s.number(8, 'defaultPort', 'for LIDs in no table', 'defaultport'),
    s.number(
      8,
      'defaultMulticastPrimaryPort',
      'for multicast LIDs in no table',
      'defaultmulticastprimaryport',
    ),
    s.number(
      8,
      'defaultMulticastNotPrimaryPort',
      'for those that came in by the primary one',
      'defaultmulticastnotprimaryport',
    ),
    word(
      s.number(5, 'lifeTimeValue', 'longest stay of a packet', 'lifetimevalue', {
        unit: '4.096 us x 2^t',
      }),
      s.bit('portStateChange', 'of some port since it was cleared', 'portstatechange'),
      s.number(
        2,
        'optimizedSlToVlMappingProgramming',
        'one table may be set for many ports',
        'optimizedsltovlmappingprogramming',
      ),
    ),
    s.number(16, 'lidsPerPort', 'of the random forwarding table', 'lidsperport'),
    s.number(16, 'partitionEnforcementCap', 'P_Keys for each port', 'partitionenforcementcap'),
    word(
      s.bit('inboundEnforcementCap', 'P_Keys are checked coming in', 'inboundenforcementcap'),
      s.bit('outboundEnforcementCap', 'P_Keys are checked going out', 'outboundenforcementcap'),
      s.bit('filterRawInboundCap', 'raw packets can be dropped coming in', 'filterrawinboundcap'),
      s.bit('filterRawOutboundCap', 'and going out', 'filterrawoutboundcap'),
      s.bit('enhancedPort0', 'port 0 is a whole port', 'enhancedportzero'),
      reserved(3),
    ),
    reserved(8),
    s.hex(
      16,
      'multicastFdbTop',
      'highest multicast LID that is forwarded; reserved before IBA 1.2.1',
    ),
  ],
  { key: 'switch-info', family: 'mad', title: 'Switch info', section: 'IBA 14.2.5.4' },
);

export const switchInfo = attribute(SwitchInfo);

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

export const GUIDInfo = header(
  'GUIDInfo',
  range(8).map((i) => uint(64, `guid${i}`, `entry ${i} of the block`, { format: 'eui64' })),
  { key: 'guid-info', family: 'mad', title: 'Block of GUIDs of a port', section: 'IBA 14.2.5.5' },
);

export const guidInfo = attribute(GUIDInfo);

export const PKeyTable = header(
  'P_KeyTable',
  range(32).map((i) =>
    uint(16, `pKey${i}`, `entry ${i}: full membership is the highest bit`, { format: 'hex' }),
  ),
  { key: 'pkey-table', family: 'mad', title: 'Block of P_Keys', section: 'IBA 14.2.5.7' },
);

export const pKeyTable = attribute(PKeyTable);

export const LinearForwardingTable = header(
  'LinearForwardingTable',
  [bytes(64, 'ports', 'output port of each of 64 LIDs; ffh: none')],
  { key: 'lft', family: 'mad', title: 'Linear forwarding table', section: 'IBA 14.2.5.10' },
);

export const linearForwardingTable = attribute(LinearForwardingTable);

export const MulticastForwardingTable = header(
  'MulticastForwardingTable',
  range(32).map((i) =>
    uint(16, `portMask${i}`, `output ports of multicast LID ${i} of the block, by bits`, {
      format: 'hex',
    }),
  ),
  { key: 'mft', family: 'mad', title: 'Multicast forwarding table', section: 'IBA 14.2.5.12' },
);

export const multicastForwardingTable = attribute(MulticastForwardingTable);

const pairs = range(8).map((i) => 2 * i);

export const SLtoVLMappingTable = header(
  'SLtoVLMappingTable',
  pairs.map((sl) =>
    word(
      uint(4, `sl${sl}`, `virtual lane of service level ${sl}; 15: packets are dropped`),
      uint(4, `sl${sl + 1}`, `virtual lane of service level ${sl + 1}`),
    ),
  ),
  { key: 'sl-to-vl', family: 'mad', title: 'Service levels to lanes', section: 'IBA 14.2.5.8' },
);

export const slToVlMappingTable = attribute(SLtoVLMappingTable);

const m = fieldsOf('sminfo');

export const SMInfo = header(
  'SMInfo',
  [
    m.guid('guid', 'port of the subnet manager', 'guid'),
    m.hex(64, 'smKey', 'key of subnet administration', 'sm_key'),
    m.number(32, 'actCount', 'grows as long as it is alive', 'actcount'),
    word(
      m.number(4, 'priority', 'the highest becomes master', 'priority'),
      m.number(4, 'smState', 'what it is', 'smstate', {
        names: { 0: 'NOT_ACTIVE', 1: 'DISCOVERING', 2: 'STANDBY', 3: 'MASTER' },
      }),
    ),
  ],
  { key: 'sm-info', family: 'mad', title: 'Subnet manager info', section: 'IBA 14.2.5.13' },
);

export const smInfo = attribute(SMInfo);
