// assertSameFrame: are two frames equal, byte for byte? Where they are not, the answer names the field.

import { same } from '../../protocols/core/check.js';
import type { Layer } from '../../protocols/index.js';
import { type Dissection, type FieldValue, type Mark, showValue } from '../../protocols/index.js';
import { AssertionError } from './error.js';
import { asBytes, dump, type FrameOptions, fieldMark, read } from './frame.js';

/** How `assertSameFrame` reads both frames, and what may differ. */
export interface SameFrameOptions extends FrameOptions {
  /**
   * What may differ: fields ('ipv4.identification'), layers ('padding'), or kinds of derived fields
   * ('checksum', 'length'). A field that follows from an ignored one is not ignored by itself.
   */
  readonly ignore?: readonly string[];
}

/** Where two frames differ. Each side has its place, or undefined where it has no such layer. */
interface Difference {
  /** 'bth.psn', or the layer alone where the layers themselves differ. */
  readonly name: string;
  readonly actual: Side;
  readonly expected: Side;
}

interface Side {
  readonly text: string;
  readonly mark: Mark | undefined;
}

const operator = 'assertSameFrame';
/** Differences listed by name; the first is what matters. */
const LISTED = 12;

/**
 * Two frames are the same, byte for byte, but for what `ignore` lists.
 * @throws AssertionError that shows both annotated dumps with the first differing field marked
 */
export function assertSameFrame(
  actual: Uint8Array,
  expected: Uint8Array,
  options: SameFrameOptions = {},
): void {
  const ignore = new Set(options.ignore ?? []);
  if (equal(asBytes(actual, 'actual'), asBytes(expected, 'expected'))) return;
  const ours = read(actual, options);
  const theirs = read(expected, options);
  const found = differences(ours, theirs, ignore);
  const first = found[0];
  if (first === undefined) return;
  throw new AssertionError(message(ours, theirs, found, first), {
    actual: sides(found, 'actual'),
    expected: sides(found, 'expected'),
    operator,
  });
}

const equal = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

const sides = (found: readonly Difference[], side: 'actual' | 'expected') =>
  Object.fromEntries(found.slice(0, LISTED).map((d) => [d.name, d[side].text]));

/** The layers tile both frames, so comparing all fields of all layers compares all bytes. */
function differences(
  ours: Dissection,
  theirs: Dissection,
  ignore: ReadonlySet<string>,
): Difference[] {
  const found: Difference[] = [];
  const kept = (layer: Layer) => !ignore.has(layer.key);
  const [a, b] = [ours.layers.filter(kept), theirs.layers.filter(kept)];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [mine, yours] = [a[i], b[i]];
    if (mine === undefined || yours === undefined || mine.protocol !== yours.protocol) {
      // From here on the two cannot be laid beside each other.
      const name = (yours ?? mine)!.key;
      found.push({ name, actual: whole(ours, mine), expected: whole(theirs, yours) });
      break;
    }
    for (const { name } of mine.protocol.header.spans) {
      if (ignored(mine, name, ignore)) continue;
      const [x, y] = [mine.get(name), yours.get(name)];
      if (same(x, y)) continue;
      found.push({
        name: `${mine.key}.${name}`,
        actual: side(ours, mine, name, x, y),
        expected: side(theirs, yours, name, y, x),
      });
    }
  }
  return found;
}

function ignored(layer: Layer, field: string, ignore: ReadonlySet<string>): boolean {
  const kind = layer.protocol.derive[field]?.kind;
  return ignore.has(`${layer.key}.${field}`) || (kind !== undefined && ignore.has(kind));
}

function whole(frame: Dissection, layer: Layer | undefined): Side {
  if (!layer) return { text: 'the end of the frame', mark: undefined };
  const at = layer.at - frame.start;
  const size = Math.max(1, layer.end - layer.at);
  return {
    text: `the layer ${layer.key}`,
    mark: { at, size, text: `first difference: ${layer.key}` },
  };
}

function side(
  frame: Dissection,
  layer: Layer,
  field: string,
  value: FieldValue,
  other: FieldValue,
): Side {
  const declared = layer.protocol.header.span(field)!.field;
  let mark = fieldMark(frame, layer, field, `first difference: ${field}`);
  if (typeof value === 'object' && typeof other === 'object') {
    // In a long byte string, the mark points at the first byte that differs.
    const differs = value.findIndex((byte, i) => byte !== other[i]);
    const skip = differs < 0 ? Math.max(0, value.length - 1) : differs;
    const size = other.length === value.length ? 1 : Math.max(1, value.length - skip);
    mark = { ...mark, at: mark.at + skip, size };
    const length = value.length === other.length ? '' : ` (${value.length} bytes)`;
    return { text: `${showValue(declared, value)}${length}`, mark };
  }
  return { text: showValue(declared, value), mark };
}

function message(
  ours: Dissection,
  theirs: Dissection,
  found: readonly Difference[],
  first: Difference,
): string {
  const at = first.expected.mark?.at ?? first.actual.mark?.at ?? 0;
  const more = found.length === 1 ? '' : ` and ${found.length - 1} more`;
  const lines = [`the frames differ in ${first.name} at byte ${at}${more}`];
  for (const d of found.slice(0, LISTED)) {
    lines.push(`  ${d.name}: expected ${cut(d.expected.text)}, found ${cut(d.actual.text)}`);
  }
  if (found.length > LISTED) lines.push(`  ... and ${found.length - LISTED} more`);
  const sizes = [ours.end - ours.start, theirs.end - theirs.start];
  if (sizes[0] !== sizes[1]) lines.push(`  length: expected ${sizes[1]} bytes, found ${sizes[0]}`);
  const marked = ({ mark }: Side) => (mark ? [mark] : []);
  return [
    ...lines,
    '',
    dump('actual', ours, marked(first.actual)),
    '',
    dump('expected', theirs, marked(first.expected)),
  ].join('\n');
}

/** Long byte strings stand in the dumps. */
const cut = (text: string): string => (text.length > 80 ? `${text.slice(0, 77)}...` : text);
