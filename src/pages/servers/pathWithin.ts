/**
 * A `next=` address, when it leads to somewhere below `prefix` (as browsers read it: `..`, backslashes and `//` resolved);
 * otherwise undefined. The result is a path of the hub's own origin.
 */
export function pathWithin(prefix: string, next: string | null): string | undefined {
  if (next === null || !next.startsWith('/') || next.length > 8192) return undefined;
  const origin = 'http://hub.invalid';
  if (!URL.canParse(next, origin)) return undefined;
  const url = new URL(next, origin);
  return url.origin === origin && url.pathname.startsWith(prefix) ? url.pathname + url.search + url.hash : undefined;
}
