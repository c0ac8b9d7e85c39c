import { AtollError } from '../../../core/errors.ts';

/** An error that says that somebody may not come in, and why, in words for them. */
export function notAllowed(
  message: string,
  nextStep = 'Sign in with another account, or ask an administrator of this hub.',
): AtollError {
  return new AtollError('ATOLL_NOT_ALLOWED', message, { nextStep });
}

/** An answer of a provider that cannot be used. */
export function badAnswer(service: string, what: string): AtollError {
  return new AtollError('ATOLL_PROVIDER_FAILED', `${service} gave an answer that cannot be used.`, { evidence: what });
}

/**
 * A claim that must be there.
 * @throws AtollError `ATOLL_PROVIDER_FAILED`
 */
export function requiredText(user: Record<string, unknown>, claim: string, service: string): string {
  const value = user[claim];
  if (typeof value === 'string' && value !== '') return value;
  if (typeof value === 'number') return String(value);
  throw new AtollError('ATOLL_PROVIDER_FAILED', `${service} does not say who you are: its answer has no "${claim}".`, {
    evidence: `claims: ${Object.keys(user).slice(0, 50).join(', ')}`,
    nextStep: 'An administrator may have to ask for more scopes, or set username_claim to another claim.',
  });
}

/** What a text says as JSON; undefined when it is none. Nothing of the text comes into an error: it may hold tokens. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A map, or undefined for anything else. */
export function asMap(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

/** The texts of a list; empty for anything else. */
export function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** What is at `a.b.c` of a map. A whole name with dots in it wins. */
export function valueAt(map: Record<string, unknown>, path: string): unknown {
  if (Object.hasOwn(map, path)) return map[path];
  let value: unknown = map;
  for (const name of path.split('.')) {
    const inner = asMap(value);
    if (!inner || !Object.hasOwn(inner, name)) return undefined;
    value = inner[name];
  }
  return value;
}

/** Scopes as providers write them: a list, or a text with spaces or commas. */
export function scopesIn(value: unknown): string[] {
  if (typeof value === 'string') return value.split(/[ ,]+/).filter((scope) => scope !== '');
  return textsIn(value);
}

/** Whether two lists have something in common. */
export function overlaps(a: Iterable<string>, b: readonly string[]): boolean {
  const set = new Set(b);
  for (const item of a) if (set.has(item)) return true;
  return false;
}
