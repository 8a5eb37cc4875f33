// PRP entries (NVMe Base 2.0 4.1.1): where the data of a command lies, as pages. The first may begin anywhere in its page; a
// second entry is a page or, where more are needed, the address of a list, whose last entry leads to the next list.

import type { Segment } from '../../block/index.js';
import type { GuestMemory } from '../guest-memory.js';
import { getAddress, setAddress } from '../virtio/guest-bytes.js';
import { addRuns } from '../virtio/guest-segments.js';
import { PageAddress } from './nvme-registers.js';

export const PRP_PAGE = 4096;
const ENTRY = PageAddress.size;

/** What is wrong with PRP entries, as status codes of a completion (generic, 4.2.3). */
export const DATA_TRANSFER_ERROR = 4;
export const PRP_OFFSET_INVALID = 19;

/** The runs of machine memory behind a command's data, or a status that refuses it. */
export function readPrps(
  memory: GuestMemory,
  prp1: number,
  prp2: number,
  lengthBytes: number,
): Segment[] | number {
  const runs: Segment[] = [];
  if (prp1 % 4 !== 0) return PRP_OFFSET_INVALID;
  const first = Math.min(lengthBytes, PRP_PAGE - (prp1 % PRP_PAGE));
  if (!memory.holds(prp1, first)) return DATA_TRANSFER_ERROR;
  addRuns(memory, prp1, first, runs);
  let left = lengthBytes - first;
  if (left === 0) return runs;
  if (left <= PRP_PAGE) {
    if (prp2 % PRP_PAGE !== 0) return PRP_OFFSET_INVALID;
    if (!memory.holds(prp2, left)) return DATA_TRANSFER_ERROR;
    addRuns(memory, prp2, left, runs);
    return runs;
  }
  if (prp2 % ENTRY !== 0) return PRP_OFFSET_INVALID;
  // Each list brings at least one page of data, so that this ends.
  for (let list = prp2; left > 0; ) {
    const entries = (PRP_PAGE - (list % PRP_PAGE)) / ENTRY;
    if (!memory.holds(list, entries * ENTRY)) return DATA_TRANSFER_ERROR;
    const wanted = Math.ceil(left / PRP_PAGE);
    const pages = Math.min(entries, wanted) - (wanted > entries ? 1 : 0);
    if (pages === 0) return PRP_OFFSET_INVALID; // a list of nothing but a way to the next
    for (let i = 0; i < pages; i++) {
      const b = memory.locate(list + i * ENTRY);
      const page = getAddress(b, memory.at);
      const length = Math.min(left, PRP_PAGE);
      if (page % PRP_PAGE !== 0) return PRP_OFFSET_INVALID;
      if (!memory.holds(page, length)) return DATA_TRANSFER_ERROR;
      addRuns(memory, page, length, runs);
      left -= length;
    }
    if (left === 0) break;
    const b = memory.locate(list + pages * ENTRY);
    list = getAddress(b, memory.at);
    if (list % PRP_PAGE !== 0) return PRP_OFFSET_INVALID;
  }
  return runs;
}

/** The pages of a driver's data. @throws RangeError when they do not fit the list */
export function writePrps(
  memory: GuestMemory,
  segments: readonly Segment[],
  list: number,
): { readonly prp1: number; readonly prp2: number } {
  const pages: number[] = [];
  for (const { address, length } of segments)
    for (let at = address; at < address + length; at += PRP_PAGE - (at % PRP_PAGE)) pages.push(at);
  const [prp1 = 0, second = 0] = pages;
  if (pages.length <= 2) return { prp1, prp2: second };
  if (pages.length - 1 > PRP_PAGE / ENTRY) throw new RangeError(`${pages.length} pages`);
  for (let i = 1; i < pages.length; i++) {
    const b = memory.locate(list + (i - 1) * ENTRY);
    setAddress(b, memory.at, pages[i]!);
  }
  return { prp1, prp2: list };
}
