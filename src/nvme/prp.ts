// PRP entries (NVMe Base 2.0 4.1.1): where the data of a command lies, as pages. The first may begin anywhere in its page; a
// second entry is a page or, where more are needed, the address of a list, whose last entry leads to the next list.

import type { Segment } from '../block/index.js';
import type { PhysicalMemory } from '../memory/index.js';
import { getAddress, setAddress } from '../memory/physical-bytes.js';
import type { ControllerMemory } from './memory.js';
import { PageAddress } from './registers.js';
import { DATA_TRANSFER_ERROR, PRP_OFFSET_INVALID } from './status.js';

export const PRP_PAGE = 4096;
const ENTRY = PageAddress.size;

/** Runs of memory that lie together become one. */
function addRun(runs: Segment[], address: number, length: number): void {
  const last = runs.at(-1);
  if (last && last.address + last.length === address)
    runs[runs.length - 1] = { address: last.address, length: last.length + length };
  else runs.push({ address, length });
}

/** The runs of memory behind a command's data, or a status that refuses it. */
export function readPrps(
  memory: ControllerMemory,
  prp1: number,
  prp2: number,
  lengthBytes: number,
): Segment[] | number {
  const runs: Segment[] = [];
  if (prp1 % 4 !== 0) return PRP_OFFSET_INVALID;
  const first = Math.min(lengthBytes, PRP_PAGE - (prp1 % PRP_PAGE));
  if (!memory.holds(prp1, first)) return DATA_TRANSFER_ERROR;
  addRun(runs, prp1, first);
  const left = lengthBytes - first;
  if (left === 0) return runs;
  if (left > PRP_PAGE) return readLists(memory, prp2, left, runs);
  if (prp2 % PRP_PAGE !== 0) return PRP_OFFSET_INVALID;
  if (!memory.holds(prp2, left)) return DATA_TRANSFER_ERROR;
  addRun(runs, prp2, left);
  return runs;
}

function readLists(
  memory: ControllerMemory,
  begin: number,
  lengthBytes: number,
  runs: Segment[],
): Segment[] | number {
  if (begin % ENTRY !== 0) return PRP_OFFSET_INVALID;
  const entries = new Uint8Array(PRP_PAGE);
  // Each list brings at least one page of data, so that this ends.
  for (let list = begin, left = lengthBytes; ; ) {
    const room = (PRP_PAGE - (list % PRP_PAGE)) / ENTRY;
    if (!memory.holds(list, room * ENTRY)) return DATA_TRANSFER_ERROR;
    const wanted = Math.ceil(left / PRP_PAGE);
    const pages = wanted > room ? room - 1 : wanted;
    if (pages === 0) return PRP_OFFSET_INVALID; // a list of nothing but a way to the next
    memory.read(list, Math.min(room, wanted) * ENTRY, entries, 0);
    for (let i = 0; i < pages; i++) {
      const page = getAddress(entries, i * ENTRY);
      const length = Math.min(left, PRP_PAGE);
      if (page % PRP_PAGE !== 0) return PRP_OFFSET_INVALID;
      if (!memory.holds(page, length)) return DATA_TRANSFER_ERROR;
      addRun(runs, page, length);
      left -= length;
    }
    if (left === 0) return runs;
    list = getAddress(entries, pages * ENTRY);
    if (list % PRP_PAGE !== 0) return PRP_OFFSET_INVALID;
  }
}

/** The pages of a driver's data. @throws RangeError when they do not fit the list */
export function writePrps(
  memory: PhysicalMemory,
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
