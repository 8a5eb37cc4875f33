// What work requests do to regions and windows: BIND_MW, REG_MR, LOCAL_INV, and the invalidation that a peer asks
// for by SEND_WITH_INV. All of them answer a verdict; verdict.ts says what completion it means.

import {
  IBV_ACCESS_LOCAL_WRITE,
  IBV_ACCESS_MW_BIND,
  IBV_ACCESS_ZERO_BASED,
  REGION_RIGHTS,
  REMOTE_CHANGES,
  REMOTE_RIGHTS,
  WINDOW_RIGHTS,
} from './access.js';
import { type KeyTable, keyByte, keyIndex, keyOf } from './key-table.js';
import { PAGE_4K } from './machine-memory.js';
import {
  type Address,
  distance,
  highHalf,
  lowHalf,
  type ProtectionDomain,
  Region,
  Window,
  wraps,
} from './region.js';
import { Translation } from './translation.js';
import { UsageError } from './usage-error.js';
import type { OperationVerdict } from './verdict.js';

/** The queue pair whose work request or packet it is. */
export interface Bearer {
  readonly pd: ProtectionDomain;
  readonly qp: number;
}

export interface BindRequest {
  /** The window's present R_Key. */
  readonly window: number;
  /** Its low byte becomes the window's key byte. */
  readonly newKey: number;
  /** L_Key of the region; not looked at for length 0. */
  readonly region: number;
  /** Where in the region the window begins, as the region's addresses go. */
  readonly va: bigint;
  readonly lengthBytes: number;
  readonly access: number;
}

/** BIND_MW and ibv_bind_mw (IBA 10.6.7.2). Length 0 unbinds a window of type 1. */
export function bindWindow(keys: KeyTable, by: Bearer, request: BindRequest): OperationVerdict {
  const window = keys.find(request.window);
  if (typeof window === 'string') return window;
  if (!(window instanceof Window)) return 'wrong-kind';
  if (window.pd !== by.pd) return 'wrong-pd';
  if ((request.access & ~WINDOW_RIGHTS) !== 0) return 'bad-rights';
  if (window.type === 1 && (request.access & IBV_ACCESS_ZERO_BASED) !== 0) return 'zero-based';
  if (window.type === 2 && window.region !== null) return 'not-free';
  if (request.lengthBytes === 0) {
    if (window.type === 2) return 'empty';
    unbind(keys, window);
    rename(keys, window, request.newKey);
    return 'done';
  }
  const region = keys.find(request.region);
  if (typeof region === 'string') return region;
  if (!(region instanceof Region)) return 'wrong-kind';
  const refusal = refusesWindow(region, by, request);
  if (refusal !== null) return refusal;
  unbind(keys, window);
  rename(keys, window, request.newKey);
  place(window, region, request);
  if (window.type === 2) keys.own(window, by.qp);
  return 'done';
}

/** C10-72 to C10-75. */
function refusesWindow(region: Region, by: Bearer, request: BindRequest): OperationVerdict | null {
  if (!region.valid) return 'not-valid';
  if (region.pd !== by.pd) return 'wrong-pd';
  if ((region.access & IBV_ACCESS_ZERO_BASED) !== 0) return 'zero-based';
  if ((region.access & IBV_ACCESS_MW_BIND) === 0) return 'no-bind-right';
  const changes = (request.access & REMOTE_CHANGES) !== 0;
  if (changes && (region.access & IBV_ACCESS_LOCAL_WRITE) === 0) return 'no-local-write';
  const offset = offsetIn(region, request.va);
  if (offset < 0 || offset + request.lengthBytes > region.lengthBytes) return 'out-of-range';
  return null;
}

function offsetIn(region: Region, va: bigint): number {
  return distance(highHalf(va), lowHalf(va), region.startHigh, region.startLow);
}

function place(window: Window, region: Region, { va, lengthBytes, access }: BindRequest): void {
  const isZeroBased = (access & IBV_ACCESS_ZERO_BASED) !== 0;
  window.region = region;
  window.access = access;
  window.lengthBytes = lengthBytes;
  window.offset = offsetIn(region, va);
  window.startHigh = isZeroBased ? 0 : highHalf(va);
  window.startLow = isZeroBased ? 0 : lowHalf(va);
  region.windows++;
}

function unbind(keys: KeyTable, window: Window): void {
  if (window.region !== null) window.region.windows--;
  window.region = null;
  keys.disown(window);
  window.access = 0;
  window.lengthBytes = 0;
}

function rename(keys: KeyTable, window: Window, newKey: number): void {
  window.rkey = keyOf(keyIndex(window.rkey), keyByte(newKey));
  keys.changeByte(window.rkey);
}

