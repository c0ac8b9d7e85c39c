import type { Client } from './client.ts';

const longest = 4000;

/**
 * Where to go after signing in, as far as the address in `next` can be trusted: a path on this very host. Undefined for
 * everything else: other hosts in any disguise (`//`, `/\`, `https:evil`, control characters that browsers drop).
 */
export function safeNext(next: string | null | undefined, { host }: Client): string | undefined {
  if (!next || next.length > longest || /\p{Cc}/u.test(next)) return undefined;
  const text = next.replaceAll('\\', '%5C');
  const absolute = /^https?:\/\/([^/?#]*)(.*)$/i.exec(text);
  if (absolute && absolute[1]?.toLowerCase() !== host) return undefined;
  const path = absolute ? `/${(absolute[2] ?? '').replace(/^\/+/, '')}` : text;
  if (!path.startsWith('/') || path.startsWith('//')) return undefined;
  // A header holds ASCII only.
  return path.toWellFormed().replace(/[^\x21-\x7e]+/g, encodeURIComponent);
}
