// A file as the store's disk. Reads and writes are system calls on the page cache; fdatasync runs on another thread.

import { closeSync, fdatasync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import type { Disk } from './disk.js';

export class FileDisk implements Disk {
  readonly #file: number;
  #size: number;

  /** Opens the file, which is made where there is none. @throws Error of the file system */
  constructor(path: string) {
    this.#file = openSync(path, 'a+');
    closeSync(this.#file);
    this.#file = openSync(path, 'r+');
    this.#size = fstatSync(this.#file).size;
  }

  get size(): number {
    return this.#size;
  }

  read(at: number, b: Uint8Array, from: number, to: number): void {
    let done = 0;
    while (from + done < to) {
      const size = readSync(this.#file, b, from + done, to - from - done, at + done);
      if (size === 0) break;
      done += size;
    }
    b.fill(0, from + done, to);
  }

  write(at: number, b: Uint8Array, from: number, to: number): void {
    for (let done = 0; from + done < to; ) {
      done += writeSync(this.#file, b, from + done, to - from - done, at + done);
    }
    this.#size = Math.max(this.#size, at + to - from);
  }

  sync(done: (error: Error | null) => void): void {
    fdatasync(this.#file, done);
  }

  close(): void {
    closeSync(this.#file);
  }
}
