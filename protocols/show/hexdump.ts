// Annotated hex dumps: every byte is tied to its field. In rows, '|' stands between the bytes of two fields and
// the fields that begin in a row are named behind it in the same order and colour; in the form 'fields' each
// field has a line of its own.

import { formatHex } from '../core/address.js';
import { type FieldValue, isBytes } from '../core/field.js';
import type { Span } from '../core/header.js';
import type { Layer } from '../core/layer.js';
import type { Scene } from '../core/protocol.js';
import { nameOf, showValue } from '../core/value.js';
import { plain, type Style } from './style.js';

/** Points at bytes of the frame: [at, at + size), with a remark. */
export interface Mark {
  readonly at: number;
  readonly size: number;
  readonly text: string;
  /** The field that is meant where several share the bytes. */
  readonly field?: string;
}

/** How `hexDump` writes. */
export interface DumpOptions {
  readonly style?: Style;
  /** 'rows' of 16 bytes (default), or 'fields': one line a field. */
  readonly form?: 'rows' | 'fields';
  /** Rows shown of a byte string without structure; Infinity for all. 8 unless given. */
  readonly payloadRows?: number;
  readonly marks?: readonly Mark[];
  /** Columns that annotations may use before they go on in a new line. 120 unless given. */
  readonly width?: number;
  /** Only layers for which this holds. */
  readonly only?: (layer: Layer) => boolean;
}

const PER_ROW = 16;
/** Columns of a full row: two digits and a sign for each byte. */
const HEX_WIDTH = PER_ROW * 3 - 1;
/** Columns in front of what a row says: offset, bytes and the gaps behind both. */
const MARGIN = 6 + HEX_WIDTH + 2;
/** Longer values are cut in annotations; the bytes themselves stand beside them. */
const VALUE_WIDTH = 40;

/** The annotated dump of a frame, lines joined by newlines. Offsets are those in the frame. */
export function hexDump(scene: Scene, options: DumpOptions = {}): string {
  const style = options.style ?? plain;
  const lines: string[] = [];
  for (const layer of scene.layers) {
    if (options.only && !options.only(layer)) continue;
    lines.push(heading(layer, style));
    lines.push(
      ...(options.form === 'fields' ? fieldLines : rowLines)(scene, layer, options, style),
    );
  }
  return lines.join('\n');
}

function heading(layer: Layer, style: Style): string {
  const { header, key } = layer.protocol;
  const size = layer.end - layer.at;
  const where = header.section === '' ? '' : style.dim(`  ${header.section}`);
  const bytes = style.dim(`  ${size} byte${size === 1 ? '' : 's'}`);
  return `${'  '.repeat(layer.depth)}${style.layer(key)}  ${header.title}${bytes}${where}`;
}

/** One field with its bytes and how it reads. */
interface Piece {
  readonly span: Span;
  readonly index: number;
  readonly from: number;
  readonly to: number;
  readonly note: string;
}

/** The fields of a layer in the order of their bytes. */
export function pieces(layer: Layer): Piece[] {
  return layer.protocol.header.spans
    .map((span, index) => {
      const [from, to] = layer.range(span);
      return { span, index, from, to, note: annotation(span, layer.get(span.name)) };
    })
    .filter((p) => p.to > p.from);
}

function annotation(span: Span, value: FieldValue): string {
  if (isBytes(value) && (span.field.format === 'bytes' || span.field.format === undefined)) {
    return value.length > 8 ? span.name : `${span.name}=${formatHex(value)}`;
  }
  const text = nameOf(span.field, value) ?? showValue(span.field, value);
  return `${span.name}=${text.length > VALUE_WIDTH ? `${text.slice(0, VALUE_WIDTH - 3)}...` : text}`;
}

/** Reserved fields that are zero say nothing; they stay visible as bytes and in the form 'fields'. */
const silent = (p: Piece, layer: Layer) => {
  if (!p.span.field.reserved) return false;
  const value = layer.get(p.span.name);
  return isBytes(value) ? value.every((b) => b === 0) : Number(value) === 0;
};

