// What the bridge gives a card that does not cut: the frames of a guest's large one, cut in the host's kernel as late as it can
// (generic segmentation offload). Texts stay where they lie; every frame has headers of its own.

import type { BridgedFrame } from './bridge.js';
import type { TransmitSide } from './card.js';
import { LOCK, MM, NETDEV, SKB } from './category.js';
import type { KernelParts } from './context.js';
import { PacketView } from './packet-view.js';
import { pieceHeaders, seqOf, setPartial } from './segmentation.js';

const view = new PacketView();

/** Pieces that a frame's text may lie in, beside its headers. */
const MOST_TEXTS = 3;

/** Entries of the ring that it may take. */
export const entriesOf = ({ length, headerLength, unit }: BridgedFrame): number =>
  Math.ceil((length - headerLength) / unit) * (1 + MOST_TEXTS);

/** Puts all frames into the queue; false when there is no memory for their headers. */
// hot
export function cutFrame(parts: KernelParts, frame: BridgedFrame, side: TransmitSide): boolean {
  const { bill, heads, memory, profile } = parts;
  const { headerLength, unit } = frame;
  const text = frame.length - headerLength;
  for (let from = 0, index = 0; from < text; from += unit, index++) {
    const block = heads.take();
    if (block < 0) return false;
    const size = Math.min(unit, text - from);
    const head = memory.locate(frame.addresses[0]!);
    const headAt = memory.at;
    const copy = memory.locate(heads.address(block));
    const { at } = memory;
    for (let i = 0; i < headerLength; i++) copy[at + i] = head[headAt + i]!;
    view.read(copy, at, Number.POSITIVE_INFINITY);
    pieceHeaders(copy, view, index, from, size, text, seqOf(copy, view));
    view.end = at + headerLength + size;
    setPartial(copy, view);
    bill.charge(LOCK, profile.queueLock);
    bill.charge(NETDEV, profile.gsoSegment + profile.deviceOut);
    bill.charge(SKB, profile.skbAlloc);
    bill.charge(MM, profile.skbMemory);
    side.begin(0, 0, true);
    side.piece(heads.address(block), headerLength, heads, block);
    bill.charge(NETDEV, profile.descriptorOut * addText(frame, headerLength + from, size, side));
    side.end(headerLength + size);
    heads.release(block);
  }
  return true;
}

/** Bytes `from` to `from + length` of the frame; in how many pieces. */
// hot
function addText(frame: BridgedFrame, from: number, length: number, side: TransmitSide): number {
  const { addresses, lengths, keepers, blocks } = frame;
  let count = 0;
  let left = length;
  for (let i = 0, at = 0; left > 0; at += lengths[i]!, i++) {
    const skip = Math.max(0, from - at);
    const size = Math.min(left, lengths[i]! - skip);
    if (size <= 0) continue;
    side.piece(addresses[i]! + skip, size, keepers[i]!, blocks[i]!);
    left -= size;
    count++;
  }
  return count;
}
