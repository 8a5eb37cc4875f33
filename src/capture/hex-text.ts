// Packets as people paste them: plain hex, xxd, hexdump, od, tcpdump -x/-xx/-X, Wireshark's byte panes. The form
// is told line by line from what the line looks like, offsets say where packets begin.

import { RECORD_LIMIT } from '../../protocols/pcap/bound.js';

/** Packets of one text, or the line that is none of the known forms. */
export interface HexText {
  readonly packets: readonly Uint8Array[];
  /** The first line that could not be read, counted from 1. Packets before it are whole. */
  readonly bad: { readonly line: number; readonly text: string; readonly why: string } | null;
}

/** A wrapped packet's lines are at most this long (xxd -p writes 30 bytes a line); longer ones are packets each. */
const WRAPPED_LINE = 32;

/** offset, colon or not, groups of digits, and what the tool shows as text. */
const dumpLine = /^\s*(?:0x)?([0-9a-f]{4,8})(:?)(?:\s{1,3}(?=\S)|\s*$)(.*)$/i;
const pairs = /^(?:[0-9a-f]{2}(?: {1,2}(?=[0-9a-f]{2}(?:\s|$))|(?=\s|$))){1,16}/i;
const words = /^(?:[0-9a-f]{4} ?){0,8}(?:[0-9a-f]{2})?(?=\s|$)/i;

interface DumpLine {
  /** The offset's digits: hexadecimal, or octal as od writes it. */
  readonly offset: string;
  readonly bytes: Uint8Array;
}

/** Reads every packet of `text`. */
export function parseHexText(text: string): HexText {
  const lines = text.split(/\r?\n/);
  const first = lines.find((line) => line.trim() !== '' && !isRemark(line)) ?? '';
  return isDump(first, lines) ? parseDump(lines) : parsePlain(lines);
}

