// A command of a plain NVMe/TCP host, its data in an array: for tests of the target without memory and cores.

import { CQE, CQEResult } from '../../../protocols/nvme/cqe.js';
import { SQE, SQE_SIZE } from '../../../protocols/nvme/sqe-header.js';
import type { Direction } from '../../../src/storage/nvmeof/request.js';

const NOTHING = new Uint8Array(0);

/** How a command ended: the status, or that nobody knows, because the connection went before it was answered. */
export type Ending = 'open' | 'done' | 'lost';

export class Command {
  readonly sqe = new Uint8Array(SQE_SIZE);
  direction: Direction = 'none';
  data: Uint8Array = NOTHING;
  at = 0;
  length = 0;
  readonly result = new Uint8Array(CQEResult.size);
  sct = 0;
  sc = 0;
  dnr = false;
  ending: Ending = 'open';
  /** Head of the submission queue that its completion told. */
  sqhd = 0;

  get cid(): number {
    return SQE.get.cid(this.sqe, 0);
  }

  get succeeded(): boolean {
    return this.ending === 'done' && this.sct === 0 && this.sc === 0;
  }

  /** It succeeded, and that is all that is known. */
  succeed(): void {
    this.result.fill(0);
    this.sct = 0;
    this.sc = 0;
    this.dnr = false;
    this.ending = 'done';
  }

  /** Takes what a completion says. */
  complete(b: Uint8Array, at: number): void {
    const cqeAt = at + CQEResult.size;
    const { get } = CQE;
    this.result.set(b.subarray(at, cqeAt));
    this.sct = get.sct(b, cqeAt);
    this.sc = get.sc(b, cqeAt);
    this.dnr = get.dnr(b, cqeAt) === 1;
    this.sqhd = get.sqhd(b, cqeAt);
    this.ending = 'done';
  }
}
