/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** `median (min–max)` in seconds. */
export function seconds(values: readonly number[]): string {
  const format = (value: number): string => value.toFixed(2);
  return `${format(median(values))} s (${format(Math.min(...values))}–${format(Math.max(...values))}, n=${values.length})`;
}