function rowLines(scene: Scene, layer: Layer, options: DumpOptions, style: Style): string[] {
  const all = pieces(layer);
  const owners = byteOwners(layer, all);
  const lines: string[] = [];
  const most = options.payloadRows ?? 8;
  const tail = all.at(-1);
  const limit = tail && isLong(tail, most) ? tail.from + most * PER_ROW : layer.end;
  for (let at = layer.at; at < layer.end; at += PER_ROW) {
    if (at >= limit) {
      lines.push(style.dim(`      ... ${layer.end - at} more bytes`));
      break;
    }
    const end = Math.min(at + PER_ROW, layer.end);
    const notes = all
      .filter((p) => p.from >= at && p.from < end && !silent(p, layer))
      .map((p) => ({ index: p.index, text: rowNote(p, scene, at, end) }));
    const only = notes.length === 0 && at > layer.at;
    if (only) notes.push({ index: owners[at - layer.at]!, text: ascii(scene.bytes, at, end) });
    const [bytes, ...more] = row(scene, at, end, owners, layer.at, notes, options, style);
    lines.push(bytes, ...markLines(scene, at, end, options.marks ?? [], options, style), ...more);
  }
  return lines;
}

const isLong = (p: Piece, rows: number) =>
  p.span.field.kind !== 'uint' && p.to - p.from > rows * PER_ROW;

/** For each byte of the layer, the number of the first field that has it; shared bytes go to the last. */
function byteOwners(layer: Layer, all: readonly Piece[]): Int32Array {
  const owners = new Int32Array(layer.end - layer.at).fill(-1);
  for (const p of all) owners.fill(p.index, p.from - layer.at, p.to - layer.at);
  return owners;
}

/** What a row says of a field that begins in it; byte strings without structure show as characters too. */
function rowNote(p: Piece, scene: Scene, at: number, end: number): string {
  if (p.note !== p.span.name) return p.note;
  return `${p.note} ${ascii(scene.bytes, Math.max(at, p.from), Math.min(end, p.to))}`;
}

interface Note {
  readonly index: number;
  readonly text: string;
}

function row(
  scene: Scene,
  at: number,
  end: number,
  owners: Int32Array,
  base: number,
  notes: readonly Note[],
  options: DumpOptions,
  style: Style,
): [string, ...string[]] {
  let hex = '';
  for (let i = at; i < end; i++) {
    const owner = owners[i - base]!;
    hex += style.field(owner, formatHex(scene.bytes, '', i, i + 1));
    if (i + 1 < end) hex += owners[i + 1 - base] === owner ? ' ' : style.dim('|');
  }
  const filled = ' '.repeat(HEX_WIDTH - (end - at) * 3 + 1);
  const offset = style.dim((at - scene.start).toString(16).padStart(4, '0'));
  const wrapped = wrap(notes, (options.width ?? 120) - MARGIN, style);
  const first = wrapped[0] === undefined ? '' : `${filled}  ${wrapped[0]}`;
  return [
    `${offset}  ${hex}${first}`,
    ...wrapped.slice(1).map((line) => ' '.repeat(MARGIN) + line),
  ];
}

/** Notes in lines of at most `width` columns; a longer note has a line of its own. */
function wrap(notes: readonly Note[], width: number, style: Style): string[] {
  const lines: string[] = [];
  let used = width;
  for (const { index, text } of notes) {
    const painted = style.field(index, text);
    if (used + 1 + text.length > width) {
      lines.push(painted);
      used = text.length;
    } else {
      lines[lines.length - 1] += ` ${painted}`;
      used += 1 + text.length;
    }
  }
  return lines;
}

function ascii(b: Uint8Array, at: number, end: number): string {
  let text = '';
  for (let i = at; i < end; i++) {
    text += b[i]! >= 0x20 && b[i]! < 0x7f ? String.fromCharCode(b[i]!) : '.';
  }
  return text;
}

