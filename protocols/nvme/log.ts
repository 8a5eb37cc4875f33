// Log pages (Base 2.0 5.16.1): errors, SMART, firmware slots, commands supported and effects, ANA. A host may
// ask for part of a page; a page that is not there whole stays payload. The discovery log is in discovery.ts.

import { bytes, flag, reserved, text, uint, word } from '../core/field.js';
import type { Layer } from '../core/layer.js';
import { protocol, type Scene } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import { nvmeHeader, takeWhole } from './base.js';
import { namespaceEntry } from './identify-namespace.js';
import { isZero, takeEntries, takeUnused } from './list.js';
import { adminOpcodes, commandSets, ioOpcodes } from './names.js';
import { statusTypes } from './status.js';

const as = (name: string) => ({ alias: `nvme.cmd.get_logpage.${name}` });
const section = (n: string) => `NVMe Base 2.0 5.16.1.${n}`;

export const ErrorEntry = nvmeHeader(
  'ErrorEntry',
  [
    uint(64, 'errorCount', 'number of the error, 0 for an empty entry', as('errinf.errcnt')),
    uint(16, 'sqid', 'submission queue', as('errinf.sqid')),
    uint(16, 'cid', 'command', { format: 'hex', ...as('errinf.cid') }),
    word(
      flag('phase', 'phase tag'),
      uint(8, 'sc', 'status code', { format: 'hex' }),
      uint(3, 'sct', 'status code type', { names: statusTypes }),
      uint(2, 'crd', 'which retry delay'),
      flag('more', 'more in the log'),
      flag('dnr', 'do not retry'),
    ),
    word(
      uint(8, 'pelByte', 'byte of the command that was wrong', as('errinf.pel.bytee')),
      uint(3, 'pelBit', 'bit of that byte'),
      reserved(5),
    ),
    uint(64, 'lba', 'first block concerned', as('errinf.lba')),
    uint(32, 'nsid', 'namespace'),
    uint(8, 'vsi', 'log page with vendor specific information', { format: 'hex' }),
    uint(8, 'trtype', 'transport', { names: { 1: 'RDMA', 2: 'FC', 3: 'TCP', 254: 'LOOP' } }),
    uint(8, 'csi', 'command set', { names: commandSets }),
    uint(8, 'opcode', 'of the command', { format: 'hex' }),
    uint(64, 'cs', 'command specific', { format: 'hex', ...as('errinf.csi') }),
    uint(16, 'ttsi', 'transport specific', { format: 'hex' }),
    reserved(168),
    uint(8, 'version', 'of the log page'),
  ],
  { key: 'nvme-error', title: 'Error log entry', section: section('2') },
);
export const errorEntry = protocol(ErrorEntry, {
  read(walk): null | undefined {
    const entries = Math.floor(walk.left / ErrorEntry.size);
    takeEntries(walk, errorEntry, entries);
    return walk.left > 0 ? undefined : null;
  },
});

