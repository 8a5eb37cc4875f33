// Admin commands (Base 2.0 5): their dwords 10 to 15.

import { flag, reserved, uint, word } from '../core/field.js';
import type { Layer } from '../core/layer.js';
import type { Protocol } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import { entryPart, nvmeHeader } from './base.js';
import { featureTail, unknownFeature } from './feature.js';
import { commandSets, featureIds, identifyStructures, logPages } from './names.js';

const section = (n: string) => `NVMe Base 2.0 ${n}`;
const dword = (n: number) => uint(32, `cdw${n}`, `command dword ${n}`, { format: 'hex' });
const uuid = (alias: string) =>
  word(uint(7, 'uuid', 'UUID index, 0 for none', { alias }), reserved(25));

export const DeleteIoSq = nvmeHeader(
  'DeleteIoSq',
  [uint(16, 'qid', 'queue'), reserved(16), reserved(160)],
  { key: 'nvme-delete-io-sq', title: 'Delete I/O Submission Queue', section: section('5.7') },
);
export const DeleteIoCq = nvmeHeader(
  'DeleteIoCq',
  [uint(16, 'qid', 'queue'), reserved(16), reserved(160)],
  { key: 'nvme-delete-io-cq', title: 'Delete I/O Completion Queue', section: section('5.6') },
);
export const CreateIoSq = nvmeHeader(
  'CreateIoSq',
  [
    uint(16, 'qid', 'queue'),
    uint(16, 'qsize', 'entries, less one'),
    word(
      flag('pc', 'physically contiguous'),
      uint(2, 'qprio', 'priority', { names: { 0: 'URGENT', 1: 'HIGH', 2: 'MEDIUM', 3: 'LOW' } }),
      reserved(13),
    ),
    uint(16, 'cqid', 'completion queue'),
    uint(16, 'nvmsetid', 'NVM set'),
    reserved(16),
    reserved(96),
  ],
  { key: 'nvme-create-io-sq', title: 'Create I/O Submission Queue', section: section('5.5') },
);
export const CreateIoCq = nvmeHeader(
  'CreateIoCq',
  [
    uint(16, 'qid', 'queue'),
    uint(16, 'qsize', 'entries, less one'),
    word(flag('pc', 'physically contiguous'), flag('ien', 'interrupts enabled'), reserved(14)),
    uint(16, 'iv', 'interrupt vector'),
    reserved(128),
  ],
  { key: 'nvme-create-io-cq', title: 'Create I/O Completion Queue', section: section('5.4') },
);

export const GetLogPage = nvmeHeader(
  'GetLogPage',
  [
    uint(8, 'lid', 'log page', {
      names: logPages,
      format: 'hex',
      alias: 'nvme.cmd.get_logpage.dword10.id',
    }),
    // NVMe 2.0 has seven bits of LSP; tshark 4.0 shows the five of NVMe 1.4 and calls the others reserved.
    word(
      uint(7, 'lsp', 'log specific', { format: 'hex' }),
      flag('rae', 'the asynchronous event stays', { alias: 'nvme.cmd.get_logpage.dword10.rae' }),
    ),
    uint(16, 'numdl', 'dwords wanted less one, low half', {
      alias: 'nvme.cmd.get_logpage.dword10.numdl',
    }),
    uint(16, 'numdu', 'the same, high half', { alias: 'nvme.cmd.get_logpage.dword11.numdu' }),
    uint(16, 'lsi', 'log specific identifier', { alias: 'nvme.cmd.get_logpage.dword11.lsi' }),
    uint(64, 'lpo', 'offset in the log page', {
      unit: 'bytes',
      alias: 'nvme.cmd.get_logpage.lpo',
    }),
    word(
      uint(7, 'uuid', 'UUID index, 0 for none'),
      reserved(16),
      flag('ot', 'the offset is an index'),
      uint(8, 'csi', 'command set', { names: commandSets }),
    ),
    reserved(32),
  ],
  { key: 'nvme-get-log', title: 'Get Log Page', section: section('5.16') },
);

export const Identify = nvmeHeader(
  'Identify',
  [
    uint(8, 'cns', 'structure wanted', {
      names: identifyStructures,
      format: 'hex',
      alias: 'nvme.cmd.identify.dword10.cns',
    }),
    reserved(8),
    uint(16, 'cntid', 'controller', { alias: 'nvme.cmd.identify.dword10.cntid' }),
    uint(16, 'cnssid', 'CNS specific identifier (NVM set, endurance group, domain)', {
      alias: 'nvme.cmd.identify.dwrod11.nvmesetid',
    }),
    reserved(8),
    uint(8, 'csi', 'command set', { names: commandSets }),
    reserved(32),
    reserved(32),
    uuid('nvme.cmd.identify.dword14.uuid_index'),
    reserved(32),
  ],
  { key: 'nvme-identify', title: 'Identify', section: section('5.17') },
);

export const Abort = nvmeHeader(
  'Abort',
  [
    uint(16, 'sqid', 'queue of the command to abort'),
    uint(16, 'abortCid', 'command to abort', { format: 'hex' }),
    reserved(160),
  ],
  { key: 'nvme-abort', title: 'Abort', section: section('5.1') },
);

