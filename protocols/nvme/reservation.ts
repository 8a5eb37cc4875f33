// Reservations of namespaces (Base 2.0 7.2 to 7.5): the commands' dwords, and the keys and states that they carry.

import { bytes, flag, reserved, uint, word } from '../core/field.js';
import { protocol } from '../core/protocol.js';
import { entryPart, nvmeHeader } from './base.js';
import { takeEntries } from './list.js';
import { reservationTypes } from './names.js';

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
const reservationStatusFields = [
  uint(32, 'gen', 'generation'),
  rtype,
  uint(16, 'regctl', 'registered controllers'),
  reserved(16),
  uint(8, 'ptpls', 'persists through power loss'),
  reserved(112),
] as const;
export const ReservationStatus = nvmeHeader('ReservationStatus', reservationStatusFields, {
  key: 'nvme-reservation-status',
  title: 'Reservation status',
  section: 'NVMe Base 2.0 7.5',
});
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

/** With EDS in the command: room for 128-bit host identifiers. */
export const ReservationStatusExtended = nvmeHeader(
  'ReservationStatusExtended',
  [...reservationStatusFields, reserved(320)],
  {
    key: 'nvme-reservation-status-ext',
    title: 'Reservation status, extended',
    section: 'NVMe Base 2.0 7.5',
  },
);
export const RegisteredControllerExtended = nvmeHeader(
  'RegisteredControllerExtended',
  [
    uint(16, 'cntlid', 'controller', { format: 'hex' }),
    holds,
    reserved(40),
    rkey,
    bytes(16, 'hostid', 'host identifier', { format: 'uuid' }),
    reserved(256),
  ],
  {
    key: 'nvme-registered-ctrl-ext',
    title: 'Registered controller, extended',
    section: 'NVMe Base 2.0 7.5',
  },
);

const named = (what: string) => ({ info: () => what });

export const reservationRegister = entryPart(ReservationRegister, named('Reservation Register'));
export const reservationReport = entryPart(ReservationReport, named('Reservation Report'));
export const reservationAcquire = entryPart(ReservationAcquire, named('Reservation Acquire'));
export const reservationRelease = entryPart(ReservationRelease, named('Reservation Release'));
export const registerData = protocol(RegisterData);
export const acquireData = protocol(AcquireData);
export const releaseData = protocol(ReleaseData);
export const registeredController = protocol(RegisteredController);
export const registeredControllerExtended = protocol(RegisteredControllerExtended);
export const reservationStatus = protocol(ReservationStatus, {
  read(walk) {
    const at = walk.take(reservationStatus);
    if (at < 0) return null;
    takeEntries(walk, registeredController, ReservationStatus.get.regctl(walk.bytes, at));
    return undefined;
  },
});
export const reservationStatusExtended = protocol(ReservationStatusExtended, {
  read(walk) {
    const at = walk.take(reservationStatusExtended);
    if (at < 0) return null;
    const count = ReservationStatusExtended.get.regctl(walk.bytes, at);
    takeEntries(walk, registeredControllerExtended, count);
    return undefined;
  },
});
