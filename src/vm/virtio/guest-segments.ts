// Pieces of guest memory as runs of machine memory, so that a host's device can move data there by DMA, without a copy.

import type { Segment } from '../../block/index.js';
import type { GuestMemory } from '../guest-memory.js';
import type { Chain } from './chain.js';

/** The runs behind a piece of guest memory, which the guest has; pages that lie together make one. */
export function addRuns(
  memory: GuestMemory,
  address: number,
  lengthBytes: number,
  into: Segment[],
): void {
  for (let done = 0; done < lengthBytes; ) {
    const at = address + done;
    const length = Math.min(lengthBytes - done, memory.pageBytes - (at % memory.pageBytes));
    const machine = memory.translate(at);
    const last = into.at(-1);
    if (last && last.address + last.length === machine)
      into[into.length - 1] = { address: last.address, length: last.length + length };
    else into.push({ address: machine, length });
    done += length;
  }
}

/** The runs behind a part of what a device reads of a buffer, or of what it writes. */
export function chainRuns(
  memory: GuestMemory,
  chain: Chain,
  part: 'readable' | 'writable',
  skip: number,
  lengthBytes: number,
): Segment[] {
  const runs: Segment[] = [];
  const first = part === 'readable' ? 0 : chain.readable;
  const end = part === 'readable' ? chain.readable : chain.count;
  let passed = 0;
  let left = lengthBytes;
  for (let i = first; i < end && left > 0; i++) {
    const begin = Math.max(0, skip - passed);
    const length = Math.min(left, chain.lengths[i]! - begin);
    passed += chain.lengths[i]!;
    if (length <= 0) continue;
    addRuns(memory, chain.addresses[i]! + begin, length, runs);
    left -= length;
  }
  return runs;
}
