import type { Path } from './problem.ts';

/**
 * Reads a path as `pathText` writes it: names with dots between them, in quotes where they hold dots or blanks, and list
 * indexes in brackets (`a.b[0]."x.y/z"`). Undefined when it is none.
 */
export function parsePath(text: string): Path | undefined {
  const path: (string | number)[] = [];
  let rest = text;
  while (rest !== '') {
    const [whole, quotedName, index, name] = /^\.?(?:("(?:[^"\\]|\\.)*")|\[(\d{1,6})\]|([^."[\]]+))/.exec(rest) ?? [];
    if (whole === undefined) return undefined;
    // Only names follow a dot, and only the first one follows none.
    if (whole.startsWith('.') === (path.length === 0 || index !== undefined)) return undefined;
    const part = index === undefined ? (name ?? unquote(quotedName ?? '')) : Number(index);
    if (part === undefined) return undefined;
    path.push(part);
    rest = rest.slice(whole.length);
  }
  return path.length > 0 ? path : undefined;
}

function unquote(text: string): string | undefined {
  try {
    return String(JSON.parse(text));
  } catch {
    return undefined;
  }
}
