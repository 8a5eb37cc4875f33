// Controller properties (Base 2.0 3.1.3), which Property Get returns in the first eight bytes of a
// completion and Property Set carries behind its dwords 10 and 11. Four-byte ones leave the upper half reserved.

import { type Field, flag, reserved, uint, type Word, word } from '../core/field.js';
import type { Protocol } from '../core/protocol.js';
import { entryPart, nvmeHeader } from './base.js';

const options = (key: string, title: string, sec: string) => ({
  key: `nvme-${key}`,
  title,
  section: `NVMe Base 2.0 3.1.3.${sec}`,
});
const cap = (name: string) => `nvme.fabrics.prop_get.ccap.${name}`;
const cc = (name: string) => `nvme.fabrics.prop_get_set.cc.${name}`;
const csts = (name: string) => `nvme.fabrics.prop_get_set.csts.${name}`;

export const CAP = nvmeHeader(
  'CAP',
  [
    uint(16, 'mqes', 'largest queue, less one', { alias: cap('mqes') }),
    word(
      flag('cqr', 'queues must be contiguous', { alias: cap('cqr') }),
      flag('amsWrr', 'weighted round robin', { alias: cap('ams.wrr') }),
      flag('amsVendor', 'vendor specific arbitration', { alias: cap('ams.vs') }),
      reserved(5),
    ),
    uint(8, 'to', 'longest wait for ready', { unit: '500 ms', alias: cap('to') }),
    word(
      uint(4, 'dstrd', 'doorbell stride', { unit: '2^(2+n) bytes', alias: cap('dstrd') }),
      flag('nssrs', 'subsystem reset supported', { alias: cap('nssrs') }),
      uint(8, 'css', 'command sets: bit 0 NVM, 6 several by CSI, 7 admin only', {
        format: 'hex',
        alias: cap('css'),
      }),
      flag('bps', 'boot partitions', { alias: cap('bps') }),
      uint(2, 'cps', 'controller power scope'),
      uint(4, 'mpsmin', 'smallest page', { unit: '2^(12+n) bytes', alias: cap('mpsmin') }),
      uint(4, 'mpsmax', 'largest page', { unit: '2^(12+n) bytes', alias: cap('mpsmax') }),
      flag('pmrs', 'persistent memory region', { alias: cap('pmrs') }),
      flag('cmbs', 'controller memory buffer', { alias: cap('cmbs') }),
      flag('nsss', 'subsystem shutdown'),
      flag('crwms', 'ready with media'),
      flag('crims', 'ready independent of media'),
      reserved(3),
    ),
  ],
  options('cap', 'Controller capabilities', '1'),
);

const four = <const F extends readonly Field[]>(
  key: string,
  title: string,
  sec: string,
  ...bits: F
) =>
  nvmeHeader(
    key.toUpperCase(),
    [word(...bits), reserved(32)] as readonly [Word<F>, ReturnType<typeof reserved>],
    options(key, title, sec),
  );

export const VS = four(
  'vs',
  'Version',
  '2',
  uint(8, 'ter', 'tertiary', { alias: 'nvme.fabrics.prop_get.vs.ter' }),
  uint(8, 'mnr', 'minor', { alias: 'nvme.fabrics.prop_get.vs.mnr' }),
  uint(16, 'mjr', 'major', { alias: 'nvme.fabrics.prop_get.vs.mjr' }),
);
export const CC = four(
  'cc',
  'Controller configuration',
  '5',
  flag('en', 'enable', { alias: cc('en') }),
  reserved(3),
  uint(3, 'css', 'command set', { names: { 0: 'NVM', 6: 'ALL', 7: 'ADMIN' }, alias: cc('css') }),
  uint(4, 'mps', 'page size', { unit: '2^(12+n) bytes', alias: cc('mps') }),
  uint(3, 'ams', 'arbitration', {
    names: { 0: 'ROUND_ROBIN', 1: 'WEIGHTED', 7: 'VENDOR' },
    alias: cc('ams'),
  }),
  uint(2, 'shn', 'shutdown notification', {
    names: { 0: 'NONE', 1: 'NORMAL', 2: 'ABRUPT' },
    alias: cc('shn'),
  }),
  uint(4, 'iosqes', 'SQ entry size', { unit: '2^n bytes', alias: cc('iosqes') }),
  uint(4, 'iocqes', 'CQ entry size', { unit: '2^n bytes', alias: cc('iocqes') }),
  flag('crime', 'ready independent of media'),
  reserved(7),
);
export const CSTS = four(
  'csts',
  'Controller status',
  '6',
  flag('rdy', 'ready', { alias: csts('rdy') }),
  flag('cfs', 'controller fatal status', { alias: csts('cfs') }),
  uint(2, 'shst', 'shutdown', {
    names: { 0: 'NORMAL', 1: 'OCCURRING', 2: 'COMPLETE' },
    alias: csts('shst'),
  }),
  flag('nssro', 'subsystem reset occurred', { alias: csts('nssro') }),
  flag('pp', 'processing paused', { alias: csts('pp') }),
  flag('st', 'shutdown of the subsystem'),
  reserved(25),
);
export const NSSR = four(
  'nssr',
  'NVM subsystem reset',
  '7',
  uint(32, 'nssrc', '4E564D65h ("NVMe") resets the subsystem', {
    format: 'hex',
    alias: 'nvme.fabrics.cmd.prop_attr.set.nssr.nssrc',
  }),
);
export const CRTO = four(
  'crto',
  'Controller ready timeouts',
  '20',
  uint(16, 'crwmt', 'ready with media', { unit: '500 ms' }),
  uint(16, 'crimt', 'ready independent of media', { unit: '500 ms' }),
);

/** A property that is not known: a completion does not tell which one it returns, only Context does. */
export const PropertyValue = nvmeHeader(
  'PropertyValue',
  [uint(64, 'value', 'of the property', { format: 'hex' })],
  options('property-value', 'Value of a property', ''),
);
export const propertyValue = entryPart(PropertyValue);

/** Binding space 'nvme-property', by offset. */
export const propertyForms: readonly (readonly [number, Protocol])[] = [
  [0x00, entryPart(CAP)],
  [0x08, entryPart(VS)],
  [0x14, entryPart(CC)],
  [0x1c, entryPart(CSTS)],
  [0x20, entryPart(NSSR)],
  [0x68, entryPart(CRTO)],
];
