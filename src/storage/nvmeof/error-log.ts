// The error log of a controller (Base 2.0 5.16.1.2): the last commands that failed, the newest first.

import { nvme } from '../../../protocols/index.js';
import { NOWHERE, type Request } from './request.js';

/** ELPE of Identify is one less. */
export const ERROR_ENTRIES = 128;
/** PEL: no byte of the command is to blame. */
const NO_BYTE = 0xff;

export class ErrorLog {
  count = 0;
  /** Newest first. */
  readonly #entries: Uint8Array[] = [];

  add(sqid: number, request: Request, trtype: number): void {
    const { sct, sc, dnr } = request.status;
    const entry = nvme.ErrorEntry.encode({
      errorCount: BigInt(++this.count),
      sqid,
      cid: request.cid,
      sct,
      sc,
      more: 1,
      dnr: dnr ? 1 : 0,
      pelByte: request.location === NOWHERE ? NO_BYTE : Math.min(request.location, NO_BYTE),
      lba: 0n,
      nsid: request.nsid,
      trtype,
      opcode: request.opcode,
    });
    this.#entries.unshift(entry);
    this.#entries.length = Math.min(this.#entries.length, ERROR_ENTRIES);
  }

  page(): Uint8Array {
    const page = new Uint8Array(ERROR_ENTRIES * nvme.ErrorEntry.size);
    this.#entries.forEach((entry, i) => {
      page.set(entry, i * entry.length);
    });
    return page;
  }
}
