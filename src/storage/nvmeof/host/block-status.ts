// What an NVMe status means to the block layer, and whether the command is to be sent again: as Linux's core.c has both
// (nvme_error_status, nvme_decide_disposition).

import type { BlockStatus } from '../../../block/index.js';
import type { Command } from './command.js';

/** nvme_max_retries. */
export const MOST_RETRIES = 5;
const GENERIC = 0;
const MEDIA = 2;
const PATH = 3;

const generic: Readonly<Record<number, BlockStatus>> = {
  1: 'BLK_STS_NOTSUPP', // invalid opcode
  2: 'BLK_STS_NOTSUPP', // invalid field
  11: 'BLK_STS_NOTSUPP', // invalid namespace
  32: 'BLK_STS_PROTECTION', // namespace is write protected (Linux: an I/O error)
  128: 'BLK_STS_TARGET', // LBA out of range
  129: 'BLK_STS_NOSPC', // capacity exceeded
  130: 'BLK_STS_TARGET', // namespace not ready
};
const media: Readonly<Record<number, BlockStatus>> = {
  128: 'BLK_STS_MEDIUM', // write fault
  129: 'BLK_STS_MEDIUM', // unrecovered read error
  130: 'BLK_STS_PROTECTION', // guard
  131: 'BLK_STS_PROTECTION', // application tag
  132: 'BLK_STS_PROTECTION', // reference tag
  133: 'BLK_STS_MEDIUM', // compare failure
  134: 'BLK_STS_MEDIUM', // access denied
  135: 'BLK_STS_MEDIUM', // unwritten block
};

export function blockStatusOf({ sct, sc }: Command): BlockStatus {
  if (sct === GENERIC && sc === 0) return 'BLK_STS_OK';
  if (sct === PATH) return 'BLK_STS_TRANSPORT';
  return (sct === GENERIC ? generic[sc] : sct === MEDIA ? media[sc] : undefined) ?? 'BLK_STS_IOERR';
}
