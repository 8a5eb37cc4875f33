// Cuts a block request into pieces that a driver takes, and says what may be merged: limits on bytes, segments and gaps.

import type { DriverRequest, QueueLimits } from './driver.js';
import { type BlockRequest, movesData, type Segment } from './request.js';

/** Most bytes of one request of this kind. */
export function mostBytes({ op }: BlockRequest | DriverRequest, limits: QueueLimits): number {
  if (op === 'discard') return limits.maxDiscardBytes;
  if (op === 'write-zeroes') return limits.maxZeroBytes;
  return limits.maxTransferBytes;
}

/** May a run that begins there follow one that ends there? Only whole pages between both ends, where so wanted. */
const follows = (end: number, next: number, boundary: number): boolean =>
  boundary === 1 || end === next || (end % boundary === 0 && next % boundary === 0);

/** Bytes of the next piece: whole blocks, as many as the limits allow; 0 where segments are too small for a block. */
// hot
export function pieceLength(request: BlockRequest, from: number, limits: QueueLimits): number {
  const most = Math.min(request.length - from, mostBytes(request, limits));
  if (!movesData(request.op)) return most;
  const { segments } = request;
  let size = 0;
  let count = 0;
  let end = -1;
  let skip = from;
  for (let i = 0; i < segments.length && size < most; i++) {
    const { address, length } = segments[i]!;
    if (skip >= length) {
      skip -= length;
      continue;
    }
    const begin = address + skip;
    if (count === limits.maxSegments) break;
    if (count > 0 && !follows(end, begin, limits.virtBoundaryBytes)) break;
    size += length - skip;
    end = address + length;
    skip = 0;
    count++;
  }
  size = Math.min(size, most);
  return size - (size % limits.blockBytes);
}

/** Adds the segments of `length` bytes of the request, from there on. */
// hot
export function addSegments(
  into: Segment[],
  { segments }: BlockRequest,
  from: number,
  length: number,
): void {
  let skip = from;
  let left = length;
  for (let i = 0; left > 0; i++) {
    const segment = segments[i]!;
    if (skip >= segment.length) {
      skip -= segment.length;
      continue;
    }
    const size = Math.min(segment.length - skip, left);
    const isWhole = size === segment.length;
    into.push(isWhole ? segment : { address: segment.address + skip, length: size });
    left -= size;
    skip = 0;
  }
}

/** May this piece of `request` join `earlier`? At its end, at its beginning, or not. */
// hot
export function mergesAt(
  earlier: DriverRequest,
  request: BlockRequest,
  from: number,
  length: number,
  limits: QueueLimits,
): 'back' | 'front' | undefined {
  if (earlier.op !== request.op || earlier.fua !== request.fua || request.op === 'flush')
    return undefined;
  if (earlier.length + length > mostBytes(request, limits)) return undefined;
  const offset = request.offset + from;
  const isBehind = offset === earlier.offset + earlier.length;
  if (!isBehind && offset + length !== earlier.offset) return undefined;
  if (!movesData(request.op)) return isBehind ? 'back' : 'front';
  // Pieces of split requests are as long as can be: only whole requests merge.
  if (length !== request.length) return undefined;
  const { segments } = request;
  if (earlier.segments.length + segments.length > limits.maxSegments) return undefined;
  const first = isBehind ? earlier.segments.at(-1)! : segments.at(-1)!;
  const second = isBehind ? segments[0]! : earlier.segments[0]!;
  if (!follows(first.address + first.length, second.address, limits.virtBoundaryBytes))
    return undefined;
  return isBehind ? 'back' : 'front';
}
