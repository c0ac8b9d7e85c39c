import { AtollError } from '../core/errors.ts';

/** The most characters (UTF-16 units) that a user, group or service name may have. */
export const maximumNameLength = 255;

/**
 * The one spelling under which a name is stored and compared: Unicode compatibility composition and lower case, so that
 * `Ada`, `ＡＤＡ` and `ada` are one person and nobody can pose as another with a look-alike of that kind.
 */
export function normalizeName(name: string): string {
  let current = name;
  // Lower-casing can undo the normal form and the other way round; two or three rounds reach a fixed point.
  for (let round = 0; round < 5; round++) {
    const next = current.normalize('NFKC').toLowerCase();
    if (next === current) return next;
    current = next;
  }
  return current;
}

/** Rules of the settings for user names. */
export interface NameRules {
  /** `Authenticator.username_map`: names (normalised) as the authenticator gives them, and what they become. */
  map: Readonly<Record<string, string>>;
  /** `Authenticator.username_pattern`, matched against the whole name. */
  pattern?: RegExp;
}

/** The normalised and mapped form of a user name, or undefined when it is not allowed. */
export function toUserName(name: string, rules: NameRules): string | undefined {
  if (name.length > maximumNameLength) return undefined;
  const mapped = mapName(name, rules.map);
  return isValidName(mapped) && (rules.pattern?.test(mapped) ?? true) ? mapped : undefined;
}

/** The normalised form of a name, and what the map makes of it, once; it may not be a name here. */
export function mapName(name: string, map: NameRules['map']): string {
  const normalized = normalizeName(name);
  return Object.hasOwn(map, normalized) ? normalizeName(map[normalized] ?? '') : normalized;
}

/**
 * Whether a (normalised) name may be a user, group or service: 1 to 255 characters; no white space around it; and, even after
 * percent-decoding as often as one likes (programs between may do so), no `/`, no control, format or unassigned character,
 * and not only dots, as browsers would take it for `..`.
 */
export function isValidName(name: string): boolean {
  if (name === '' || name.length > maximumNameLength || name !== name.trim()) return false;
  for (let decoded = name; ; ) {
    if (/[\p{C}\p{Zl}\p{Zp}/]/u.test(decoded) || /^\.*$/.test(decoded)) return false;
    const next = percentDecode(decoded);
    if (next === decoded) return true;
    decoded = next;
  }
}

function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Reads `Authenticator.username_pattern`.
 * @throws AtollError `ATOLL_USERNAME_PATTERN_INVALID` when it is no regular expression.
 */
export function compileUsernamePattern(pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`, 'u');
  } catch (error) {
    throw new AtollError('ATOLL_USERNAME_PATTERN_INVALID', 'The user name pattern is not a regular expression.', {
      evidence: pattern,
      cause: error,
    });
  }
}