export const SetFeatures = nvmeHeader(
  'SetFeatures',
  [
    uint(8, 'fid', 'feature', {
      names: featureIds,
      format: 'hex',
      alias: 'nvme.cmd.set_features.dword10.fid',
    }),
    word(reserved(23), flag('sv', 'save', { alias: 'nvme.cmd.set_features.dword10.sv' })),
  ],
  { key: 'nvme-set-features', title: 'Set Features, dword 10', section: section('5.27') },
);
export const GetFeatures = nvmeHeader(
  'GetFeatures',
  [
    uint(8, 'fid', 'feature', {
      names: featureIds,
      format: 'hex',
      alias: 'nvme.cmd.get_features.dword10.fid',
    }),
    word(
      uint(3, 'sel', 'which value', {
        names: { 0: 'CURRENT', 1: 'DEFAULT', 2: 'SAVED', 3: 'CAPABILITIES' },
        alias: 'nvme.cmd.set_features.dword10.sel',
      }),
      reserved(21),
    ),
    dword(11),
    reserved(32),
    reserved(32),
    uuid('nvme.cmd.get_features.dword14.uuid'),
    reserved(32),
  ],
  { key: 'nvme-get-features', title: 'Get Features', section: section('5.15') },
);

/** Commands without dwords of their own. */
const bare = (key: string, name: string, title: string, sec: string) =>
  nvmeHeader(name, [reserved(192)], { key: `nvme-${key}`, title, section: section(sec) });
export const AsyncEventRequest = bare(
  'aer',
  'AsyncEventRequest',
  'Asynchronous Event Request',
  '5.2',
);
export const KeepAlive = bare('keep-alive', 'KeepAlive', 'Keep Alive', '5.18');

export const NamespaceManagement = nvmeHeader(
  'NamespaceManagement',
  [
    word(uint(4, 'sel', 'what to do', { names: { 0: 'CREATE', 1: 'DELETE' } }), reserved(28)),
    reserved(24),
    uint(8, 'csi', 'command set', { names: commandSets }),
    reserved(128),
  ],
  { key: 'nvme-ns-management', title: 'Namespace Management', section: section('5.23') },
);
export const NamespaceAttachment = nvmeHeader(
  'NamespaceAttachment',
  [
    word(uint(4, 'sel', 'what to do', { names: { 0: 'ATTACH', 1: 'DETACH' } }), reserved(28)),
    reserved(160),
  ],
  { key: 'nvme-ns-attachment', title: 'Namespace Attachment', section: section('5.22') },
);
export const FirmwareCommit = nvmeHeader(
  'FirmwareCommit',
  [
    word(
      uint(3, 'fs', 'firmware slot'),
      uint(3, 'ca', 'commit action', {
        names: {
          0: 'REPLACE',
          1: 'REPLACE_AND_ACTIVATE_AT_RESET',
          2: 'ACTIVATE_AT_RESET',
          3: 'ACTIVATE_NOW',
          6: 'REPLACE_BOOT_PARTITION',
          7: 'ACTIVATE_BOOT_PARTITION',
        },
      }),
      reserved(25),
      flag('bpid', 'boot partition'),
    ),
    reserved(160),
  ],
  { key: 'nvme-fw-commit', title: 'Firmware Commit', section: section('5.12') },
);
export const FirmwareImageDownload = nvmeHeader(
  'FirmwareImageDownload',
  [
    uint(32, 'numd', 'dwords, less one'),
    uint(32, 'ofst', 'place in the image', { unit: 'dwords' }),
    reserved(128),
  ],
  { key: 'nvme-fw-download', title: 'Firmware Image Download', section: section('5.13') },
);
export const DeviceSelfTest = nvmeHeader(
  'DeviceSelfTest',
  [
    word(
      uint(4, 'stc', 'self-test code', { names: { 1: 'SHORT', 2: 'EXTENDED', 15: 'ABORT' } }),
      reserved(28),
    ),
    reserved(160),
  ],
  { key: 'nvme-self-test', title: 'Device Self-test', section: section('5.8') },
);
export const FormatNvm = nvmeHeader(
  'FormatNvm',
  [
    word(
      uint(4, 'lbafl', 'LBA format, low bits'),
      flag('mset', 'metadata is part of the data'),
      uint(3, 'pi', 'protection information type'),
      flag('pil', 'protection information comes first'),
      uint(3, 'ses', 'secure erase', { names: { 0: 'NONE', 1: 'USER_DATA', 2: 'CRYPTOGRAPHIC' } }),
      uint(2, 'lbafu', 'LBA format, high bits'),
      reserved(18),
    ),
    reserved(160),
  ],
  { key: 'nvme-format', title: 'Format NVM', section: section('5.14') },
);
export const Sanitize = nvmeHeader(
  'Sanitize',
  [
    word(
      uint(3, 'sanact', 'action', {
        names: { 1: 'EXIT_FAILURE', 2: 'BLOCK_ERASE', 3: 'OVERWRITE', 4: 'CRYPTO_ERASE' },
      }),
      flag('ause', 'unrestricted exit allowed'),
      uint(4, 'owpass', 'overwrite passes, 0 for 16'),
      flag('oipbp', 'invert the pattern between passes'),
      flag('nodas', 'no deallocation afterwards'),
      reserved(22),
    ),
    uint(32, 'ovrpat', 'overwrite pattern', { format: 'hex' }),
    reserved(128),
  ],
  { key: 'nvme-sanitize', title: 'Sanitize', section: section('5.24') },
);

