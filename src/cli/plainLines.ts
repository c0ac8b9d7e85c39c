/** Lines as one text without what a terminal would obey: names and values in files may hold anything. */
export function plainLines(lines: readonly string[]): string {
  return lines.map((line) => `${line.replace(/\p{Cc}/gu, '?')}\n`).join('');
}
