// A CPU's copy: the one way in which a core moves bytes from buffer to buffer. It moves them and writes the
// ledger, so that whoever copies is seen.

import type { Nanos } from '../time/nanos.js';
import { type AddressSpace, folded } from './address-space.js';
import { type Actor, COPY, type Ledger } from './ledger.js';
import { nodeOf, PAGE_4K } from './machine-memory.js';
import type { UserPlace } from './page-table.js';
import type { PhysicalMemory } from './physical-memory.js';
import { UsageError } from './usage-error.js';

/** Who copies, and how fast; the time is the caller's to spend on its core. */
export interface Copier {
  readonly ledger: Ledger;
  readonly core: Actor;
  readonly bitsPerSecond: number;
  /** Where the core is, if memory of other nodes is to cost more. */
  readonly far?: FarMemory | undefined;
}

/** What a core's copies wait for memory of other nodes. */
export interface FarMemory {
  /** The core's node. */
  node: number;
  nsPerByte: number;
  /** Nanoseconds of the last copy, which are part of its answer. */
  ns: number;
}

// hot
function isFar(far: FarMemory, source: number, target: number): number {
  return (nodeOf(source) === far.node ? 0 : 1) + (nodeOf(target) === far.node ? 0 : 1);
}

/**
 * Copies as memmove does between two spaces of one machine, and answers the nanoseconds that it takes.
 * @throws UsageError EFAULT when an address is not mapped or the target is read-only
 */
export function copy(
  now: Nanos,
  { ledger, core, bitsPerSecond, far }: Copier,
  from: AddressSpace,
  source: bigint,
  to: AddressSpace,
  target: bigint,
  lengthBytes: number,
  flow = 0,
): number {
  const readAt = folded(source);
  const writeAt = folded(target);
  faults(from, { at: readAt }, lengthBytes, false);
  faults(to, { at: writeAt }, lengthBytes, true);
  // As memmove: backwards where the target would overwrite what is still to be read.
  const backwards = from === to && writeAt > readAt && writeAt < readAt + lengthBytes;
  let done = 0;
  let farBytes = 0;
  while (done < lengthBytes) {
    const left = lengthBytes - done;
    const room = (at: number) =>
      backwards ? ((at + left - 1) % PAGE_4K) + 1 : PAGE_4K - (at % PAGE_4K);
    const skip = backwards ? 0 : done;
    const length = Math.min(left, room(readAt + skip), room(writeAt + skip));
    const offset = backwards ? left - length : done;
    const bytes = from.memory.locate(from.translateFolded(readAt + offset));
    const begin = from.memory.at;
    const sourceAddress = from.memory.machine;
    const into = to.memory.locate(to.translateFolded(writeAt + offset));
    const targetAddress = to.memory.machine;
    if (bytes === into) into.copyWithin(to.memory.at, begin, begin + length);
    else into.set(bytes.subarray(begin, begin + length), to.memory.at);
    const ns = timeOf(length, bitsPerSecond);
    ledger.piece(now, core, COPY, length, ns, sourceAddress, targetAddress, flow);
    if (far !== undefined) farBytes += length * isFar(far, sourceAddress, targetAddress);
    done += length;
  }
  const took = timeOf(lengthBytes, bitsPerSecond) + waits(far, farBytes);
  ledger.operation(core, COPY, took);
  return took;
}

/**
 * Copies between a process's buffer and memory that the kernel knows by its machine address, in one piece there. The
 * caller's addresses are folded, so that nothing is made for a copy. Answers its nanoseconds.
 * @throws UsageError EFAULT when the buffer is not mapped, or read-only and written to
 */
// hot
export function copyMachine(
  now: Nanos,
  { ledger, core, bitsPerSecond, far }: Copier,
  space: AddressSpace,
  place: UserPlace,
  address: number,
  lengthBytes: number,
  into: 'kernel' | 'user',
  flow = 0,
): number {
  const { at } = place;
  faults(space, place, lengthBytes, into === 'user');
  const { memory } = space;
  let farBytes = 0;
  for (let done = 0; done < lengthBytes; ) {
    const room = PAGE_4K - ((at + done) % PAGE_4K);
    const length = Math.min(lengthBytes - done, room);
    cursor.at = at + done;
    const user = space.translatePlace(cursor);
    const source = into === 'kernel' ? user : address + done;
    const target = into === 'kernel' ? address + done : user;
    const from = memory.locate(source);
    const begin = memory.at;
    const read = memory.machine;
    const to = memory.locate(target);
    const written = memory.machine;
    if (from === to) to.copyWithin(memory.at, begin, begin + length);
    else to.set(from.subarray(begin, begin + length), memory.at);
    ledger.piece(now, core, COPY, length, timeOf(length, bitsPerSecond), read, written, flow);
    if (far !== undefined) farBytes += length * isFar(far, read, written);
    done += length;
  }
  const took = timeOf(lengthBytes, bitsPerSecond) + waits(far, farBytes);
  ledger.operation(core, COPY, took);
  return took;
}

/** Copies between two places that are known by their physical addresses, as a kernel does. Answers its nanoseconds. */
// hot
export function copyPhysical(
  now: Nanos,
  { ledger, core, bitsPerSecond, far }: Copier,
  memory: PhysicalMemory,
  source: number,
  target: number,
  lengthBytes: number,
  flow = 0,
): number {
  let farBytes = 0;
  for (let done = 0; done < lengthBytes; ) {
    const from = memory.locate(source + done);
    const begin = memory.at;
    const { machine } = memory;
    const left = memory.end - begin;
    const to = memory.locate(target + done);
    const length = Math.min(lengthBytes - done, left, memory.end - memory.at);
    if (from === to) to.copyWithin(memory.at, begin, begin + length);
    else to.set(from.subarray(begin, begin + length), memory.at);
    const ns = timeOf(length, bitsPerSecond);
    ledger.piece(now, core, COPY, length, ns, machine, memory.machine, flow);
    if (far !== undefined) farBytes += length * isFar(far, machine, memory.machine);
    done += length;
  }
  const took = timeOf(lengthBytes, bitsPerSecond) + waits(far, farBytes);
  ledger.operation(core, COPY, took);
  return took;
}

function waits(far: FarMemory | undefined, bytes: number): number {
  if (far === undefined) return 0;
  far.ns = Math.ceil(bytes * far.nsPerByte);
  return far.ns;
}

const timeOf = (bytes: number, bitsPerSecond: number): number =>
  Math.ceil((bytes * 8e9) / bitsPerSecond);

/** The page that is looked at. */
const cursor = { at: 0.5 };

/** All or nothing: a copy that would fault half-way does not begin. */
function faults(space: AddressSpace, place: UserPlace, lengthBytes: number, writes: boolean): void {
  const { at } = place;
  if (!Number.isInteger(lengthBytes) || lengthBytes < 0 || at < 0)
    throw new UsageError('EFAULT', `${lengthBytes} bytes at ${at} in ${space.name}`);
  for (cursor.at = at - (at % PAGE_4K); cursor.at < at + lengthBytes; cursor.at += PAGE_4K) {
    if (space.translatePlace(cursor) >= 0 && (!writes || space.writable)) continue;
    const what = writes ? 'writable' : 'mapped';
    throw new UsageError('EFAULT', `address ${cursor.at} of ${space.name} is not ${what}`);
  }
}
