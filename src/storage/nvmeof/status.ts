// Statuses with which the target completes commands (Base 2.0 4.2.3, NVM Command Set 1.0 3.1.1). DNR is set where the
// same command would fail again; what may pass with time leaves it out, so that hosts try once more.

import {
  ECANCELED,
  EINVAL,
  ENOMEM,
  ENOSPC,
  ENOTSUP,
  EPERM,
  ESHUTDOWN,
  type IoError,
} from '../volume.js';

/** How a command ended. */
export interface Status {
  readonly sct: number;
  readonly sc: number;
  readonly dnr: boolean;
}

const GENERIC = 0;
const SPECIFIC = 1;
const MEDIA = 2;

const final = (sct: number, sc: number): Status => ({ sct, sc, dnr: true });
const passing = (sct: number, sc: number): Status => ({ sct, sc, dnr: false });

/** Statuses of the target by what they say. */
export const STATUS = {
  success: passing(GENERIC, 0x00),
  invalidOpcode: final(GENERIC, 0x01),
  invalidField: final(GENERIC, 0x02),
  commandIdConflict: final(GENERIC, 0x03),
  dataTransferError: passing(GENERIC, 0x04),
  internalError: passing(GENERIC, 0x06),
  abortRequested: passing(GENERIC, 0x07),
  sqDeleted: final(GENERIC, 0x08),
  invalidNamespace: final(GENERIC, 0x0b),
  commandSequenceError: final(GENERIC, 0x0c),
  sglCountInvalid: final(GENERIC, 0x0e),
  sglLengthInvalid: final(GENERIC, 0x0f),
  sglTypeInvalid: final(GENERIC, 0x11),
  sglOffsetInvalid: final(GENERIC, 0x16),
  hostIdFormat: final(GENERIC, 0x18),
  keepAliveExpired: final(GENERIC, 0x19),
  keepAliveInvalid: final(GENERIC, 0x1a),
  writeProtected: final(GENERIC, 0x20),
  transportError: passing(GENERIC, 0x22),
  lbaOutOfRange: final(GENERIC, 0x80),
  capacityExceeded: final(GENERIC, 0x81),
  namespaceNotReady: passing(GENERIC, 0x82),
  abortLimit: final(SPECIFIC, 0x03),
  eventLimit: final(SPECIFIC, 0x05),
  invalidLogPage: final(SPECIFIC, 0x09),
  notSaveable: final(SPECIFIC, 0x0d),
  notChangeable: final(SPECIFIC, 0x0e),
  connectFormat: final(SPECIFIC, 0x80),
  connectBusy: passing(SPECIFIC, 0x81),
  connectInvalid: final(SPECIFIC, 0x82),
  connectInvalidHost: final(SPECIFIC, 0x84),
  writeFault: passing(MEDIA, 0x80),
  readError: passing(MEDIA, 0x81),
  compareFailure: final(MEDIA, 0x85),
} as const satisfies Record<string, Status>;

const ofVolume: Readonly<Record<number, Status>> = {
  [EPERM]: STATUS.writeProtected,
  [ENOSPC]: STATUS.capacityExceeded,
  [ENOMEM]: STATUS.internalError,
  [EINVAL]: STATUS.invalidField,
  [ENOTSUP]: STATUS.invalidOpcode,
  [ECANCELED]: STATUS.abortRequested,
  [ESHUTDOWN]: STATUS.namespaceNotReady,
};

/** The status of what a volume failed to do. */
export const statusOf = (error: IoError, writing: boolean): Status =>
  error === 0
    ? STATUS.success
    : (ofVolume[error] ?? (writing ? STATUS.writeFault : STATUS.readError));
