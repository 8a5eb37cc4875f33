// Memory of a host through which the data of commands goes: one region, cut as needed. Who finds no room waits, and is
// called in turn.

import type { Computer } from '../../../host/index.js';
import { deregMr, type Mr, type Pd, regMr } from '../../../rdma/index.js';

const UNIT = 4096;
/** Local write, remote write and remote read: over iWARP, what a READ brings is written by the peer. */
const RIGHTS = 7;

interface Hole {
  from: number;
  to: number;
}

export class DataPool {
  readonly addr: bigint;
  readonly bytes: Uint8Array;
  readonly mr: Mr;
  /** Free parts, in order, none beside another. */
  readonly #holes: Hole[];
  readonly #waiting: (() => boolean)[] = [];

  constructor(
    readonly host: Computer,
    pd: Pd,
    size: number,
  ) {
    this.addr = host.space.allocate(size, { contiguous: true });
    this.bytes = host.space.bytes(this.addr, size);
    this.mr = regMr(pd, this.addr, size, RIGHTS);
    this.#holes = [{ from: 0, to: size }];
  }

  /** Where there is room for so many bytes; -1 when there is none now. */
  take(size: number): number {
    const need = Math.ceil(size / UNIT) * UNIT;
    const index = this.#holes.findIndex(({ from, to }) => to - from >= need);
    const hole = this.#holes[index];
    if (!hole) return -1;
    const at = hole.from;
    hole.from += need;
    if (hole.from === hole.to) this.#holes.splice(index, 1);
    return at;
  }

  give(at: number, size: number): void {
    const to = at + Math.ceil(size / UNIT) * UNIT;
    const behind = this.#holes.findIndex(({ from }) => from >= to);
    const index = behind < 0 ? this.#holes.length : behind;
    const before = this.#holes[index - 1];
    const next = this.#holes[index];
    if (before?.to === at) {
      before.to = to;
      if (next?.from === to) {
        before.to = next.to;
        this.#holes.splice(index, 1);
      }
    } else if (next?.from === to) next.from = at;
    else this.#holes.splice(index, 0, { from: at, to });
    while (this.#waiting.length > 0 && this.#waiting[0]!()) this.#waiting.shift();
  }

  /** `tries` is called when there may be room; true when it had enough, or needs none any more. */
  wait(tries: () => boolean): void {
    this.#waiting.push(tries);
  }

  close(): void {
    deregMr(this.mr);
    this.host.space.unmap(this.addr, this.bytes.length);
  }
}
