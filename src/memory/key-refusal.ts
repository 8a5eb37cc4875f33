// Why a region is not registered with such rights, and which kind of outside an access is.

import { accessText, IBV_ACCESS_LOCAL_WRITE, REMOTE_CHANGES } from './access.js';
import { wraps } from './region.js';
import { UsageError } from './usage-error.js';
import type { Verdict } from './verdict.js';

/** ib_check_mr_access: what is written from afar must be writable at home. */
export function checkRights(access: number, allowed: number): void {
  if ((access & ~allowed) !== 0)
    throw new UsageError('EOPNOTSUPP', `rights ${accessText(access & ~allowed)}`);
  if ((access & REMOTE_CHANGES) !== 0 && (access & IBV_ACCESS_LOCAL_WRITE) === 0)
    throw new UsageError('EINVAL', `${accessText(access)} without IBV_ACCESS_LOCAL_WRITE`);
}

/** Which kind of outside. */
export function outside(
  offset: number,
  lengthBytes: number,
  vaHigh: number,
  vaLow: number,
  length: number,
): Verdict {
  if (wraps(vaHigh, vaLow, length)) return 'wraps';
  if (offset < 0) return 'below-region';
  return offset >= lengthBytes ? 'above-region' : 'straddles-end';
}
