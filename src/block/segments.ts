// Runs of machine memory: those behind a program's buffer, and their bytes.

import { type AddressSpace, PAGE_4K, type PhysicalMemory } from '../memory/index.js';
import type { Segment } from './request.js';

/** The runs behind a buffer: pages that lie together make one. @throws RangeError where nothing is mapped */
export function segmentsOf(space: AddressSpace, address: bigint, length: number): Segment[] {
  const runs: { address: number; length: number }[] = [];
  for (let done = 0; done < length; ) {
    const at = address + BigInt(done);
    const machine = space.translate(at);
    if (machine < 0) throw new RangeError(`nothing is mapped at ${at}`);
    const size = Math.min(length - done, PAGE_4K - (machine % PAGE_4K));
    const last = runs.at(-1);
    if (last && last.address + last.length === machine) last.length += size;
    else runs.push({ address: machine, length: size });
    done += size;
  }
  return runs;
}

/** The bytes of all runs in one array, as a device that fetches them has them. */
// hot
export function gather(
  memory: PhysicalMemory,
  segments: readonly Segment[],
  into: Uint8Array,
  at = 0,
): void {
  let to = at;
  for (let i = 0; i < segments.length; i++) {
    let { address, length } = segments[i]!;
    while (length > 0) {
      const bytes = memory.locate(address);
      const from = memory.at;
      const size = Math.min(length, memory.end - from);
      if (bytes === into) into.copyWithin(to, from, from + size);
      else into.set(bytes.subarray(from, from + size), to);
      to += size;
      address += size;
      length -= size;
    }
  }
}

/** Puts bytes into the runs, in order. */
// hot
export function scatter(
  memory: PhysicalMemory,
  segments: readonly Segment[],
  from: Uint8Array,
  at = 0,
): void {
  let done = at;
  for (let i = 0; i < segments.length; i++) {
    let { address, length } = segments[i]!;
    while (length > 0) {
      const into = memory.locate(address);
      const size = Math.min(length, memory.end - memory.at);
      into.set(from.subarray(done, done + size), memory.at);
      done += size;
      address += size;
      length -= size;
    }
  }
}

export function zeroRun(memory: PhysicalMemory, address: number, length: number): void {
  for (let done = 0; done < length; ) {
    const bytes = memory.locate(address + done);
    const size = Math.min(length - done, memory.end - memory.at);
    bytes.fill(0, memory.at, memory.at + size);
    done += size;
  }
}
