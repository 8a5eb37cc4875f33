// Pages of one process mapped into another, or elsewhere in the same, as mremap(2) and page-flipping sockets do it: entries
// of page tables are written instead of bytes copied.

import type { Thread, Wait } from '../cpu/index.js';
import { type AddressSpace, folded, PAGE_4K } from '../memory/index.js';
import { MM } from './category.js';
import type { Kernel } from './kernel.js';

/**
 * Maps the pages at `source` of a space at `target` of another, where nothing is mapped.
 * @throws UsageError EFAULT or EINVAL
 */
export function* mapPages(
  kernel: Kernel,
  thread: Thread,
  from: AddressSpace,
  source: bigint,
  to: AddressSpace,
  target: bigint,
  lengthBytes: number,
): Generator<Wait, void, void> {
  const { profile } = kernel.parts;
  kernel.enter(thread.now, thread.core);
  const pages = lengthBytes / PAGE_4K;
  for (let done = 0; done < lengthBytes; done += PAGE_4K)
    to.map(target + BigInt(done), from.translateFolded(folded(source) + done), PAGE_4K);
  kernel.bill.charge(MM, profile.mapCall + profile.mapPage * pages);
  yield thread.systemCall(kernel.bill.take(thread.core));
}
