// assertFrame: are the layers and fields of a frame those that the test expects?

import { type Dissection, describeMalformed, showValue } from '../../protocols/index.js';
import { AssertionError } from './error.js';
import {
  type ExpectedLayers,
  expectedKeys,
  type Match,
  match,
  readExpected,
  type WrongField,
  wrongFields,
} from './expected.js';
import { dump, type FrameOptions, fieldMark, keysOf, path, read } from './frame.js';

/** How `assertFrame` reads the frame. */
export interface AssertFrameOptions extends FrameOptions {
  /** True: the frame may be malformed behind the layers that are expected. */
  readonly malformed?: boolean;
}

const operator = 'assertFrame';

/**
 * Dissects `bytes` and compares layer by layer: the layers must be those of `expected`, in order, and each
 * field named there must have its value. Fields that are not named may be anything.
 * @returns the dissection, for further questions
 * @throws AssertionError showing the annotated dump with the wrong fields marked
 * @throws RangeError when the expectation itself names no layer, field or value
 */
export function assertFrame(
  bytes: Uint8Array,
  expected: ExpectedLayers,
  options: AssertFrameOptions = {},
): Dissection {
  const parts = readExpected(expected, options.wire);
  const frame = read(bytes, options);
  const found = match(parts, frame, options.wire);
  if (found.pairs === null) {
    const [actual, wanted] = [path(keysOf(frame)), path(expectedKeys(parts))];
    const message = otherLayers(frame, wanted, found, expectedKeys(parts));
    throw new AssertionError(message, { actual, expected: wanted, operator });
  }
  const wrong = found.pairs.flatMap(([wanted, layer]) => wrongFields(layer, wanted));
  if (wrong.length > 0) throw otherFields(frame, wrong);
  if (frame.stop && options.malformed !== true) {
    const problem = `the frame is malformed: ${describeMalformed(frame.stop)}`;
    const compared = { actual: describeMalformed(frame.stop), expected: 'no stop', operator };
    throw new AssertionError(`${problem}\n\n${dump('frame', frame, [])}`, compared);
  }
  return frame;
}

function otherLayers(frame: Dissection, wanted: string, found: Match, keys: readonly string[]) {
  const layer = frame.layers[found.layers];
  const next = keys[found.matched];
  const lines = ['the layers are not those expected', `  expected: ${wanted}`];
  lines.push(`  found:    ${path(keysOf(frame))}`);
  const instead = layer ? `${layer.key} at byte ${layer.at - frame.start}` : 'the end of the frame';
  lines.push(`  expected ${next ?? 'the end of the frame'}, found ${instead}`);
  const text = `expected ${next ?? 'no further layer'}`;
  const marks = layer
    ? [{ at: layer.at - frame.start, size: Math.max(1, layer.end - layer.at), text }]
    : [];
  return `${lines.join('\n')}\n\n${dump('frame', frame, marks)}`;
}

/** A field's value and that of its expectation, in the words of the dump. */
export function inWords({ layer, field, expected, found }: WrongField) {
  const declared = layer.protocol.header.span(field)!.field;
  return {
    name: `${layer.key}.${field}`,
    expected: showValue(declared, expected),
    found: showValue(declared, found),
  };
}

function otherFields(frame: Dissection, wrong: readonly WrongField[]): AssertionError {
  const words = wrong.map(inWords);
  const width = Math.max(...words.map((w) => w.name.length));
  const list = words.map(
    (w) => `  ${`${w.name}:`.padEnd(width + 1)} expected ${w.expected}, found ${w.found}`,
  );
  const marks = wrong.map((w, i) =>
    fieldMark(frame, w.layer, w.field, `${w.field}: expected ${words[i]!.expected}`),
  );
  const many = wrong.length === 1 ? 'a field is' : `${wrong.length} fields are`;
  const message = `${many} not as expected\n${list.join('\n')}\n\n${dump('frame', frame, marks)}`;
  const side = (which: 'expected' | 'found') =>
    Object.fromEntries(words.map((w) => [w.name, w[which]]));
  return new AssertionError(message, {
    actual: side('found'),
    expected: side('expected'),
    operator,
  });
}