export const Smart = nvmeHeader(
  'Smart',
  [
    word(
      flag('spare', 'critical: spare is below its threshold', as('smart.cw.sc')),
      flag('temperatureBeyond', 'critical: temperature', as('smart.cw.temp')),
      flag('degraded', 'critical: reliability is degraded', as('smart.cw.sme')),
      flag('readOnly', 'critical: media is read-only', as('smart.cw.ro')),
      flag('backup', 'critical: volatile memory backup failed', as('smart.cw.bdf')),
      flag('pmr', 'critical: persistent memory is read-only', as('smart.cw.mrro')),
      reserved(2),
    ),
    uint(16, 'temperature', 'composite temperature', { unit: 'K', ...as('smart.ct') }),
    uint(8, 'avsp', 'available spare', { unit: '%', ...as('smart.asc') }),
    uint(8, 'avspt', 'available spare threshold', { unit: '%', ...as('smart.ast') }),
    uint(8, 'pused', 'life used', { unit: '%', ...as('smart.lae') }),
    word(
      flag('groupSpare', 'endurance groups: spare is below its threshold', as('smart.egcws.sc')),
      reserved(1),
      flag('groupDegraded', 'endurance groups: reliability is degraded', as('smart.egcws.me')),
      flag('groupReadOnly', 'endurance groups: a namespace is read-only', as('smart.egcws.ro')),
      reserved(4),
    ),
    reserved(200),
    bytes(16, 'dataUnitsRead', 'thousands of 512-byte units', as('smart.dur')),
    bytes(16, 'dataUnitsWritten', 'thousands of 512-byte units', as('smart.duw')),
    bytes(16, 'hostReads', 'read commands', as('smart.hrc')),
    bytes(16, 'hostWrites', 'write commands', as('smart.hwc')),
    bytes(16, 'busyTime', 'controller busy, minutes', as('smart.cbt')),
    bytes(16, 'powerCycles', 'power cycles', as('smart.pc')),
    bytes(16, 'powerOnHours', 'power on hours', as('smart.poh')),
    bytes(16, 'unsafeShutdowns', 'unsafe shutdowns', as('smart.us')),
    bytes(16, 'mediaErrors', 'media and data integrity errors', as('smart.mie')),
    bytes(16, 'errorEntries', 'entries that the error log ever had', as('smart.ele')),
    uint(32, 'warningTime', 'above the warning temperature', {
      unit: 'min',
      ...as('smart.wctt'),
    }),
    uint(32, 'criticalTime', 'above the critical temperature', {
      unit: 'min',
      ...as('smart.cctt'),
    }),
    uint(16, 'sensor1', 'temperature sensor 1', { unit: 'K', ...as('smart.ts.s1') }),
    uint(16, 'sensor2', 'temperature sensor 2', { unit: 'K', ...as('smart.ts.s2') }),
    uint(16, 'sensor3', 'temperature sensor 3', { unit: 'K', ...as('smart.ts.s3') }),
    uint(16, 'sensor4', 'temperature sensor 4', { unit: 'K', ...as('smart.ts.s4') }),
    uint(16, 'sensor5', 'temperature sensor 5', { unit: 'K', ...as('smart.ts.s5') }),
    uint(16, 'sensor6', 'temperature sensor 6', { unit: 'K', ...as('smart.ts.s6') }),
    uint(16, 'sensor7', 'temperature sensor 7', { unit: 'K', ...as('smart.ts.s7') }),
    uint(16, 'sensor8', 'temperature sensor 8', { unit: 'K', ...as('smart.ts.s8') }),
    uint(32, 'tmt1Count', 'transitions to thermal management 1', as('smart.tmt1c')),
    uint(32, 'tmt2Count', 'transitions to thermal management 2', as('smart.tmt2c')),
    uint(32, 'tmt1Time', 'in thermal management 1', { unit: 's', ...as('smart.tmt1t') }),
    uint(32, 'tmt2Time', 'in thermal management 2', { unit: 's', ...as('smart.tmt2t') }),
    reserved(280 * 8),
  ],
  { key: 'nvme-smart', title: 'SMART and health log', section: section('3') },
);
export const smart = protocol(Smart, {
  read: (walk): null | undefined => (takeWhole(walk, smart) < 0 ? undefined : null),
});

const slot = <N extends string>(name: N, n: number) =>
  text(8, name, `firmware revision in slot ${n}`, as(`fw_slot.frs.s${n}`));
export const FirmwareSlots = nvmeHeader(
  'FirmwareSlots',
  [
    word(
      uint(3, 'active', 'slot in use', as('fw_slot.afi.afs')),
      reserved(1),
      uint(3, 'next', 'slot in use after a reset', as('fw_slot.afi.nfs')),
      reserved(1),
    ),
    reserved(56),
    slot('frs1', 1),
    slot('frs2', 2),
    slot('frs3', 3),
    slot('frs4', 4),
    slot('frs5', 5),
    slot('frs6', 6),
    slot('frs7', 7),
    reserved(448 * 8),
  ],
  { key: 'nvme-fw-slots', title: 'Firmware slot log', section: section('4') },
);
export const firmwareSlots = protocol(FirmwareSlots, {
  read: (walk): null | undefined => (takeWhole(walk, firmwareSlots) < 0 ? undefined : null),
});

const effect = (name: string) => as(`cmd_and_eff.cseds.${name}`);
export const Effects = nvmeHeader(
  'Effects',
  [
    word(
      flag('csupp', 'the command is supported', effect('csupp')),
      flag('lbcc', 'changes logical blocks', effect('lbcc')),
      flag('ncc', 'changes namespace capabilities', effect('ncc')),
      flag('nic', 'changes the inventory of namespaces', effect('nic')),
      flag('ccc', 'changes controller capabilities', effect('ccc')),
      reserved(11),
      uint(3, 'cse', 'what may run beside it', {
        names: { 0: 'ANY', 1: 'NONE_ON_NAMESPACE', 2: 'NONE' },
        ...effect('cse'),
      }),
      flag('uss', 'takes a UUID index', effect('uss')),
      uint(12, 'scope', 'of the command', { format: 'hex' }),
    ),
  ],
  { key: 'nvme-effects', title: 'Command supported and its effects', section: section('6') },
);

