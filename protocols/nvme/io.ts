// I/O commands of the NVM command set 1.0 (section 3.2): their dwords 10 to 15 and the lists that they carry.

import { flag, reserved, uint, word } from '../core/field.js';
import type { Layer } from '../core/layer.js';
import { type Protocol, protocol } from '../core/protocol.js';
import { entryPart, nvmeHeader } from './base.js';
import { takeEntries, takeUntilZero } from './list.js';
import { reservationTypes } from './names.js';

const slba = uint(64, 'slba', 'first logical block', { alias: 'nvme.cmd.slba' });
const nlb = uint(16, 'nlb', 'number of logical blocks, less one');

/** Protection information, bits 13:10 of the control half-word (NVM command set 1.0 figure 36). */
const protectionInfo = [
  flag('prchkRef', 'check reference tag', { alias: 'nvme.cmd.prinfo.lbrtag' }),
  flag('prchkApp', 'check application tag', { alias: 'nvme.cmd.prinfo.apptag' }),
  flag('prchkGuard', 'check guard', { alias: 'nvme.cmd.prinfo.guard' }),
  flag('pract', 'insert or strip protection information', { alias: 'nvme.cmd.prinfo.action' }),
] as const;

const fua = flag('fua', 'force unit access: data must be on non-volatile media', {
  alias: 'nvme.cmd.fua',
});
const lr = flag('lr', 'limited retry', { alias: 'nvme.cmd.lr' });

/** Dwords 14 and 15: what protection information must hold. */
const tags = [
  uint(32, 'ilbrt', 'initial logical block reference tag', {
    format: 'hex',
    alias: 'nvme.cmd.eilbrt',
  }),
  uint(16, 'lbat', 'logical block application tag', { format: 'hex', alias: 'nvme.cmd.elbat' }),
  uint(16, 'lbatm', 'mask of the application tag', { format: 'hex', alias: 'nvme.cmd.elbatm' }),
] as const;

/** The dataset management hints of Read and Write. */
const hints = word(
  uint(4, 'accessFrequency', 'how the range is used; Linux sets 7 for readahead', {
    names: {
      0: 'NONE',
      1: 'TYPICAL',
      2: 'INFREQUENT_BOTH',
      3: 'INFREQUENT_WRITE',
      4: 'INFREQUENT_READ',
      5: 'FREQUENT_BOTH',
      6: 'ONE_TIME_READ',
      7: 'SPECULATIVE_READ',
      8: 'OVERWRITTEN_SOON',
    },
    alias: 'nvme.cmd.dsm.access_freq',
  }),
  uint(2, 'accessLatency', 'wanted latency', {
    names: { 0: 'NONE', 1: 'IDLE', 2: 'NORMAL', 3: 'LOW' },
    alias: 'nvme.cmd.dsm.access_lat',
  }),
  flag('sequential', 'part of a sequential run', { alias: 'nvme.cmd.dsm.seq_req' }),
  flag('incompressible', 'data cannot be compressed'),
);

/** The upper half of dword 12. */
const control = word(
  reserved(8),
  flag('stc', 'check the storage tag'),
  reserved(1),
  ...protectionInfo,
  fua,
  lr,
);

const section = (n: string) => `NVMe NVM Command Set 1.0 ${n}`;

export const Read = nvmeHeader('Read', [slba, nlb, control, hints, reserved(24), ...tags], {
  key: 'nvme-read',
  title: 'Read command',
  section: section('3.2.4'),
});

const writeControl = word(
  reserved(4),
  uint(4, 'dtype', 'directive type'),
  flag('stc', 'check the storage tag'),
  reserved(1),
  ...protectionInfo,
  fua,
  lr,
);
export const Write = nvmeHeader(
  'Write',
  [slba, nlb, writeControl, hints, reserved(8), uint(16, 'dspec', 'directive specific'), ...tags],
  { key: 'nvme-write', title: 'Write command', section: section('3.2.6') },
);

export const Compare = nvmeHeader('Compare', [slba, nlb, control, reserved(32), ...tags], {
  key: 'nvme-compare',
  title: 'Compare command',
  section: section('3.2.1'),
});

export const Verify = nvmeHeader('Verify', [slba, nlb, control, reserved(32), ...tags], {
  key: 'nvme-verify',
  title: 'Verify command',
  section: section('3.2.5'),
});

export const WriteZeroes = nvmeHeader(
  'WriteZeroes',
  [
    slba,
    nlb,
    word(
      reserved(8),
      flag('stc', 'check the storage tag'),
      flag('deac', 'the blocks may be deallocated'),
      ...protectionInfo,
      fua,
      lr,
    ),
    reserved(32),
    ...tags,
  ],
  { key: 'nvme-write-zeroes', title: 'Write Zeroes command', section: section('3.2.8') },
);

