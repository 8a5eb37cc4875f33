// What is known for good of a volume in copies: which of them are whole, and which regions may differ between them. A file
// of two slots, written in turn, so that one of them is whole at any time; each is a line of text with a CRC in front.

import {
  closeSync,
  existsSync,
  fdatasync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { crc32c } from '../../../protocols/core/checksum/index.js';
import { EIO, type IoError, OK } from '../volume.js';

/** Regions of a volume: as few as fit a slot, and none so small that writes are noted again and again. */
const MOST_REGIONS = 8192;
const LEAST_REGION = 1024 * 1024;
const SLOT = 16 * 1024;

/** whole: has all that was acknowledged. behind: misses what is marked. new: misses everything. */
export type Standing = 'whole' | 'behind' | 'new';

export interface RecordedCopy {
  /** Where it is, as it was named. */
  readonly at: string;
  readonly is: Standing;
}

interface Contents {
  readonly generation: number;
  readonly size: number;
  readonly minimumBlock: number;
  readonly copies: readonly RecordedCopy[];
  /** A digit for each region: 1 where it was written since all copies were flushed. */
  readonly marked: string;
}

/** Where the record of a volume is, unless somebody chose another place. */
export const recordOf = (firstStore: string, volume: string): string =>
  `${firstStore}.${encodeURIComponent(volume)}.copies`;

export const regionBytes = (size: number): number =>
  Math.max(LEAST_REGION, 2 ** Math.ceil(Math.log2(size / MOST_REGIONS)));

type Done = (error: IoError) => void;

export class CopyRecord {
  size: number;
  readonly minimumBlock: number;
  copies: readonly RecordedCopy[];
  /** Bytes of a region. */
  region: number;
  /** One for each region that may differ between copies, in what is on disk or goes there next. */
  marked: Uint8Array;
  #generation: number;
  #file: number | undefined;
  #isWriting = false;
  #isFenced = false;
  /** Who waits for the write under way, and for the one behind it. */
  #next: Done[] = [];

  private constructor(contents: Contents) {
    this.size = contents.size;
    this.minimumBlock = contents.minimumBlock;
    this.copies = contents.copies;
    this.#generation = contents.generation;
    this.region = regionBytes(this.size);
    this.marked = new Uint8Array(Math.ceil(this.size / this.region));
    for (let r = 0; r < this.marked.length; r++)
      this.marked[r] = contents.marked[r] === '1' ? 1 : 0;
  }

  /** @throws RangeError when it is there and cannot be read; undefined when it is not there */
  static open(path: string): CopyRecord | undefined {
    if (!existsSync(path)) return undefined;
    const file = openSync(path, 'r+');
    const slots = [readSlot(file, 0), readSlot(file, 1)].filter((found) => found !== undefined);
    const [newest] = slots.sort((a, b) => b.generation - a.generation);
    if (newest === undefined) {
      closeSync(file);
      throw new RangeError(`${path} does not say which copies are whole: it is damaged`);
    }
    const record = new CopyRecord(newest);
    record.#file = file;
    return record;
  }

  /** A record that comes into being whole: a crash on the way leaves none. */
  static make(path: string, contents: Omit<Contents, 'generation' | 'marked'>): CopyRecord {
    const record = new CopyRecord({ ...contents, generation: 0, marked: '' });
    const draft = `${path}.new`;
    const file = openSync(draft, 'w+');
    record.#file = file;
    record.#put();
    fsyncSync(file);
    renameSync(draft, path);
    const folder = openSync(dirname(path), 'r');
    fsyncSync(folder);
    closeSync(folder);
    return record;
  }

  get generation(): number {
    return this.#generation;
  }

  get isMarked(): boolean {
    return this.marked.includes(1);
  }

  /** Another size, before the volume is served: marks go with their bytes. To be kept after the copies have it. */
  resize(size: number): void {
    const { marked, region } = this;
    this.size = size;
    this.region = regionBytes(size);
    this.marked = new Uint8Array(Math.ceil(size / this.region));
    marked.forEach((is, i) => {
      const end = Math.min(size, (i + 1) * region);
      if (is === 1)
        for (let at = i * region; at < end; at += Math.min(region, this.region))
          this.marked[Math.floor(at / this.region)] = 1;
    });
  }

  /** Makes all that was changed before the call durable. One write serves all that wait. */
  keep(done: Done): void {
    this.#next.push(done);
    if (!this.#isWriting) this.#write();
  }

  #write(): void {
    const waiting = this.#next.splice(0);
    if (waiting.length === 0) return;
    this.#isWriting = true;
    const end = (failure: unknown) => {
      this.#isWriting = false;
      // After a failed sync nobody knows what is on disk.
      this.#isFenced ||= failure !== null;
      for (const done of waiting) done(this.#isFenced ? EIO : OK);
      this.#write();
    };
    try {
      if (this.#isFenced || this.#file === undefined) throw new Error('the record cannot be kept');
      this.#put();
      fdatasync(this.#file, end);
    } catch (error) {
      setImmediate(end, error);
    }
  }

  /** @throws Error of the file system */
  #put(): void {
    this.#generation++;
    const { size, minimumBlock, copies } = this;
    const marked = this.marked.join('');
    const contents: Contents = {
      ...{ generation: this.#generation, size, minimumBlock, copies, marked },
    };
    const text = JSON.stringify(contents);
    const line = `${crcOf(text)} ${text}`.padEnd(SLOT - 1);
    if (Buffer.byteLength(line) >= SLOT) throw new Error('the copies have names that are too long');
    const bytes = Buffer.from(`${line}\n`);
    const at = (this.#generation % 2) * SLOT;
    for (let done = 0; done < bytes.length; )
      done += writeSync(this.#file!, bytes, done, bytes.length - done, at + done);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

function crcOf(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return (crc32c(bytes, 0, bytes.length) >>> 0).toString(16).padStart(8, '0');
}

/** What a slot says; undefined where it is torn. */
function readSlot(file: number, index: number): Contents | undefined {
  const bytes = Buffer.alloc(SLOT);
  readSync(file, bytes, 0, SLOT, index * SLOT);
  const [, crc, text] = /^([0-9a-f]{8}) (\{.*\}) *\n$/.exec(bytes.toString()) ?? [];
  return text !== undefined && crcOf(text) === crc ? (JSON.parse(text) as Contents) : undefined;
}