/** Opcodes of a queue, and the bytes of both queues' entries. */
const OPCODES = 256;
const EFFECTS_SIZE = 2 * OPCODES * Effects.size;

/**
 * The log is 512 entries of four bytes: opcode n of admin commands, then of I/O commands. Runs of opcodes
 * that are not supported (zeros) are one unused layer each; there is no other way to name each entry
 * without hundreds of layers. The first layer stands for the log.
 */
export const effects = protocol(Effects, {
  read(walk): null | undefined {
    const start = walk.at;
    const end = Math.min(start + EFFECTS_SIZE, walk.boundary);
    for (let n = 0; n < OPCODES && end - walk.at >= Effects.size; n++) {
      const zeros = zeroEntries(walk, end);
      if (zeros > 0) takeUnused(walk, zeros * Effects.size);
      else walk.take(effects);
    }
    if (!isZero(walk.bytes, walk.at, walk.boundary)) return undefined;
    takeUnused(walk);
    return null;
  },
  info: effectsInfo,
});

function zeroEntries(walk: Walk, end: number): number {
  const { size } = Effects;
  let n = 0;
  for (let at = walk.at; at + size <= end && isZero(walk.bytes, at, at + size); at += size) n++;
  return n;
}

/** Which opcode it is follows from how much of the log lies before it. */
function effectsInfo(layer: Layer, scene: Scene, index: number): string {
  let start = layer.at;
  for (let i = index - 1; i >= 0 && /^nvme-(effects|unused)$/.test(scene.layers[i]!.key); i--) {
    start = scene.layers[i]!.at;
  }
  const place = (layer.at - start) / Effects.size;
  const names: Readonly<Record<number, string>> = place < OPCODES ? adminOpcodes : ioOpcodes;
  const opcode = place % OPCODES;
  const queue = place < OPCODES ? 'admin' : 'I/O';
  return `${queue} ${names[opcode] ?? `${opcode.toString(16).padStart(2, '0')}h`}`;
}

export const ANALog = nvmeHeader(
  'ANALog',
  [
    uint(64, 'chgcnt', 'changes of the log', as('ana.chcnt')),
    uint(16, 'groups', 'group descriptors that follow', as('ana.ngd')),
    reserved(48),
  ],
  { key: 'nvme-ana', title: 'Asymmetric namespace access log', section: section('13') },
);
export const ANAGroup = nvmeHeader(
  'ANAGroup',
  [
    uint(32, 'grpid', 'group', as('ana.grp.id')),
    uint(32, 'nnsids', 'namespaces that follow', as('ana.grp.nns')),
    uint(64, 'chgcnt', 'changes of the group', as('ana.grp.chcnt')),
    word(
      uint(4, 'state', 'of the group', {
        names: {
          1: 'OPTIMIZED',
          2: 'NON_OPTIMIZED',
          3: 'INACCESSIBLE',
          4: 'PERSISTENT_LOSS',
          15: 'CHANGE',
        },
        ...as('ana.grp.anas.state'),
      }),
      reserved(4),
    ),
    reserved(120),
  ],
  { key: 'nvme-ana-group', title: 'ANA group descriptor', section: section('13') },
);
/** More groups than this stay payload; Linux's target has 128 at most. */
const MAX_GROUPS = 128;

export const anaGroup = protocol(ANAGroup);
export const anaLog = protocol(ANALog, {
  read(walk): null | undefined {
    const at = takeWhole(walk, anaLog);
    if (at < 0) return undefined;
    const groups = Math.min(ANALog.get.groups(walk.bytes, at), MAX_GROUPS);
    for (let n = 0; n < groups && walk.left >= ANAGroup.size; n++) {
      const group = walk.take(anaGroup);
      const nsids = ANAGroup.get.nnsids(walk.bytes, group);
      if (takeEntries(walk, namespaceEntry, nsids) < nsids) return undefined;
    }
    if (!isZero(walk.bytes, walk.at, walk.boundary)) return undefined;
    takeUnused(walk);
    return null;
  },
});
