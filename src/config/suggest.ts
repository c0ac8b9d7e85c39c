/**
 * The most similar of `candidates` to a misspelt `name`, or undefined when none is near enough to be meant: a third of its
 * letters may be wrong, and `mostWrong` at most.
 */
export function nearest(name: string, candidates: Iterable<string>, mostWrong = 8): string | undefined {
  const written = fold(name);
  let best: string | undefined;
  let bestDistance = Math.min(Math.max(1, Math.floor(written.length / 3)), mostWrong) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(written, fold(candidate), bestDistance);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** `default_url`, `default-url`, `DefaultURL` and `defaultUrl` are one spelling. */
function fold(name: string): string {
  return name.toLowerCase().replace(/[_-]/g, '');
}

/** Insertions, deletions, replacements and swaps of neighbours between two words; `limit` when that many or more. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let distance = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        distance = Math.min(distance, (beforeLast[j - 2] ?? 0) + 1);
      row.push(distance);
    }
    [beforeLast, last] = [last, row];
  }
  return Math.min(last[b.length] ?? limit, limit);
}
