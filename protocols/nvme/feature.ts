// Features (Base 2.0 5.27.1): one dword each, in CDW11 of Set Features and in dword 0 of what Get Features
// returns; the dwords behind it (CDW12 to 15) are few and mostly reserved.

import { type Field, flag, reserved, uint, type Word, word } from '../core/field.js';
import type { Protocol } from '../core/protocol.js';
import { entryPart, nvmeHeader } from './base.js';

const alias = (name: string) => `nvme.cmd.set_features.dword11.${name}`;

/** A feature: its identifier, key, title and bits; `kib` and the like are units of the standard. */
const of = <const F extends readonly Field[]>(key: string, title: string, ...bits: F) =>
  nvmeHeader(`Feature-${key}`, [word(...bits)] as readonly [Word<F>], {
    key: `nvme-feat-${key}`,
    title: `Feature: ${title}`,
    section: 'NVMe Base 2.0 5.27.1',
  });

export const Arbitration = of(
  'arbitration',
  'arbitration',
  uint(3, 'ab', 'arbitration burst', { unit: '2^n commands', alias: alias('arb.ab') }),
  reserved(5),
  uint(8, 'lpw', 'low priority weight, less one', { alias: alias('arb.lpw') }),
  uint(8, 'mpw', 'medium priority weight, less one', { alias: alias('arb.mpw') }),
  uint(8, 'hpw', 'high priority weight, less one', { alias: alias('arb.hpw') }),
);
export const PowerManagement = of(
  'power',
  'power management',
  uint(5, 'ps', 'power state', { alias: alias('pm.ps') }),
  uint(3, 'wh', 'workload hint', { alias: alias('pm.wh') }),
  reserved(24),
);
export const LbaRangeType = of(
  'lba-range',
  'LBA range type',
  uint(6, 'num', 'number of ranges, less one', { alias: alias('lbart.lbarn') }),
  reserved(26),
);
export const TemperatureThreshold = of(
  'temperature',
  'temperature threshold',
  uint(16, 'tmpth', 'threshold', { unit: 'K', alias: alias('tt.tmpth') }),
  uint(4, 'tmpsel', 'which sensor; 0 composite', { alias: alias('tt.tmpsel') }),
  uint(2, 'thsel', 'over or under', {
    names: { 0: 'OVER', 1: 'UNDER' },
    alias: alias('tt.thpsel'),
  }),
  reserved(10),
);
export const ErrorRecovery = of(
  'error-recovery',
  'error recovery',
  uint(16, 'tler', 'time limited error recovery', { unit: '100 ms', alias: alias('erec.tler') }),
  flag('dulbe', 'deallocated or unwritten blocks are errors', { alias: alias('erec.dulbe') }),
  reserved(15),
);
export const VolatileWriteCache = of(
  'write-cache',
  'volatile write cache',
  flag('wce', 'enabled', { alias: alias('vwce.wce') }),
  reserved(31),
);
export const NumberOfQueues = of(
  'queues',
  'number of queues',
  uint(16, 'nsqr', 'I/O submission queues wanted, less one', { alias: alias('nq.nsqr') }),
  uint(16, 'ncqr', 'I/O completion queues wanted, less one', { alias: alias('nq.ncqr') }),
);
export const InterruptCoalescing = of(
  'coalescing',
  'interrupt coalescing',
  uint(8, 'thr', 'aggregation threshold, less one', { alias: alias('irqc.thr') }),
  uint(8, 'time', 'aggregation time', { unit: '100 us', alias: alias('irqc.time') }),
  reserved(16),
);
export const InterruptVector = of(
  'vector',
  'interrupt vector configuration',
  uint(16, 'iv', 'interrupt vector', { alias: alias('irqv.iv') }),
  flag('cd', 'coalescing disabled', { alias: alias('irqv.cd') }),
  reserved(15),
);
export const WriteAtomicity = of(
  'atomicity',
  'write atomicity normal',
  flag('dn', 'disable normal', { alias: alias('wan.dn') }),
  reserved(31),
);
/** Linux sets 900h on I/O controllers and 80000000h on discovery controllers. */
export const AsyncEventConfiguration = of(
  'async-event',
  'asynchronous event configuration',
  uint(8, 'smart', 'critical warnings of SMART', { format: 'hex', alias: alias('aec.smart') }),
  flag('namespaceAttribute', 'namespace attribute notices', { alias: alias('aec.ns') }),
  flag('firmwareActivation', 'firmware activation notices', { alias: alias('aec.fwa') }),
  flag('telemetry', 'telemetry log notices', { alias: alias('aec.tel') }),
  flag('ana', 'asymmetric namespace access changes', { alias: alias('aec.ana') }),
  flag('predictableLatency', 'predictable latency events', { alias: alias('aec.plat') }),
  flag('lbaStatus', 'LBA status information', { alias: alias('aec.lba') }),
  flag('enduranceGroup', 'endurance group events', { alias: alias('aec.eg') }),
  flag('normalShutdown', 'normal shutdown of the subsystem'),
  reserved(11),
  flag('zoneDescriptor', 'zone descriptor changed'),
  reserved(3),
  flag('discovery', 'discovery log changed', { alias: alias('aec.disc') }),
);
export const AutonomousPowerState = of(
  'apst',
  'autonomous power state transition',
  flag('apste', 'enabled', { alias: alias('apst.apste') }),
  reserved(31),
);
export const HostMemoryBuffer = of(
  'host-memory',
  'host memory buffer',
  flag('ehm', 'enabled'),
  flag('mr', 'memory returned'),
  reserved(30),
);
export const KeepAliveTimer = of(
  'keep-alive',
  'keep alive timer',
  uint(32, 'kato', 'timeout', { unit: 'ms', alias: alias('kat.kato') }),
);
export const ThermalManagement = of(
  'thermal',
  'host controlled thermal management',
  uint(16, 'tmt2', 'thermal management temperature 2', { unit: 'K', alias: alias('hctm.tmt2') }),
  uint(16, 'tmt1', 'thermal management temperature 1', { unit: 'K', alias: alias('hctm.tmt1') }),
);
export const NonOperationalPower = of(
  'non-operational',
  'non-operational power state configuration',
  flag('noppme', 'permissive mode', { alias: alias('nops.noppme') }),
  reserved(31),
);
export const LbaStatus = of(
  'lba-status',
  'LBA status information attributes',
  uint(16, 'lsiri', 'report interval', { unit: '100 ms', alias: alias('lbasi.lsiri') }),
  uint(16, 'lsipi', 'poll interval', { unit: '100 ms', alias: alias('lbasi.lsipi') }),
);
export const SanitizeConfig = of(
  'sanitize-config',
  'sanitize configuration',
  flag('nodrm', 'no-deallocate response mode', { alias: alias('san.nodrm') }),
  reserved(31),
);
export const EnduranceGroupEvents = of(
  'endurance',
  'endurance group event configuration',
  uint(16, 'endgid', 'endurance group', { alias: alias('eg.endgid') }),
  uint(8, 'egcw', 'critical warnings', { format: 'hex', alias: alias('eg.egcw') }),
  reserved(8),
);
export const SoftwareProgress = of(
  'progress',
  'software progress marker',
  uint(8, 'pbslc', 'pre-boot software load count', { alias: alias('swp.pbslc') }),
  reserved(24),
);
export const HostIdentifier = of(
  'host-id',
  'host identifier',
  flag('exhid', '128-bit host identifier', { alias: alias('hid.exhid') }),
  reserved(31),
);
export const ReservationNotification = of(
  'reservation-mask',
  'reservation notification mask',
  reserved(1),
  flag('regpre', 'mask registration preempted', { alias: alias('rsrvn.regpre') }),
  flag('resrel', 'mask reservation released', { alias: alias('rsrvn.resrel') }),
  flag('respre', 'mask reservation preempted', { alias: alias('rsrvn.resrpe') }),
  reserved(28),
);
export const ReservationPersistence = of(
  'reservation-persistence',
  'reservation persistence',
  flag('ptpl', 'persist through power loss', { alias: alias('rsrvp.ptpl') }),
  reserved(31),
);
export const WriteProtection = of(
  'write-protection',
  'namespace write protection',
  uint(3, 'wps', 'state', {
    names: { 0: 'NONE', 1: 'PROTECTED', 2: 'UNTIL_POWER_CYCLE', 3: 'PERMANENT' },
    alias: alias('nswp.wps'),
  }),
  reserved(29),
);
/** A feature whose dword is not declared here. */
export const UnknownFeature = of(
  'dword',
  'not known',
  uint(32, 'value', 'the dword', { format: 'hex' }),
);

