// What the store needs of a file or of a device. Reads and writes happen at once (in the page cache); only `sync` takes
// time and makes things durable. Tests put a simulated disk here, which loses what was not synced, or lies.

export interface Disk {
  /** Fills `b` from `from` to `to`; bytes beyond the disk's end are zero. @throws Error when it cannot be read */
  read(at: number, b: Uint8Array, from: number, to: number): void;
  /** Grows the disk where it ends before. @throws Error, with code ENOSPC when there is no room */
  write(at: number, b: Uint8Array, from: number, to: number): void;
  /** Calls `done` when all that was written before this call is durable, or with what went wrong. */
  sync(done: (error: Error | null) => void): void;
  /** Bytes up to the end. */
  readonly size: number;
  close(): void;
}

/** Is it for want of room that the disk refused? */
export const isFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT', 'EFBIG'].includes((error as { code?: string }).code ?? '');