function markLines(
  scene: Scene,
  at: number,
  end: number,
  marks: readonly Mark[],
  options: DumpOptions,
  style: Style,
): string[] {
  const lines: string[] = [];
  for (const mark of marks) {
    const from = Math.max(mark.at + scene.start, at);
    const to = Math.min(mark.at + scene.start + mark.size, end);
    if (from >= to) continue;
    const arrows = ' '.repeat((from - at) * 3) + '^'.repeat((to - from) * 3 - 1);
    const said = from === mark.at + scene.start ? mark.text : '';
    const texts = wrapWords(said, (options.width ?? 120) - MARGIN);
    texts.forEach((text, i) => {
      const line = `${(i === 0 ? arrows : '').padEnd(HEX_WIDTH)}  ${text}`;
      lines.push(`      ${style.bad(line.trimEnd())}`);
    });
  }
  return lines;
}

/** Lines of whole words; a word longer than `width` has a line of its own. */
function wrapWords(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

function fieldLines(scene: Scene, layer: Layer, options: DumpOptions, style: Style): string[] {
  const lines: string[] = [];
  const all = pieces(layer);
  const nameWidth = Math.max(...all.map((p) => p.span.name.length), 0);
  for (const p of all) {
    const shown = Math.min(p.to, p.from + PER_ROW);
    const offset = style.dim((p.from - scene.start).toString(16).padStart(4, '0'));
    const hex = formatHex(scene.bytes, ' ', p.from, shown).padEnd(HEX_WIDTH);
    const more = p.to > shown ? style.dim(` (${p.to - p.from} bytes)`) : '';
    const name = p.span.name.padEnd(nameWidth);
    const value = fieldValue(p, layer);
    const text = `${hex}  ${name}  ${value}`;
    const doc = style.dim(`  ${p.span.field.doc}`);
    lines.push(`${offset}  ${style.field(p.index, text)}${more}${doc}`);
    if (p.to > shown) lines.push(...restRows(scene, p, shown, options, style));
    const marks = (options.marks ?? []).filter((m) => (m.field ?? p.span.name) === p.span.name);
    lines.push(...markLines(scene, p.from, shown, marks, options, style));
  }
  return lines;
}

function fieldValue(p: Piece, layer: Layer): string {
  const bits = p.span.bits % 8 === 0 || p.span.bits === 0 ? '' : `${bitPicture(p.span, layer)} = `;
  const value = layer.get(p.span.name);
  const plainBytes = isBytes(value) && value.length > 8 && p.span.field.format === 'bytes';
  return plainBytes ? '' : bits + showValue(p.span.field, value);
}

function restRows(
  scene: Scene,
  p: Piece,
  from: number,
  options: DumpOptions,
  style: Style,
): string[] {
  const lines: string[] = [];
  const most = (options.payloadRows ?? 8) - 1;
  for (let at = from, n = 0; at < p.to; at += PER_ROW, n++) {
    if (n >= most) {
      lines.push(style.dim(`      ... ${p.to - at} more bytes`));
      break;
    }
    const end = Math.min(at + PER_ROW, p.to);
    const offset = style.dim((at - scene.start).toString(16).padStart(4, '0'));
    lines.push(`${offset}  ${style.field(p.index, formatHex(scene.bytes, ' ', at, end))}`);
  }
  return lines;
}

/** The bits of a field in its covering bytes, as protocol analysers draw them: `.... 0101`. */
export function bitPicture(span: Span, layer: Layer): string {
  const total = span.size * 8;
  let picture = '';
  for (let i = total - 1; i >= 0; i--) {
    const byteIndex = span.order === 'be' ? span.size - 1 - (i >> 3) : i >> 3;
    const bit = (layer.bytes[layer.at + span.at + byteIndex]! >> (i & 7)) & 1;
    picture += i >= span.shift && i < span.shift + span.bits ? bit : '.';
    if (i % 4 === 0 && i > 0) picture += ' ';
  }
  return picture;
}
