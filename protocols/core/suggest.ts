// 'Did you mean': the nearest of the names that exist, for messages about one that does not.

/** The nearest of `names`, for messages: 'did you mean ...?'. Empty when none is near. */
export function didYouMean(name: string, names: Iterable<string>): string {
  let best = '';
  let least = Math.max(2, Math.floor(name.length / 2));
  for (const candidate of names) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase(), least);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best === '' ? '' : `; did you mean '${best}'?`;
}

/** Levenshtein's distance, given up at `bound`. Long names are not worth the time. */
function editDistance(a: string, b: string, bound: number): number {
  if (Math.abs(a.length - b.length) >= bound || a.length > 64 || b.length > 64) return bound;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
