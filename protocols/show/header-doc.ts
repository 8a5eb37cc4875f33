// A header as documentation: its table of fields and its bit diagram in the manner of the RFCs.

import type { AnyHeader, Span } from '../core/header.js';

/** One field as a row of documentation. */
export interface FieldRow {
  /** Byte offset, and bits within those bytes where the field shares them: '4', '4 bits 7-5'. */
  readonly place: string;
  readonly name: string;
  readonly bits: string;
  readonly doc: string;
  readonly alias: string;
}

/** The fields of a header as rows of its documentation. */
export function fieldRows(header: AnyHeader): FieldRow[] {
  return header.spans.map((s) => ({
    place: placeOf(s),
    name: s.name,
    bits: s.bits === 0 ? 'rest' : String(s.bits),
    doc: s.field.doc + (s.field.unit ? ` (${s.field.unit})` : ''),
    alias: s.field.alias ?? '',
  }));
}

function placeOf(s: Span): string {
  if (s.bits === 0 || s.bits === s.size * 8) return String(s.at);
  const high = s.shift + s.bits - 1;
  const bits = high === s.shift ? `bit ${high}` : `bits ${high}-${s.shift}`;
  return `${s.at} ${bits}`;
}

const COLUMNS = 32;

/**
 * The header drawn 32 bits a line, bit 0 the first on the wire for big-endian headers. Little-endian words
 * are drawn as numbers, highest bit to the left. Longer byte strings take one line with their size.
 */
export function bitDiagram(header: AnyHeader): string {
  const ruler = [
    ` ${Array.from({ length: COLUMNS }, (_, i) => (i % 10 === 0 ? i / 10 : ' ')).join(' ')}`,
    ` ${Array.from({ length: COLUMNS }, (_, i) => i % 10).join(' ')}`,
  ].map((line) => line.trimEnd());
  const edge = `+${'-+'.repeat(COLUMNS)}`;
  const lines = [...ruler, edge];
  let cells: { name: string; bits: number }[] = [];
  let filled = 0;
  const flush = () => {
    if (filled === 0) return;
    lines.push(`|${cells.map((c) => centre(c.name, c.bits * 2 - 1)).join('|')}|`);
    lines.push(`+${'-+'.repeat(filled)}`);
    cells = [];
    filled = 0;
  };
  for (const span of drawn(header)) {
    const bits = span.bits;
    if (
      bits === 0 ||
      bits > 64 ||
      (bits > COLUMNS - filled && (bits > COLUMNS || bits % 8 === 0))
    ) {
      flush();
      if (bits === 0 || bits > COLUMNS) {
        const size = bits === 0 ? 'rest' : `${bits / 8} bytes`;
        lines.push(`|${centre(`${span.name} (${size})`, COLUMNS * 2 - 1)}|`, edge);
        continue;
      }
    }
    cells.push({ name: span.name, bits });
    filled += bits;
    if (filled >= COLUMNS) flush();
  }
  flush();
  return lines.join('\n');
}

/** Fields from left to right: in little-endian words the highest bits stand left. */
function drawn(header: AnyHeader): Span[] {
  if (header.order === 'be') return [...header.spans];
  const words = new Map<number, Span[]>();
  for (const s of header.spans) words.set(s.wordAt, [...(words.get(s.wordAt) ?? []), s]);
  return [...words.values()].flatMap((word) => word.toReversed());
}

/** A one-bit cell has room for one letter: its first. */
function centre(name: string, width: number): string {
  const text = name.length <= width ? name : name.slice(0, width);
  const left = Math.floor((width - text.length) / 2);
  return ' '.repeat(left) + text + ' '.repeat(width - text.length - left);
}