const security = [
  uint(8, 'nssf', 'NVMe security specific', { format: 'hex' }),
  uint(8, 'spsp0', 'SP specific 0', { format: 'hex' }),
  uint(8, 'spsp1', 'SP specific 1', { format: 'hex' }),
  uint(8, 'secp', 'security protocol', { format: 'hex' }),
] as const;
export const SecuritySend = nvmeHeader(
  'SecuritySend',
  [...security, uint(32, 'tl', 'transfer length', { unit: 'bytes' }), reserved(128)],
  { key: 'nvme-security-send', title: 'Security Send', section: section('5.26') },
);
export const SecurityReceive = nvmeHeader(
  'SecurityReceive',
  [...security, uint(32, 'al', 'allocation length', { unit: 'bytes' }), reserved(128)],
  { key: 'nvme-security-receive', title: 'Security Receive', section: section('5.25') },
);
const directive = [
  uint(32, 'numd', 'dwords, less one'),
  uint(8, 'doper', 'directive operation'),
  uint(8, 'dtype', 'directive type'),
  uint(16, 'dspec', 'directive specific'),
  uint(32, 'cdw12', 'operation specific', { format: 'hex' }),
  uint(32, 'cdw13', 'operation specific', { format: 'hex' }),
  reserved(64),
] as const;
export const DirectiveSend = nvmeHeader('DirectiveSend', directive, {
  key: 'nvme-directive-send',
  title: 'Directive Send',
  section: section('5.10'),
});
export const DirectiveReceive = nvmeHeader('DirectiveReceive', directive, {
  key: 'nvme-directive-receive',
  title: 'Directive Receive',
  section: section('5.9'),
});

const named = (what: string) => ({ info: () => what });
const naming = (what: string, field: string, names: Readonly<Record<number, string>>) => ({
  info: (layer: Layer) => {
    const value = layer.number(field);
    return `${what} ${names[value] ?? `${value.toString(16).padStart(2, '0')}h`}`;
  },
});

export const deleteIoSq = entryPart(DeleteIoSq, named('Delete I/O SQ'));
export const createIoSq = entryPart(CreateIoSq, named('Create I/O SQ'));
export const getLogPage = entryPart(GetLogPage, naming('Get Log Page', 'lid', logPages));
export const deleteIoCq = entryPart(DeleteIoCq, named('Delete I/O CQ'));
export const createIoCq = entryPart(CreateIoCq, named('Create I/O CQ'));
export const identify = entryPart(Identify, naming('Identify', 'cns', identifyStructures));
export const abort = entryPart(Abort, named('Abort'));
export const asyncEventRequest = entryPart(AsyncEventRequest, named('Async Event Request'));
export const keepAlive = entryPart(KeepAlive, named('Keep Alive'));
export const getFeatures = entryPart(GetFeatures, naming('Get Features', 'fid', featureIds));
export const setFeatures = entryPart(SetFeatures, {
  ...naming('Set Features', 'fid', featureIds),
  read(walk: Walk): Protocol | null {
    const at = walk.take(setFeatures);
    if (at < 0) return null;
    const feature = walk.next('nvme-feature', SetFeatures.get.fid(walk.bytes, at));
    if (walk.take(feature ?? unknownFeature) >= 0) walk.take(featureTail);
    return null;
  },
});

/** Binding space 'nvme-admin', by opcode. */
export const adminCommands: readonly (readonly [number, Protocol])[] = [
  [0x00, deleteIoSq],
  [0x01, createIoSq],
  [0x02, getLogPage],
  [0x04, deleteIoCq],
  [0x05, createIoCq],
  [0x06, identify],
  [0x08, abort],
  [0x09, setFeatures],
  [0x0a, getFeatures],
  [0x0c, asyncEventRequest],
  [0x0d, entryPart(NamespaceManagement, named('Namespace Management'))],
  [0x10, entryPart(FirmwareCommit, named('Firmware Commit'))],
  [0x11, entryPart(FirmwareImageDownload, named('Firmware Image Download'))],
  [0x14, entryPart(DeviceSelfTest, named('Device Self-test'))],
  [0x15, entryPart(NamespaceAttachment, named('Namespace Attachment'))],
  [0x18, keepAlive],
  [0x19, entryPart(DirectiveSend, named('Directive Send'))],
  [0x1a, entryPart(DirectiveReceive, named('Directive Receive'))],
  [0x80, entryPart(FormatNvm, named('Format NVM'))],
  [0x81, entryPart(SecuritySend, named('Security Send'))],
  [0x82, entryPart(SecurityReceive, named('Security Receive'))],
  [0x84, entryPart(Sanitize, named('Sanitize'))],
];
