// I/O commands of the NVM command set 1.0 (section 3.2): their dwords 10 to 15 and the lists that they carry.

import { flag, reserved, uint, word } from '../core/field.js';
import type { Layer } from '../core/layer.js';
import { type Protocol, protocol } from '../core/protocol.js';
import { entryPart, nvmeHeader } from './base.js';
import { takeUntilZero } from './list.js';
import {
  reservationAcquire,
  reservationRegister,
  reservationRelease,
  reservationReport,
} from './reservation.js';

const slba = uint(64, 'slba', 'first logical block', { alias: 'nvme.cmd.slba' });
const nlb = uint(16, 'nlb', 'number of logical blocks, less one', { alias: 'nvme.cmd.nlb' });

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
export const copy = entryPart(Copy, named('Copy'));

/** Linux sends 4096 bytes for any number of ranges; whatever follows the counted ones is zeros. */
export const dsmRange = protocol(DSMRange, {
  read: (walk): null | undefined => takeUntilZero(walk, dsmRange),
});
export const copyRange = protocol(CopyRange, {
  read: (walk): null | undefined => takeUntilZero(walk, copyRange),
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
