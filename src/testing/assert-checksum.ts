// Assertions about what `check` finds: checksums, everything else that can be verified, and malformed frames.

import { didYouMean } from '../../protocols/core/suggest.js';
import {
  check,
  type Dissection,
  describeMalformed,
  type Malformed,
  showValue,
  standardWire,
  type Verification,
  type Wire,
} from '../../protocols/index.js';
import { AssertionError } from './error.js';
import { dump, type FrameOptions, fieldMark, read } from './frame.js';

/**
 * Every checksum of the frame that can be verified is right, and the frame could be dissected to its end,
 * so that none was missed.
 * @returns the checksums that were verified, such as ['ipv4.headerChecksum', 'icrc.icrc']
 */
export function assertChecksums(bytes: Uint8Array, options: FrameOptions = {}): string[] {
  const operator = 'assertChecksums';
  const frame = read(bytes, options);
  const sums = check(frame).verified.filter((v) => v.kind === 'checksum');
  const wrong = sums.filter((v) => !v.ok);
  if (wrong.length > 0) throw wrongSums(frame, wrong, operator);
  if (frame.stop) throw stopped(frame, frame.stop, operator);
  return sums.map(nameOf);
}

/**
 * The frame has that checksum ('icrc.icrc', or 'icrc' where the layer has but one), it can be verified and
 * is right, wherever it occurs.
 */
export function assertChecksum(bytes: Uint8Array, name: string, options: FrameOptions = {}): void {
  const operator = 'assertChecksum';
  const wanted = checksumNamed(name, options.wire);
  const frame = read(bytes, options);
  const sums = check(frame).verified.filter((v) => v.kind === 'checksum');
  const found = sums.filter((v) => nameOf(v) === wanted);
  if (found.length === 0) {
    const [layer] = wanted.split('.');
    const why = frame.layers.some((l) => l.key === layer)
      ? `the frame's ${wanted} cannot be verified`
      : `the frame has no ${layer}`;
    const actual = sums.map(nameOf);
    const message = `${why}; verified: ${actual.join(', ') || 'nothing'}`;
    const compared = { actual, expected: [wanted], operator };
    throw new AssertionError(`${message}\n\n${dump('frame', frame, [])}`, compared);
  }
  const wrong = found.filter((v) => !v.ok);
  if (wrong.length > 0) throw wrongSums(frame, wrong, operator);
}

/**
 * Nothing is wrong with the frame: it is dissected to its end, every length and checksum is right, and no
 * protocol's rule is broken.
 */
export function assertCorrect(bytes: Uint8Array, options: FrameOptions = {}): void {
  const frame = read(bytes, options);
  const { findings } = check(frame);
  if (findings.length === 0) return;
  const list = findings.map((f) => `${f.layer}${f.field && `.${f.field}`}: ${f.message}`);
  const marks = findings.map((f) => ({ at: f.at, size: 1, text: f.message }));
  const many = findings.length === 1 ? 'one thing is' : `${findings.length} things are`;
  const message = `${many} wrong with the frame\n${indent(list)}\n\n${dump('frame', frame, marks)}`;
  throw new AssertionError(message, { actual: list, expected: [], operator: 'assertCorrect' });
}

/**
 * Dissecting the frame stops, and where and why is as expected; what is not given may be anything.
 * @returns why it stopped
 */
export function assertMalformed(
  bytes: Uint8Array,
  expected: Partial<Malformed> = {},
  options: FrameOptions = {},
): Malformed {
  const operator = 'assertMalformed';
  const frame = read(bytes, options);
  const { stop } = frame;
  if (stop === null) {
    const message = `the frame is not malformed, expected ${wordsOf(expected)}`;
    const compared = { actual: null, expected: { ...expected }, operator };
    throw new AssertionError(`${message}\n\n${dump('frame', frame, [])}`, compared);
  }
  const keys = Object.keys(expected) as (keyof Malformed)[];
  const wrong = keys.filter((k) => expected[k] !== undefined && expected[k] !== stop[k]);
  if (wrong.length === 0) return stop;
  const list = wrong.map((k) => `${k}: expected ${expected[k]}, found ${stop[k]}`);
  const actual = Object.fromEntries(keys.map((k) => [k, stop[k]]));
  const message = `the frame is malformed in another way\n${indent(list)}`;
  const marks = [{ at: stop.at, size: 1, text: `${stop.code} ${stop.field}` }];
  const compared = { actual, expected: { ...expected }, operator };
  throw new AssertionError(`${message}\n\n${dump('frame', frame, marks)}`, compared);
}

const nameOf = (v: Verification): string => `${v.layer}.${v.field}`;

const indent = (lines: readonly string[]): string => lines.map((line) => `  ${line}`).join('\n');

const wordsOf = (expected: Partial<Malformed>): string =>
  Object.entries(expected)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ') || 'any';

/** The full name of a checksum. @throws RangeError when there is none of that name */
function checksumNamed(name: string, { protocolByKey }: Wire = standardWire): string {
  const [key = '', field] = name.split('.');
  const protocol = protocolByKey.get(key);
  if (!protocol) {
    throw new RangeError(`there is no layer '${key}'${didYouMean(key, protocolByKey.keys())}`);
  }
  const sums = Object.entries(protocol.derive).filter(([, rule]) => rule.kind === 'checksum');
  const names = sums.map(([sum]) => sum);
  const found = field ?? (names.length === 1 ? names[0]! : '');
  if (names.includes(found)) return `${key}.${found}`;
  const has = names.map((sum) => `${key}.${sum}`).join(', ') || 'none';
  throw new RangeError(`'${name}' is no checksum; ${key} has ${has}`);
}

function wrongSums(frame: Dissection, wrong: readonly Verification[], operator: string) {
  const words = wrong.map((v) => {
    const { field } = frame.layers[v.index]!.protocol.header.span(v.field)!;
    return {
      name: nameOf(v),
      found: showValue(field, v.found),
      expected: showValue(field, v.expected),
    };
  });
  const list = words.map((w) => `${w.name}: expected ${w.expected}, found ${w.found}`);
  const marks = wrong.map((v, i) =>
    fieldMark(frame, frame.layers[v.index]!, v.field, `expected ${words[i]!.expected}`),
  );
  const many = wrong.length === 1 ? 'a checksum is' : `${wrong.length} checksums are`;
  const message = `${many} wrong\n${indent(list)}\n\n${dump('frame', frame, marks)}`;
  const side = (which: 'found' | 'expected') =>
    Object.fromEntries(words.map((w) => [w.name, w[which]]));
  return new AssertionError(message, {
    actual: side('found'),
    expected: side('expected'),
    operator,
  });
}

function stopped(frame: Dissection, stop: Malformed, operator: string): AssertionError {
  const actual = describeMalformed(stop);
  const message = `checksums behind the stop cannot be verified: ${actual}`;
  const compared = { actual, expected: 'a frame dissected to its end', operator };
  return new AssertionError(`${message}\n\n${dump('frame', frame, [])}`, compared);
}
