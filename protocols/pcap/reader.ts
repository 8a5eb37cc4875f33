// Reads capture files that come in chunks: bytes in, records out. A pure machine without node: whoever has the
// file pushes chunks. What straddles two chunks is carried over; nothing else is copied.

import type { CaptureDamage } from './bound.js';
import { LINKTYPE_ERF, openErf } from './erf.js';
import { type CaptureFile, type Format, hex, type Reading, type SkippedBlock } from './format.js';
import { PcapFormat, pcapOrder } from './pcap-format.js';
import { PcapFile } from './pcap-header.js';
import { isPcapng, PcapngFormat } from './pcapng-format.js';
import { CaptureRecord } from './record.js';

/** Bytes that tell the format. */
const MAGIC_SIZE = 4;
const NOTHING = new Uint8Array(0);

/** What a capture reader accepts. */
export interface CaptureReaderOptions {
  /** Called with every pcapng block that carries no packet and is not read otherwise. */
  readonly skipped?: (block: SkippedBlock) => void;
}

/**
 * ```ts
 * const reader = new CaptureReader();
 * for (const chunk of chunks) {
 *   reader.push(chunk);
 *   while (reader.next()) use(reader.record);
 * }
 * if (reader.finish()) console.error(describeDamage(reader.damage));
 * ```
 */
export class CaptureReader {
  /** The record that `next` found. Its bytes may be gone after the next call of `next`. */
  readonly record = new CaptureRecord();
  /** What is wrong with the file; nothing more is read behind it. */
  damage: CaptureDamage | null = null;
  #format: Format | undefined;
  // The window that is being read: the chunk, or carried bytes with the chunk waiting behind them.
  #bytes: Uint8Array = NOTHING;
  #at = 0;
  #end = 0;
  #inCarry = false;
  #carry: Uint8Array = NOTHING;
  #chunk: Uint8Array = NOTHING;
  #chunkAt = 0;
  #chunkEnd = 0;
  /** Offset in the file of the byte at `#at`. */
  #offset = 0;
  /** Offset in the file of the unit that is being read, and bytes that were last missing for it. */
  #unitAt = 0;
  #need = MAGIC_SIZE;
  readonly #reading: Reading;

  constructor(options: CaptureReaderOptions = {}) {
    this.#reading = {
      record: this.record,
      fail: (code, what, field, at, expected, found) => {
        this.damage = { code, what, field, offset: this.#unitAt + at, expected, found };
        return false;
      },
      skipped: options.skipped ?? (() => {}),
    };
  }

  /** What is known of the file; undefined until its first bytes have been read by `next`. */
  get file(): CaptureFile | undefined {
    return this.#format?.file;
  }

  /**
   * Takes the next bytes of the file. They may be reused once `next` has returned false.
   * @throws Error when bytes that were pushed before have not been read to their end
   */
  push(chunk: Uint8Array, from = 0, to = chunk.length): void {
    if (this.#chunkAt < this.#chunkEnd || (!this.#inCarry && this.#at < this.#end)) {
      if (this.damage) return;
      throw new Error('push: call next() until it returns false first');
    }
    this.#chunk = chunk;
    this.#chunkAt = from;
    this.#chunkEnd = to;
    if (!this.#inCarry) this.#openChunk();
  }

  /** Moves to the next record; false when more bytes are needed or the file is damaged. // hot */
  next(): boolean {
    if (this.damage) return false;
    if (this.#inCarry && this.#at === this.#end) this.#openChunk();
    for (;;) {
      let need = this.#format === undefined ? MAGIC_SIZE : this.#format.head;
      const left = this.#end - this.#at;
      if (left >= need) {
        this.#unitAt = this.#offset;
        if (this.#format === undefined && !this.#detect()) return false;
        const format = this.#format!;
        if (left >= format.head) {
          need = format.measure(this.#bytes, this.#at);
          if (need === 0) return false;
        } else {
          need = format.head;
        }
        if (left >= need) {
          if (this.#take(format, need)) return true;
          if (this.damage) return false;
          continue;
        }
      }
      if (!this.#gather(need)) return false;
    }
  }

  /** To be called at the end of the file, after `next` returned false: tells whether it ended well. */
  finish(): CaptureDamage | null {
    const left = this.#end - this.#at;
    if (this.damage || (left === 0 && this.#format && this.#offset > 0)) return this.damage;
    const what = this.#format?.unit ?? 'capture file';
    const found = left === 0 ? 'none' : `${left} before the file ends`;
    this.#unitAt = this.#offset;
    this.#reading.fail('truncated', what, '', 0, `${this.#need} bytes`, found);
    return this.damage;
  }

  #take(format: Format, size: number): boolean {
    const at = this.#at;
    const offset = this.#offset;
    this.#at = at + size;
    this.#offset = offset + size;
    if (format.accept(this.#bytes, at, at + size)) {
      this.record.offset = offset;
      this.record.number++;
      if (this.record.linkType === LINKTYPE_ERF) openErf(this.record);
      return true;
    }
    if (this.#inCarry && this.#at === this.#end) this.#openChunk();
    return false;
  }

  #detect(): boolean {
    const [b, at] = [this.#bytes, this.#at];
    const order = pcapOrder(b, at);
    if (order) {
      this.#format = new PcapFormat(order, PcapFile[order].get.magicNumber(b, at), this.#reading);
      return true;
    }
    if (isPcapng(b, at)) {
      this.#format = new PcapngFormat(this.#reading);
      return true;
    }
    const found = hex(PcapFile.be.get.magicNumber(b, at));
    const expected = 'the magic number of a pcap or pcapng file';
    return this.#reading.fail('unsupported', 'capture file', 'magicNumber', 0, expected, found);
  }

  /** Goes on reading in the chunk that was pushed. */
  #openChunk(): void {
    this.#inCarry = false;
    this.#bytes = this.#chunk;
    this.#at = this.#chunkAt;
    this.#end = this.#chunkEnd;
    this.#chunkAt = this.#chunkEnd;
  }

  /** Brings `need` bytes together in the carry, as far as they are there; false when no byte was added. */
  #gather(need: number): boolean {
    this.#need = need;
    if (!this.#inCarry) {
      const left = this.#end - this.#at;
      if (left === 0) return false;
      this.#reserve(left, 0);
      this.#carry.set(this.#bytes.subarray(this.#at, this.#end));
      this.#bytes = this.#carry;
      this.#at = 0;
      this.#end = left;
      this.#inCarry = true;
      return false;
    }
    const left = this.#end - this.#at;
    const count = Math.min(need - left, this.#chunkEnd - this.#chunkAt);
    if (count <= 0) return false;
    this.#reserve(this.#end + count, this.#end);
    this.#carry.set(this.#chunk.subarray(this.#chunkAt, this.#chunkAt + count), this.#end);
    this.#bytes = this.#carry;
    this.#end += count;
    this.#chunkAt += count;
    return true;
  }

  /** Makes room for `size` bytes and keeps the first `kept`. Grows with bytes that came, not with promises. */
  #reserve(size: number, kept: number): void {
    if (this.#carry.length >= size) return;
    const larger = new Uint8Array(Math.max(4096, 2 * size));
    larger.set(this.#carry.subarray(0, kept));
    this.#carry = larger;
  }
}