export const WriteUncorrectable = nvmeHeader(
  'WriteUncorrectable',
  [slba, nlb, reserved(16), reserved(32), reserved(32), reserved(32)],
  {
    key: 'nvme-write-uncorrectable',
    title: 'Write Uncorrectable command',
    section: section('3.2.7'),
  },
);

export const Flush = nvmeHeader('Flush', [reserved(192)], {
  key: 'nvme-flush',
  title: 'Flush command',
  section: 'NVMe Base 2.0 7.1',
});

export const DatasetManagement = nvmeHeader(
  'DatasetManagement',
  [
    uint(8, 'nr', 'number of ranges, less one'),
    reserved(24),
    word(
      flag('idr', 'integral dataset for read'),
      flag('idw', 'integral dataset for write'),
      flag('ad', 'deallocate'),
      reserved(29),
    ),
    reserved(128),
  ],
  { key: 'nvme-dsm', title: 'Dataset Management command', section: section('3.2.3') },
);

export const DSMRange = nvmeHeader(
  'DSMRange',
  [
    word(
      uint(4, 'accessFrequency', 'how the range is used'),
      uint(2, 'accessLatency', 'wanted latency'),
      reserved(2),
      flag('sr', 'sequential read range'),
      flag('sw', 'sequential write range'),
      flag('wp', 'write prepare'),
      reserved(13),
      uint(8, 'accessSize', 'size of the expected commands', { unit: 'blocks' }),
    ),
    uint(32, 'length', 'of the range', { unit: 'blocks' }),
    slba,
  ],
  { key: 'nvme-dsm-range', title: 'Range of Dataset Management', section: section('3.2.3') },
);

export const Copy = nvmeHeader(
  'Copy',
  [
    uint(64, 'sdlba', 'first block of the destination'),
    uint(8, 'nr', 'number of source ranges, less one'),
    word(
      uint(4, 'descFormat', 'format of the ranges'),
      uint(4, 'prinfor', 'protection information when reading', { format: 'hex' }),
    ),
    word(
      reserved(4),
      uint(4, 'dtype', 'directive type'),
      flag('stcw', 'check the storage tag when writing'),
      flag('stcr', 'check the storage tag when reading'),
      uint(4, 'prinfow', 'protection information when writing', { format: 'hex' }),
      fua,
      lr,
    ),
    reserved(16),
    uint(16, 'dspec', 'directive specific'),
    ...tags,
  ],
  { key: 'nvme-copy', title: 'Copy command', section: section('3.2.2') },
);

export const CopyRange = nvmeHeader(
  'CopyRange',
  [
    reserved(64),
    slba,
    nlb,
    reserved(48),
    uint(32, 'eilbrt', 'expected initial reference tag', { format: 'hex' }),
    uint(16, 'elbat', 'expected application tag', { format: 'hex' }),
    uint(16, 'elbatm', 'mask of the application tag', { format: 'hex' }),
  ],
  { key: 'nvme-copy-range', title: 'Source range of Copy, format 0', section: section('3.2.2') },
);

const iekey = flag('iekey', 'ignore the existing key');
const rtype = uint(8, 'rtype', 'reservation type', { names: reservationTypes });

export const ReservationRegister = nvmeHeader(
  'ReservationRegister',
  [
    word(
      uint(3, 'rrega', 'action', { names: { 0: 'REGISTER', 1: 'UNREGISTER', 2: 'REPLACE' } }),
      iekey,
      reserved(26),
      uint(2, 'cptpl', 'change of persistence through power loss', {
        names: { 0: 'NO_CHANGE', 2: 'RELEASE_AT_POWER_ON', 3: 'PERSIST' },
      }),
    ),
    reserved(160),
  ],
  { key: 'nvme-reservation-register', title: 'Reservation Register', section: 'NVMe Base 2.0 7.3' },
);
export const ReservationReport = nvmeHeader(
  'ReservationReport',
  [
    uint(32, 'numd', 'dwords wanted, less one'),
    word(flag('eds', 'extended data structure'), reserved(31)),
    reserved(128),
  ],
  { key: 'nvme-reservation-report', title: 'Reservation Report', section: 'NVMe Base 2.0 7.5' },
);
export const ReservationAcquire = nvmeHeader(
  'ReservationAcquire',
  [
    word(
      uint(3, 'racqa', 'action', { names: { 0: 'ACQUIRE', 1: 'PREEMPT', 2: 'PREEMPT_AND_ABORT' } }),
      iekey,
      reserved(4),
      rtype,
      reserved(16),
    ),
    reserved(160),
  ],
  { key: 'nvme-reservation-acquire', title: 'Reservation Acquire', section: 'NVMe Base 2.0 7.2' },
);
export const ReservationRelease = nvmeHeader(
  'ReservationRelease',
  [
    word(
      uint(3, 'rrela', 'action', { names: { 0: 'RELEASE', 1: 'CLEAR' } }),
      iekey,
      reserved(4),
      rtype,
      reserved(16),
    ),
    reserved(160),
  ],
  { key: 'nvme-reservation-release', title: 'Reservation Release', section: 'NVMe Base 2.0 7.4' },
);

