// What a command comes to (NVMe Base 2.0 4.2.3): the statuses that this controller gives, and what they mean to a block layer.

import type { BlockStatus } from '../block/index.js';

export interface NvmeStatus {
  /** Status code type and code: 0 and 0 is success. */
  readonly sct: number;
  readonly sc: number;
}

export const generic = (sc: number): NvmeStatus => ({ sct: 0, sc });
const specific = (sc: number): NvmeStatus => ({ sct: 1, sc });

export const SUCCESS: NvmeStatus = generic(0);
export const INVALID_OPCODE = generic(1);
export const INVALID_FIELD = generic(2);
export const COMMAND_ID_CONFLICT = generic(3);
const INTERNAL_ERROR = generic(6);
export const INVALID_NAMESPACE = generic(11);
export const WRITE_PROTECTED = generic(32);
export const LBA_OUT_OF_RANGE = generic(128);
const CAPACITY_EXCEEDED = generic(129);
export const CQ_INVALID = specific(0);
export const QID_INVALID = specific(1);
export const QUEUE_SIZE_INVALID = specific(2);
export const EVENT_LIMIT = specific(5);
export const VECTOR_INVALID = specific(8);
export const INVALID_LOG_PAGE = specific(9);
export const DELETION_INVALID = specific(12);
const UNRECOVERED_READ: NvmeStatus = { sct: 2, sc: 0x81 };

/** What is wrong with PRP entries, as generic codes. */
export const DATA_TRANSFER_ERROR = 4;
export const PRP_OFFSET_INVALID = 19;

/** How a controller says what became of the medium's request. */
export function nvmeStatusOf(status: BlockStatus): NvmeStatus {
  if (status === 'BLK_STS_OK') return SUCCESS;
  if (status === 'BLK_STS_NOSPC') return CAPACITY_EXCEEDED;
  return status === 'BLK_STS_MEDIUM' ? UNRECOVERED_READ : INTERNAL_ERROR;
}

/** What a driver makes of it, as Linux does (nvme_error_status). */
export function blockStatusOf(sct: number, sc: number): BlockStatus {
  if (sct === 0 && sc === 0) return 'BLK_STS_OK';
  if (sct === 2) return 'BLK_STS_MEDIUM';
  if (sct !== 0) return 'BLK_STS_IOERR';
  if (sc === 1 || sc === 2 || sc === 11) return 'BLK_STS_NOTSUPP';
  if (sc === 128 || sc === 32) return 'BLK_STS_TARGET';
  return sc === 129 ? 'BLK_STS_NOSPC' : 'BLK_STS_IOERR';
}
