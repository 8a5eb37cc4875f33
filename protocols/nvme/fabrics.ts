// Fabrics commands (Base 2.0 6): what they put into bytes 40 to 63 of the SQE, and Connect's data.

import { keyOf } from '../core/bind.js';
import { bytes, flag, reserved, text, uint, word } from '../core/field.js';
import { type Protocol, protocol } from '../core/protocol.js';
import { entryPart, nvmeHeader } from './base.js';
import { properties } from './names.js';
import { propertyValue } from './property.js';
import { FabricsCDW } from './sqe-header.js';

export const Connect = nvmeHeader(
  'Connect',
  [
    uint(16, 'recfmt', 'record format, 0', { alias: 'nvme.fabrics.cmd.connect.recfmt' }),
    uint(16, 'qid', 'queue: 0 the admin queue', { alias: 'nvme.fabrics.cmd.connect.qid' }),
    uint(16, 'sqsize', 'entries of the submission queue, less one', {
      alias: 'nvme.fabrics.cmd.connect.sqsize',
    }),
    word(
      uint(2, 'priority', 'class of the queue', {
        names: { 0: 'URGENT', 1: 'HIGH', 2: 'MEDIUM', 3: 'LOW' },
        alias: 'nvme.fabrics.cmd.connect.cattr.pc',
      }),
      flag('disableSqFlow', 'no SQ flow control', { alias: 'nvme.fabrics.cmd.connect.cattr.dfc' }),
      flag('deleteIoQueues', 'I/O queues can be deleted', {
        alias: 'nvme.fabrics.cmd.connect.cattr.dioq',
      }),
      reserved(4),
    ),
    reserved(8),
    uint(32, 'kato', 'keep alive timeout, 0 for none', {
      unit: 'ms',
      alias: 'nvme.fabrics.cmd.connect.kato',
    }),
    reserved(96),
  ],
  { key: 'nvme-connect', title: 'Connect command', section: 'NVMe Base 2.0 6.3' },
);

export const ConnectData = nvmeHeader(
  'ConnectData',
  [
    bytes(16, 'hostid', 'host identifier', {
      format: 'uuid',
      alias: 'nvme.fabrics.cmd.connect.data.hostid',
    }),
    uint(16, 'cntlid', 'controller; FFFFh lets the subsystem choose', {
      format: 'hex',
      alias: 'nvme.fabrics.cmd.connect.data.cntrlid',
    }),
    reserved(238 * 8),
    text(256, 'subnqn', 'subsystem to connect to', {
      alias: 'nvme.fabrics.cmd.connect.data.subnqn',
    }),
    text(256, 'hostnqn', 'name of the host', { alias: 'nvme.fabrics.cmd.connect.data.hostnqn' }),
    reserved(256 * 8),
  ],
  { key: 'nvme-connect-data', title: 'Data of the Connect command', section: 'NVMe Base 2.0 6.3' },
);

const attributes = word(
  uint(3, 'size', 'of the property', {
    names: { 0: '4_BYTES', 1: '8_BYTES' },
    alias: 'nvme.fabrics.cmd.prop_get_set.attrib.size',
  }),
  reserved(5),
);
const offset = uint(32, 'offset', 'which property', {
  names: properties,
  format: 'hex',
  alias: 'nvme.fabrics.cmd.prop_get_set.offset',
});

export const PropertyGet = nvmeHeader(
  'PropertyGet',
  [attributes, reserved(24), offset, reserved(128)],
  { key: 'nvme-property-get', title: 'Property Get command', section: 'NVMe Base 2.0 6.5' },
);
export const PropertySet = nvmeHeader('PropertySet', [attributes, reserved(24), offset], {
  key: 'nvme-property-set',
  title: 'Property Set command; the value is a layer of its own',
  section: 'NVMe Base 2.0 6.6',
});
export const PropertySetTail = nvmeHeader('PropertySetTail', [reserved(64)], {
  key: 'nvme-property-set-tail',
  title: 'Property Set command, behind the value',
  section: 'NVMe Base 2.0 6.6',
});

const security = [
  reserved(8),
  uint(8, 'spsp0', 'SP specific 0', { format: 'hex', alias: 'nvme.fabrics.cmd.auth.spsp0' }),
  uint(8, 'spsp1', 'SP specific 1', { format: 'hex', alias: 'nvme.fabrics.cmd.auth.spsp1' }),
  uint(8, 'secp', 'security protocol', { format: 'hex', alias: 'nvme.fabrics.cmd.auth.secp' }),
] as const;

export const AuthSend = nvmeHeader(
  'AuthSend',
  [
    ...security,
    uint(32, 'tl', 'transfer length', { unit: 'bytes', alias: 'nvme.fabrics.cmd.auth.al' }),
    reserved(128),
  ],
  { key: 'nvme-auth-send', title: 'Authentication Send command', section: 'NVMe Base 2.0 6.2' },
);
export const AuthReceive = nvmeHeader(
  'AuthReceive',
  [
    ...security,
    uint(32, 'al', 'allocation length', { unit: 'bytes', alias: 'nvme.fabrics.cmd.auth.al' }),
    reserved(128),
  ],
  {
    key: 'nvme-auth-receive',
    title: 'Authentication Receive command',
    section: 'NVMe Base 2.0 6.1',
  },
);
export const Disconnect = nvmeHeader(
  'Disconnect',
  [
    uint(16, 'recfmt', 'record format, 0', { alias: 'nvme.fabrics.cmd.disconnect.recfmt' }),
    reserved(176),
  ],
  { key: 'nvme-disconnect', title: 'Disconnect command', section: 'NVMe Base 2.0 6.4' },
);

export const connect = entryPart(Connect, {
  info: (layer) => `Connect qid ${layer.number('qid')}`,
});
export const connectData = protocol(ConnectData);
const property = (what: string) => ({
  info: (layer: { number(field: string): number }) => {
    const at = layer.number('offset');
    return `${what} ${(properties as Record<number, string>)[at] ?? `0x${at.toString(16)}`}`;
  },
});
export const propertyGet = entryPart(PropertyGet, property('Property Get'));
export const propertySetTail = entryPart(PropertySetTail);
export const propertySet = entryPart(PropertySet, {
  ...property('Property Set'),
  read(walk): null {
    const at = walk.take(propertySet);
    if (at < 0) return null;
    const form = walk.next('nvme-property', PropertySet.get.offset(walk.bytes, at));
    if (walk.take(form ?? propertyValue) >= 0) walk.take(propertySetTail);
    return null;
  },
  derive: {
    offset: {
      kind: 'type',
      value({ layers, bindings }, index) {
        const value = layers[index + 1];
        return value && keyOf(bindings, 'nvme-property', value.protocol);
      },
    },
  },
});
export const authSend = entryPart(AuthSend, { info: () => 'Authentication Send' });
export const authReceive = entryPart(AuthReceive, { info: () => 'Authentication Receive' });
export const disconnect = entryPart(Disconnect, { info: () => 'Disconnect' });
export const fabricsCdw = entryPart(FabricsCDW);

/** Binding space 'nvme-fabrics', by command type. */
export const fabricsCommands: readonly (readonly [number, Protocol])[] = [
  [0, propertySet],
  [1, connect],
  [4, propertyGet],
  [5, authSend],
  [6, authReceive],
  [8, disconnect],
];
