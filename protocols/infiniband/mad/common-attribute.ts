// Attributes that classes share (IBA 13.4.8): ClassPortInfo and Notice.

import { bytes, reserved, word } from '../../core/field.js';
import { header } from '../../core/header.js';
import { attribute, fieldsOf } from './attribute.js';
import { TIMEOUT_UNIT } from './names.js';

const c = fieldsOf('classportinfo');

export const ClassPortInfo = header(
  'ClassPortInfo',
  [
    c.number(8, 'baseVersion', 'of MADs that the class supports', 'baseversion'),
    c.number(8, 'classVersion', 'of the class', 'classversion'),
    c.hex(16, 'capabilityMask', 'traps, Get(Notice), and bits of the class', 'capabilitymask'),
    word(
      c.hex(27, 'capabilityMask2', 'more bits of the class', 'capabilitymask2'),
      c.number(5, 'respTimeValue', 'longest time to respond', 'resptimevalue', {
        unit: TIMEOUT_UNIT,
      }),
    ),
    c.gid('redirectGid', 'where requests are to be sent instead', 'redirectgid'),
    word(
      c.hex(8, 'redirectTc', 'traffic class', 'redirecttc'),
      c.number(4, 'redirectSl', 'service level', 'redirectsl'),
      c.hex(20, 'redirectFl', 'flow label', 'redirectfl'),
    ),
    c.number(16, 'redirectLid', 'LID; 0: the GID counts', 'redirectlid'),
    c.hex(16, 'redirectPKey', 'P_Key', 'redirectpkey'),
    word(reserved(8), c.hex(24, 'redirectQp', 'queue pair', 'redirectqp')),
    c.hex(32, 'redirectQKey', 'Q_Key', 'redirectqkey'),
    c.gid('trapGid', 'where traps are to be sent', 'trapgid'),
    word(
      c.hex(8, 'trapTc', 'traffic class', 'traptc'),
      c.number(4, 'trapSl', 'service level', 'trapsl'),
      c.hex(20, 'trapFl', 'flow label', 'trapfl'),
    ),
    c.number(16, 'trapLid', 'LID', 'traplid'),
    c.hex(16, 'trapPKey', 'P_Key', 'trappkey'),
    word(c.number(8, 'trapHl', 'hop limit'), c.hex(24, 'trapQp', 'queue pair', 'trapqp')),
    c.hex(32, 'trapQKey', 'Q_Key', 'trapqkey'),
  ],
  { key: 'class-port-info', family: 'mad', title: 'Class port info', section: 'IBA 13.4.8.1' },
);

export const classPortInfo = attribute(ClassPortInfo);

const n = fieldsOf('notice');

export const Notice = header(
  'Notice',
  [
    word(
      n.bit('isGeneric', 'of the standard, not of a vendor', 'isgeneric'),
      n.number(7, 'type', 'how grave', 'type', {
        names: {
          0: 'FATAL',
          1: 'URGENT',
          2: 'SECURITY',
          3: 'SUBNET_MANAGEMENT',
          4: 'INFORMATIONAL',
        },
      }),
      n.number(
        24,
        'producerType',
        'which kind of node tells, or its vendor',
        'producertypevendorid',
        {
          names: { 1: 'CHANNEL_ADAPTER', 2: 'SWITCH', 3: 'ROUTER', 4: 'CLASS_MANAGER' },
        },
      ),
    ),
    n.number(16, 'trapNumber', 'what is told, or the device ID of a vendor', 'trapnumberdeviceid', {
      names: {
        64: 'GID_IN_SERVICE',
        65: 'GID_OUT_OF_SERVICE',
        66: 'MULTICAST_GROUP_CREATED',
        67: 'MULTICAST_GROUP_DELETED',
        128: 'LINK_STATE_CHANGED',
        129: 'LOCAL_LINK_INTEGRITY',
        130: 'EXCESSIVE_BUFFER_OVERRUN',
        131: 'FLOW_CONTROL_UPDATE',
        144: 'LOCAL_CHANGES',
        145: 'SYSTEM_IMAGE_GUID_CHANGED',
        256: 'BAD_M_KEY',
        257: 'BAD_P_KEY',
        258: 'BAD_Q_KEY',
        259: 'BAD_P_KEY_SWITCH',
      },
    }),
    n.number(16, 'issuerLid', 'who tells', 'issuerlid'),
    word(
      n.bit('noticeToggle', 'alternates from notice to notice', 'noticetoggle'),
      n.number(15, 'noticeCount', 'notices that wait', 'noticecount'),
    ),
    bytes(54, 'dataDetails', 'by trap number', { alias: 'infiniband.notice.datadetails' }),
  ],
  { family: 'mad', title: 'Notice of a trap', section: 'IBA 13.4.8.2' },
);

export const notice = attribute(Notice, (layer) => {
  const number = layer.number('trapNumber');
  return `trap ${layer.protocol.header.span('trapNumber')?.field.names?.[number] ?? number}`;
});