const isRemark = (line: string): boolean => /^\s*(#|\/\/|;)/.test(line);

/** A dump has offsets that begin at zero, or tcpdump's line of text above them. */
function isDump(first: string, lines: readonly string[]): boolean {
  if (/^\s*(0x)?0{4,8}:?(\s|$)/i.test(first)) return true;
  return lines.some((line) => /^\s*0x0000:\s/.test(line));
}

function parseDump(lines: readonly string[]): HexText {
  const packets: Uint8Array[] = [];
  const open = new OpenPacket(packets);
  for (const [i, text] of lines.entries()) {
    if (text.trim() === '*') {
      open.star = true;
      continue;
    }
    const line = readLine(text);
    if (line === null) open.close();
    else if (typeof line === 'string') return { packets, bad: bad(i, text, line) };
    else if (!open.add(line)) {
      return { packets, bad: bad(i, text, `expected offset ${open.length.toString(16)}h`) };
    }
  }
  open.close();
  return { packets, bad: null };
}

/** The packet whose lines are being read. */
class OpenPacket {
  length = 0;
  /** hexdump and od write '*' for lines that repeat the one before. */
  star = false;
  #parts: Uint8Array[] = [];
  /** od counts in octal, all others in hexadecimal; 0 until an offset told. */
  #radix = 0;
  readonly #packets: Uint8Array[];

  constructor(packets: Uint8Array[]) {
    this.#packets = packets;
  }

  /** False where the offset is not the one that must come. */
  add({ offset, bytes }: DumpLine): boolean {
    const at = Number.parseInt(offset, this.#radix || 16);
    if (at === 0 && bytes.length > 0) this.close();
    if (this.star && !this.#repeat(at)) return false;
    if (bytes.length === 0) return this.#endAt(at, Number.parseInt(offset, 8));
    if (at !== this.length) {
      if (this.#radix !== 0 || Number.parseInt(offset, 8) !== this.length) return false;
      this.#radix = 8;
    } else if (at > 0) this.#radix ||= 16;
    this.#parts.push(bytes);
    this.length += bytes.length;
    return true;
  }

  close(): void {
    if (this.length > 0) this.#packets.push(join(this.#parts, this.length));
    this.#parts = [];
    this.length = 0;
    this.star = false;
  }

  /** The last line of od and hexdump: only how long everything was; words may have a byte too many. */
  #endAt(...ends: number[]): boolean {
    const end = ends.find((n) => n === this.length || n === this.length - 1);
    if (end === undefined) return false;
    this.length = end;
    this.close();
    return true;
  }

  #repeat(until: number): boolean {
    const last = this.#parts.at(-1);
    this.star = false;
    if (!last || until < this.length || until > RECORD_LIMIT) return false;
    for (; this.length < until; this.length += last.length) this.#parts.push(last);
    return true;
  }
}

/** The line of a dump; null for a line between packets, a reason where it should have been one. */
function readLine(text: string): DumpLine | string | null {
  const match = dumpLine.exec(text);
  if (!match) return null;
  const [, offset = '', colon, body = ''] = match;
  if (body === '') return { offset, bytes: new Uint8Array(0) };
  const paired = pairs.exec(body);
  if (paired) return { offset, bytes: digits(paired[0]) };
  const worded = words.exec(body);
  // xxd and tcpdump write bytes in order and a colon; od and hexdump write words of this machine, lowest byte first.
  if (worded) return { offset, bytes: colon ? digits(worded[0]) : swapped(digits(worded[0])) };
  if (/^[0-7]{6}(\s|$)/.test(body)) return 'octal words: use od -tx1, xxd or hexdump -C';
  return /^[0-9a-f]+(\s|$)/i.test(body) ? 'digits that are no bytes or 16-bit words' : null;
}

function parsePlain(lines: readonly string[]): HexText {
  const packets: Uint8Array[] = [];
  let block: Uint8Array[] = [];
  const close = () => {
    packets.push(...unwrap(block));
    block = [];
  };
  for (const [i, text] of lines.entries()) {
    const line = text.replace(/(#|\/\/).*$/, '');
    if (line.trim() === '') {
      close();
      continue;
    }
    const found = plainHex(line);
    if (found === null) {
      close();
      return { packets, bad: bad(i, text, 'expected whole bytes in hex') };
    }
    block.push(found);
  }
  close();
  return { packets, bad: null };
}

/** The bytes of one line of hex digits with any separators; null where it is something else. */
export function plainHex(line: string): Uint8Array | null {
  const bare = line
    .replace(/0x|\\x/gi, ' ')
    .replaceAll(/[\s:,.;"'{}[\]-]+/g, ' ')
    .trim();
  if (!/^[0-9a-f ]+$/i.test(bare)) return null;
  const single = bare.split(' ').every((group) => group.length === 1);
  if (single && bare.length > 1) return null;
  return bare.replaceAll(' ', '').length % 2 === 0 ? digits(bare) : null;
}

/** Lines of equal length but for a shorter last one are one packet; otherwise each line is one. */
function unwrap(block: readonly Uint8Array[]): Uint8Array[] {
  const width = block[0]?.length ?? 0;
  const wrapped = block.every((line, i) =>
    i < block.length - 1 ? line.length === width : line.length <= width,
  );
  if (!wrapped || width > WRAPPED_LINE) return [...block];
  return block.length === 0 ? [] : [join(block)];
}

function join(parts: readonly Uint8Array[], length = Number.POSITIVE_INFINITY): Uint8Array {
  const size = Math.min(
    length,
    parts.reduce((sum, p) => sum + p.length, 0),
  );
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part.subarray(0, size - at), at);
    at += Math.min(part.length, size - at);
  }
  return whole;
}

const digits = (text: string): Uint8Array =>
  Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));

const swapped = (b: Uint8Array): Uint8Array =>
  b.map((_, i) => b[i % 2 === 0 ? i + 1 : i - 1] ?? b[i]!);

const bad = (index: number, text: string, why: string) => ({
  line: index + 1,
  text: text.slice(0, 60),
  why,
});
