// Runs of machine memory: those behind a program's buffer, and their bytes.

import {
  type Actor,
  type AddressSpace,
  CHUNK_BYTES,
  COPY,
  type Ledger,
  type MachineMemory,
  PAGE_4K,
} from '../memory/index.js';
import type { Nanos } from '../time/index.js';
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
    if (last && last.address + last.length === machine && machine % CHUNK_BYTES > 0)
      last.length += size;
    else runs.push({ address: machine, length: size });
    done += size;
  }
  return runs;
}

/** The bytes of all runs in one array, as a device that fetches them has them. */
// hot
export function gather(
  memory: MachineMemory,
  segments: readonly Segment[],
  into: Uint8Array,
  at = 0,
): void {
  let to = at;
  for (let i = 0; i < segments.length; i++) {
    let { address, length } = segments[i]!;
    while (length > 0) {
      const size = Math.min(length, CHUNK_BYTES - (address % CHUNK_BYTES));
      const bytes = memory.locate(address);
      const from = memory.at;
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
  memory: MachineMemory,
  segments: readonly Segment[],
  from: Uint8Array,
  at = 0,
): void {
  let done = at;
  for (let i = 0; i < segments.length; i++) {
    let { address, length } = segments[i]!;
    while (length > 0) {
      const size = Math.min(length, CHUNK_BYTES - (address % CHUNK_BYTES));
      const into = memory.locate(address);
      into.set(from.subarray(done, done + size), memory.at);
      done += size;
      address += size;
      length -= size;
    }
  }
}

/** A core's copy between two runs of less than a chunk, neither across chunks; its nanoseconds, and the ledger has it. */
export function copyRun(
  now: Nanos,
  by: { readonly ledger: Ledger; readonly core: Actor; readonly bitsPerSecond: number },
  memory: MachineMemory,
  source: number,
  target: number,
  length: number,
): number {
  const from = memory.locate(source);
  const begin = memory.at;
  const into = memory.locate(target);
  if (from === into) into.copyWithin(memory.at, begin, begin + length);
  else into.set(from.subarray(begin, begin + length), memory.at);
  const ns = Math.ceil((length * 8e9) / by.bitsPerSecond);
  by.ledger.piece(now, by.core, COPY, length, ns, source, target, 0);
  by.ledger.operation(by.core, COPY, ns);
  return ns;
}