/**
 * ib_map_mr_sg: prepares the page list of a fast region for its next REG_MR.
 * @throws UsageError when the pages do not exist, are too many or too few
 */
export function mapPages(
  keys: KeyTable,
  region: Region,
  pages: readonly number[],
  pageBytes: number,
  firstByte: number,
  lengthBytes: number,
  start: Address,
): void {
  if (region.kind !== 'fast') throw new UsageError('EINVAL', 'the region takes no page list');
  const isPower = pageBytes === PAGE_4K || Number.isInteger(Math.log2(pageBytes));
  if (!isPower || firstByte >= pageBytes || !(firstByte >= 0) || !(lengthBytes > 0))
    throw new UsageError(
      'EINVAL',
      `${lengthBytes} bytes from ${firstByte} in pages of ${pageBytes}`,
    );
  if (pages.length > region.maxPages || firstByte + lengthBytes > pages.length * pageBytes)
    throw new UsageError(
      'EINVAL',
      `${pages.length} pages of ${pageBytes} for ${lengthBytes} bytes`,
    );
  for (let i = 0; i < pages.length; i++) {
    const page = pages[i]!;
    if (page % pageBytes !== 0 || !keys.memory.holds(page, pageBytes))
      throw new UsageError('EFAULT', `there is no page of ${pageBytes} bytes at ${page}`);
  }
  if (start < 0 || wraps(highHalf(start), lowHalf(start), lengthBytes))
    throw new UsageError('EINVAL', `${lengthBytes} bytes at ${start} wrap around`);
  const translation = new Translation(keys.memory, pages, pageBytes, firstByte, lengthBytes);
  region.staged = { translation, start };
}

/** REG_MR (IBA 10.6.3.4, fast register): the consumer chooses the key byte. */
export function fastRegister(
  keys: KeyTable,
  by: Bearer,
  region: Region,
  newKey: number,
  access: number,
): OperationVerdict {
  if (region.kind !== 'fast') return 'wrong-kind';
  if (keys.find(region.lkey) !== region) return 'deregistered';
  if (region.valid) return 'not-free';
  if (region.pd !== by.pd) return 'wrong-pd';
  if (keyIndex(newKey) !== keyIndex(region.lkey)) return 'index-changed';
  const needsWrite = (access & REMOTE_CHANGES) !== 0 && (access & IBV_ACCESS_LOCAL_WRITE) === 0;
  if ((access & ~REGION_RIGHTS) !== 0 || needsWrite) return 'bad-rights';
  if (region.staged === null) return 'no-pages';
  const { translation, start } = region.staged;
  translation.pin();
  const first = (access & IBV_ACCESS_ZERO_BASED) !== 0 ? 0 : start;
  region.lkey = newKey;
  region.access = access;
  region.translation = translation;
  region.lengthBytes = translation.lengthBytes;
  region.startHigh = highHalf(first);
  region.startLow = lowHalf(first);
  region.valid = true;
  keys.changeByte(newKey);
  return 'done';
}

/** LOCAL_INV (IBA 10.6.5). */
export function invalidateLocally(keys: KeyTable, by: Bearer, key: number): OperationVerdict {
  return invalidate(keys, by, key, false);
}

/** What a SEND_WITH_INV asks for (IBA 9.4.1.1.3): the key must be one that serves remote access. */
export function invalidateRemotely(keys: KeyTable, by: Bearer, key: number): OperationVerdict {
  return invalidate(keys, by, key, true);
}

function invalidate(keys: KeyTable, by: Bearer, key: number, isRemote: boolean): OperationVerdict {
  const entry = keys.find(key);
  if (typeof entry === 'string') return entry;
  if (entry.pd !== by.pd) return 'wrong-pd';
  if (entry instanceof Window) {
    if (entry.type === 1) return 'wrong-kind'; // o10-37.2.26
    if (entry.region === null) return 'done';
    if (entry.qp !== by.qp) return 'wrong-qp';
    unbind(keys, entry);
    return 'done';
  }
  if (entry.kind !== 'fast') return 'wrong-kind';
  if (entry.windows > 0) return 'windows-bound';
  if (!entry.valid) return 'done';
  if (isRemote && (entry.access & REMOTE_RIGHTS) === 0) return 'bad-rights';
  entry.valid = false;
  keys.changed();
  entry.translation.unpin();
  return 'done';
}

/** A queue pair is gone: the windows of type 2B that it bound are free again (IBA 10.6.7.2.2). */
export function releaseWindows(keys: KeyTable, qp: number): void {
  for (const window of keys.windowsOf(qp)) unbind(keys, window);
}
