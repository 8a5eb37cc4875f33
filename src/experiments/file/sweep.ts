// Sweeps: values by path, and the combinations of them. The last path's values change first.

import type { PointText, SweepText } from './text.js';

/** One combination: its number in the experiment, what sweeps set, and the whole of it. */
export interface Point {
  readonly index: number;
  readonly set: Readonly<Record<string, unknown>>;
  readonly text: PointText;
}

/** More would not end; a sweep that is meant has fewer. */
const MOST_POINTS = 100_000;

export const segmentsOf = (path: string): (string | number)[] =>
  path.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part));

/** A copy of `value` in which `path` is `to`; objects on the way are made where they are missing. */
export function withValue(
  value: unknown,
  path: readonly (string | number)[],
  to: unknown,
): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return to;
  if (typeof first === 'number') {
    const list = Array.isArray(value) ? [...(value as unknown[])] : [];
    list[first] = withValue(list[first], rest, to);
    return list;
  }
  const object = typeof value === 'object' && value !== null ? { ...value } : {};
  const inner = (object as Record<string, unknown>)[first];
  return { ...object, [first]: withValue(inner, rest, to) };
}

export function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  let at = value;
  for (const part of path)
    at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[part] : undefined;
  return at;
}

/** Every combination of one set of sweeps. @throws RangeError when there are too many */
export function* combinations(sweep: SweepText): Generator<Readonly<Record<string, unknown>>> {
  const paths = Object.keys(sweep);
  const total = paths.reduce((product, path) => product * sweep[path]!.length, 1);
  if (total > MOST_POINTS)
    throw new RangeError(`expected at most ${MOST_POINTS} combinations, found ${total}`);
  for (let n = 0; n < total; n++) {
    let rest = n;
    const chosen: [string, unknown][] = [];
    for (const path of [...paths].reverse()) {
      const values = sweep[path]!;
      chosen.unshift([path, values[rest % values.length]]);
      rest = Math.floor(rest / values.length);
    }
    yield Object.fromEntries(chosen);
  }
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Has it all of these values, or one of a list? */
export const isMeant = (text: PointText, values: Readonly<Record<string, unknown>>): boolean =>
  Object.entries(values).every(([path, wanted]) => {
    const found = valueAt(text, segmentsOf(path));
    return same(found, wanted) || (Array.isArray(wanted) && wanted.some((one) => same(found, one)));
  });
