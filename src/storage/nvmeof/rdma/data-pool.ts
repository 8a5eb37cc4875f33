// Memory of a host through which the data of commands goes: one region, cut as needed. Who finds no room waits, and is
// called in turn.

import type { Computer } from '../../../host/index.js';
import { type Address, type AddressSpace, plainAddress } from '../../../memory/index.js';
import { deregMr, type Mr, type Pd, regMr } from '../../../rdma/index.js';

const UNIT = 4096;
/** Local write, remote write and remote read: over iWARP, what a READ brings is written by the peer. */
const RIGHTS = 7;

interface Hole {
  from: number;
  to: number;
}

export class DataPool {
  readonly addr: Address;
  readonly #virtual: bigint;
  readonly bytes: Uint8Array;
  readonly mr: Mr;
  /** Free parts, in order, none beside another. */
  readonly #holes: Hole[];
  readonly #waiting: (() => boolean)[] = [];
  /** Pieces that are taken. */
  #taken = 0;
  #retired: (() => void) | undefined;

  constructor(
    readonly host: Computer,
    pd: Pd,
    size: number,
  ) {
    [this.#virtual, this.bytes] = inOnePiece(host.space, size);
    this.addr = plainAddress(this.#virtual);
    this.mr = regMr(pd, this.#virtual, size, RIGHTS);
    this.#holes = [{ from: 0, to: size }];
  }

  /** Where there is room for so many bytes; -1 when there is none now. */
  // hot
  take(size: number): number {
    const need = Math.ceil(size / UNIT) * UNIT;
    const holes = this.#holes;
    for (let i = 0; i < holes.length; i++) {
      const hole = holes[i]!;
      if (hole.to - hole.from < need) continue;
      this.#taken++;
      const at = hole.from;
      hole.from += need;
      if (hole.from === hole.to) holes.splice(i, 1);
      return at;
    }
    return -1;
  }

  // hot
  give(at: number, size: number): void {
    this.#taken--;
    const to = at + Math.ceil(size / UNIT) * UNIT;
    const holes = this.#holes;
    let index = 0;
    while (index < holes.length && holes[index]!.from < to) index++;
    const before = index > 0 ? holes[index - 1] : undefined;
    const next = index < holes.length ? holes[index] : undefined;
    if (before?.to === at) {
      before.to = to;
      if (next?.from === to) {
        before.to = next.to;
        holes.splice(index, 1);
      }
    } else if (next?.from === to) next.from = at;
    else holes.splice(index, 0, { from: at, to });
    while (this.#waiting.length > 0 && this.#waiting[0]!()) this.#waiting.shift();
    this.#closeIfUnused();
  }

  /** `tries` is called when there may be room; true when it had enough, or needs none any more. */
  wait(tries: () => boolean): void {
    this.#waiting.push(tries);
  }

  /** Nobody takes any more: the memory goes when all that was taken has come back; then `done` is called. */
  retire(done: () => void): void {
    this.#retired = done;
    this.#closeIfUnused();
  }

  #closeIfUnused(): void {
    if (this.#taken > 0 || this.#retired === undefined) return;
    deregMr(this.mr);
    this.host.space.unmap(this.#virtual, this.bytes.length);
    this.#retired();
    this.#retired = undefined;
  }
}

/**
 * Memory whose bytes lie in one array. A machine's memory lies in chunks, and pages that follow each other may be of two of
 * them; what is taken while those are held begins behind the border.
 */
function inOnePiece(space: AddressSpace, size: number): readonly [bigint, Uint8Array<ArrayBuffer>] {
  const first = space.allocate(size, { contiguous: true });
  if (space.isTogether(first, size)) return [first, space.bytes(first, size)];
  try {
    const second = space.allocate(size, { contiguous: true });
    return [second, space.bytes(second, size)];
  } finally {
    space.unmap(first, size);
  }
}
