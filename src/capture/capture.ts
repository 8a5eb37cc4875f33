// One input of packets, whatever it is: records one after the other, in bounded memory. Reading is asynchronous by
// the piece and synchronous by the record, because a promise a record would cost more than reading it.

import {
  type CaptureDamage,
  type CaptureFile,
  CaptureReader,
  CaptureRecord,
  isCaptureFile,
} from '../../protocols/pcap/index.js';
import type { ByteSource, Pieces } from './bytes.js';
import { type HexText, parseHexText } from './hex-text.js';
import { guessLinkType } from './link.js';

/** Hex text is read whole; longer ones are no text that anybody pasted. */
export const HEX_TEXT_LIMIT = 64 * 1024 * 1024;

/** Bytes that tell a capture file from text. */
const MAGIC_SIZE = 4;

export interface CaptureOptions {
  /** Link type of hex text, which cannot say it: 1 Ethernet, 101 raw IP, 247 InfiniBand; guessed unless given. */
  readonly linkType?: number;
}

/**
 * ```ts
 * const capture = await openCapture(input);
 * while (await capture.fill()) while (capture.next()) use(capture.record);
 * if (capture.damage) console.error(describeDamage(capture.damage));
 * ```
 * `for await (const record of capture)` does the same more slowly. The record is one object, filled again.
 */
export class Capture implements AsyncIterable<CaptureRecord> {
  /** What is wrong with the input; every record before it was given. Null until it is known. */
  damage: CaptureDamage | null = null;
  readonly #source: ByteSource;
  readonly #options: CaptureOptions;
  readonly #reader = new CaptureReader();
  #packets: HexPackets | undefined;
  #started = false;
  #ended = false;

  constructor(source: ByteSource, options: CaptureOptions = {}) {
    this.#source = source;
    this.#options = options;
  }

  /** The record that `next` found; its bytes last until the next call. */
  get record(): CaptureRecord {
    return this.#packets?.record ?? this.#reader.record;
  }

  /** What a capture file says of itself; undefined for hex text and before the first record. */
  get file(): CaptureFile | undefined {
    return this.#reader.file;
  }

  /** Bytes of the input, packed as it lies there; undefined where nobody knows. */
  get size(): number | undefined {
    return this.#source.size;
  }

  /** How many of them have been read. */
  get position(): number {
    return this.#source.position();
  }

  /** Brings more bytes; false at the end. `next` must have returned false. */
  async fill(): Promise<boolean> {
    if (this.#ended) return false;
    try {
      const piece = this.#started ? await this.#source.pieces.next() : await this.#first();
      if (!piece.done) {
        if (!this.#packets) this.#reader.push(piece.value);
        return true;
      }
    } catch (error) {
      if (!isPackedDamage(error)) throw error;
      return this.#end(packedDamage(error, this.position));
    }
    return this.#end(this.#packets ? this.#packets.damage : this.#reader.finish());
  }

  /** The next record of the bytes that are there. */
  next(): boolean {
    if (this.#packets) return this.#packets.next();
    if (this.#reader.next()) return true;
    if (this.#reader.damage) this.damage = this.#reader.damage;
    return false;
  }

  /** Stops reading. Only needed by those who do not read to the end. */
  async close(): Promise<void> {
    this.#ended = true;
    await this.#source.pieces.return();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<CaptureRecord, void, undefined> {
    try {
      while (await this.fill()) while (this.next()) yield this.record;
    } finally {
      await this.close();
    }
  }

  /** The first bytes tell what the input is; hex text is taken whole. */
  async #first(): Promise<IteratorResult<Uint8Array, void>> {
    this.#started = true;
    const { pieces } = this.#source;
    const { head, done } = await gather(pieces, MAGIC_SIZE);
    if (head.length === 0) return { done: true, value: undefined };
    if (head.length >= MAGIC_SIZE && isCaptureFile(head)) return { done: false, value: head };
    const whole = done ? { head, done } : await gather(pieces, HEX_TEXT_LIMIT + 1, head);
    this.#packets = new HexPackets(whole.head, this.#options.linkType);
    return { done: false, value: head };
  }

  async #end(damage: CaptureDamage | null): Promise<false> {
    this.damage ??= damage;
    await this.close();
    return false;
  }
}

/** At least `size` bytes, or all that there are. One piece is passed on as it is. */
async function gather(pieces: Pieces, size: number, first?: Uint8Array) {
  const parts: Uint8Array[] = first ? [first.slice()] : [];
  let length = first?.length ?? 0;
  while (length < size) {
    const { value, done } = await pieces.next();
    if (done) return { head: Buffer.concat(parts), done: true };
    length += value.length;
    if (parts.length === 0 && length >= size) return { head: value, done: false };
    parts.push(value.slice());
  }
  return { head: Buffer.concat(parts), done: false };
}

/** The packets of a hex text as records. */
class HexPackets {
  readonly record = new CaptureRecord();
  readonly damage: CaptureDamage | null;
  readonly #text: HexText;
  readonly #linkType: number | undefined;

  constructor(bytes: Uint8Array, linkType?: number) {
    const tooLong = bytes.length > HEX_TEXT_LIMIT;
    const isText = !tooLong && !bytes.subarray(0, 4096).includes(0);
    this.#text = isText
      ? parseHexText(new TextDecoder().decode(bytes))
      : { packets: [], bad: null };
    this.#linkType = linkType;
    this.record.timed = false;
    const expected = 'a pcap or pcapng file, gzipped or not, or hex text';
    const none = { code: 'unsupported', what: '', field: '', offset: -1, expected } as const;
    if (!isText)
      this.damage = { ...none, found: tooLong ? 'more text than 64 MiB' : 'other bytes' };
    else
      this.damage =
        this.#damaged() ?? (this.#text.packets.length ? null : { ...none, found: 'no hex' });
  }

  next(): boolean {
    const packet = this.#text.packets[this.record.number];
    if (!packet) return false;
    const { record } = this;
    record.number++;
    record.bytes = packet;
    record.end = packet.length;
    record.originalLength = packet.length;
    record.linkType = this.#linkType ?? guessLinkType(packet);
    return true;
  }

  #damaged(): CaptureDamage | null {
    const { bad, packets } = this.#text;
    if (!bad) return null;
    const what = `hex text, line ${bad.line}`;
    const expected =
      packets.length === 0 ? 'a pcap or pcapng file, gzipped or not, or hex text' : bad.why;
    return { code: 'bad-value', what, field: '', offset: -1, expected, found: `'${bad.text}'` };
  }
}

/** zlib's errors have codes of their own; others (a disk that fails) are not the file's fault. */
const isPackedDamage = (error: unknown): error is Error & { readonly code: string } =>
  error instanceof Error && /^Z_/.test(String((error as { code?: unknown }).code));

function packedDamage(error: Error & { readonly code: string }, offset: number): CaptureDamage {
  const code = error.code === 'Z_BUF_ERROR' ? 'truncated' : 'bad-value';
  return {
    code,
    what: 'gzip stream',
    field: '',
    offset,
    expected: 'a whole one',
    found: error.message,
  };
}
