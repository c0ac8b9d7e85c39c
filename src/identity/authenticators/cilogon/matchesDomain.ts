/**
 * Whether a domain fits a pattern with `*` (any characters), `?` (one) and `[…]`, as Python's fnmatch reads them, in any case.
 * A pattern's other characters mean themselves.
 */
export function matchesDomain(domain: string, pattern: string): boolean {
  const source = pattern
    .toLowerCase()
    .replace(/[.+^${}()|\\/]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
    .replaceAll('[!', '[^');
  try {
    return new RegExp(`^${source}$`, 's').test(domain.toLowerCase());
  } catch {
    // An unclosed bracket: nothing fits.
    return false;
  }
}