/** Dwords 12 to 15 behind a feature's dword 11. */
export const FeatureTail = nvmeHeader(
  'Feature-tail',
  [
    uint(32, 'cdw12', 'feature specific', { format: 'hex' }),
    uint(32, 'cdw13', 'feature specific', { format: 'hex' }),
    word(
      uint(7, 'uuid', 'UUID index', { alias: 'nvme.cmd.set_features.dword14.uuid' }),
      uint(25, 'cdw14', 'rest of dword 14, feature specific', { format: 'hex' }),
    ),
    uint(32, 'cdw15', 'feature specific', { format: 'hex' }),
  ],
  {
    key: 'nvme-feat-tail',
    title: 'Feature: command dwords 12 to 15',
    section: 'NVMe Base 2.0 5.27',
  },
);

export const featureTail = entryPart(FeatureTail);
export const unknownFeature = entryPart(UnknownFeature);

/** Features by identifier: binding space 'nvme-feature'. */
export const features: readonly (readonly [number, Protocol])[] = [
  [1, entryPart(Arbitration)],
  [2, entryPart(PowerManagement)],
  [3, entryPart(LbaRangeType)],
  [4, entryPart(TemperatureThreshold)],
  [5, entryPart(ErrorRecovery)],
  [6, entryPart(VolatileWriteCache)],
  [7, entryPart(NumberOfQueues)],
  [8, entryPart(InterruptCoalescing)],
  [9, entryPart(InterruptVector)],
  [10, entryPart(WriteAtomicity)],
  [11, entryPart(AsyncEventConfiguration)],
  [12, entryPart(AutonomousPowerState)],
  [13, entryPart(HostMemoryBuffer)],
  [15, entryPart(KeepAliveTimer)],
  [16, entryPart(ThermalManagement)],
  [17, entryPart(NonOperationalPower)],
  [21, entryPart(LbaStatus)],
  [23, entryPart(SanitizeConfig)],
  [24, entryPart(EnduranceGroupEvents)],
  [128, entryPart(SoftwareProgress)],
  [129, entryPart(HostIdentifier)],
  [130, entryPart(ReservationNotification)],
  [131, entryPart(ReservationPersistence)],
  [132, entryPart(WriteProtection)],
];