/** The first key of Register, Acquire and Release data; Release has no second. */
const crkey = uint(64, 'crkey', 'current reservation key', { format: 'hex' });

export const RegisterData = nvmeHeader(
  'RegisterData',
  [crkey, uint(64, 'nrkey', 'new reservation key', { format: 'hex' })],
  {
    key: 'nvme-register-data',
    title: 'Data of Reservation Register',
    section: 'NVMe Base 2.0 7.3',
  },
);
export const AcquireData = nvmeHeader(
  'AcquireData',
  [crkey, uint(64, 'prkey', 'reservation key to preempt', { format: 'hex' })],
  { key: 'nvme-acquire-data', title: 'Data of Reservation Acquire', section: 'NVMe Base 2.0 7.2' },
);
export const ReleaseData = nvmeHeader('ReleaseData', [crkey], {
  key: 'nvme-release-data',
  title: 'Data of Reservation Release',
  section: 'NVMe Base 2.0 7.4',
});
export const ReservationStatus = nvmeHeader(
  'ReservationStatus',
  [
    uint(32, 'gen', 'generation'),
    rtype,
    uint(16, 'regctl', 'registered controllers'),
    reserved(16),
    uint(8, 'ptpls', 'persists through power loss'),
    reserved(112),
  ],
  { key: 'nvme-reservation-status', title: 'Reservation status', section: 'NVMe Base 2.0 7.5' },
);
const holds = word(flag('holder', 'holds the reservation'), reserved(7));
const rkey = uint(64, 'rkey', 'reservation key', { format: 'hex' });
export const RegisteredController = nvmeHeader(
  'RegisteredController',
  [
    uint(16, 'cntlid', 'controller', { format: 'hex' }),
    holds,
    reserved(40),
    uint(64, 'hostid', 'host identifier', { format: 'hex' }),
    rkey,
  ],
  { key: 'nvme-registered-ctrl', title: 'Registered controller', section: 'NVMe Base 2.0 7.5' },
);

/** The summary of a command on logical blocks: what, where and how many. */
const blocks = (what: string) => ({
  info: (layer: Layer) =>
    `${what} LBA ${String(layer.get('slba'))} x ${layer.number('nlb') + 1}${
      layer.protocol.header.span('fua') && layer.number('fua') === 1 ? ' FUA' : ''
    }`,
});
const named = (what: string) => ({ info: () => what });

export const flush = entryPart(Flush, named('Flush'));
export const write = entryPart(Write, blocks('Write'));
export const read = entryPart(Read, blocks('Read'));
export const writeUncorrectable = entryPart(WriteUncorrectable, blocks('Write Uncorrectable'));
export const compare = entryPart(Compare, blocks('Compare'));
export const writeZeroes = entryPart(WriteZeroes, blocks('Write Zeroes'));
export const dsm = entryPart(DatasetManagement, named('Dataset Management'));
export const verify = entryPart(Verify, blocks('Verify'));
export const reservationRegister = entryPart(ReservationRegister, named('Reservation Register'));
export const reservationReport = entryPart(ReservationReport, named('Reservation Report'));
export const reservationAcquire = entryPart(ReservationAcquire, named('Reservation Acquire'));
export const reservationRelease = entryPart(ReservationRelease, named('Reservation Release'));
export const copy = entryPart(Copy, named('Copy'));

/** Linux sends 4096 bytes for any number of ranges; whatever follows the counted ones is zeros. */
export const dsmRange = protocol(DSMRange, {
  read: (walk): null | undefined => takeUntilZero(walk, dsmRange),
});
export const copyRange = protocol(CopyRange, {
  read: (walk): null | undefined => takeUntilZero(walk, copyRange),
});
export const registerData = protocol(RegisterData);
export const acquireData = protocol(AcquireData);
export const releaseData = protocol(ReleaseData);
export const registeredController = protocol(RegisteredController);
export const reservationStatus = protocol(ReservationStatus, {
  read(walk) {
    const at = walk.take(reservationStatus);
    if (at < 0) return null;
    takeEntries(walk, registeredController, ReservationStatus.get.regctl(walk.bytes, at));
    return undefined;
  },
});

/** Binding space 'nvme-io', by opcode. */
export const ioCommands: readonly (readonly [number, Protocol])[] = [
  [0, flush],
  [1, write],
  [2, read],
  [4, writeUncorrectable],
  [5, compare],
  [8, writeZeroes],
  [9, dsm],
  [12, verify],
  [13, reservationRegister],
  [14, reservationReport],
  [17, reservationAcquire],
  [21, reservationRelease],
  [25, copy],
];
