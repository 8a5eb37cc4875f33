// Lines of results from several files, such as the shares of a batch job, in the order of the experiment.

import type { PointResult } from './result.js';

export interface Merged {
  readonly results: readonly PointResult[];
  /** Combinations of which there is no line. */
  readonly missing: readonly number[];
}

/** @throws RangeError with file and line of what does not belong there */
export function mergeLines(
  files: readonly { readonly name: string; readonly text: string }[],
): Merged {
  const byPoint = new Map<number, { readonly line: string; readonly result: PointResult }>();
  let first: PointResult | undefined;
  for (const { name, text } of files)
    text.split('\n').forEach((line, i) => {
      if (line.trim() === '') return;
      const fail = (words: string): never => {
        throw new RangeError(`${name}:${i + 1}: ${words}`);
      };
      const result = parsed(line) ?? fail("expected a line of 'wireverbs run --json'");
      first ??= result;
      if (result.experiment !== first.experiment || result.points !== first.points)
        fail(`is of '${result.experiment}', and lines before are of '${first.experiment}'`);
      const known = byPoint.get(result.point);
      if (known && known.line !== line)
        fail(`combination ${result.point} is there already, and came out otherwise`);
      byPoint.set(result.point, { line, result });
    });
  if (!first) throw new RangeError(`${files.map(({ name }) => name).join(', ')}: no results`);
  const results = [...byPoint.values()]
    .map(({ result }) => result)
    .sort((a, b) => a.point - b.point);
  const missing = Array.from({ length: first.points }, (_, i) => i).filter((i) => !byPoint.has(i));
  return { results, missing };
}

function parsed(line: string): PointResult | undefined {
  try {
    const value = JSON.parse(line) as Partial<PointResult>;
    return value?.schema === 'wireverbs-result-1' ? (value as PointResult) : undefined;
  } catch {
    return undefined;
  }
}
