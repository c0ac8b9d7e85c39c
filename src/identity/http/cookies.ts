/** All values of one name in a `Cookie` header, in order. A browser sends several when they were set for several paths. */
export function readCookies(header: string, name: string): string[] {
  const values: string[] = [];
  for (const part of header.split(';')) {
    const equals = part.indexOf('=');
    if (equals === -1 || part.slice(0, equals).trim() !== name) continue;
    values.push(
      part
        .slice(equals + 1)
        .trim()
        .replace(/^"(.*)"$/, '$1'),
    );
  }
  return values;
}

/** How a cookie is to be kept. */
export interface CookieOptions {
  path: string;
  /** A domain whose hosts below get it too; undefined: only the host that sets it. */
  domain?: string | undefined;
  /** Seconds; 0 removes it; undefined: until the browser ends. */
  maxAge?: number;
  /** Not for scripts. */
  httpOnly: boolean;
  /** Only over https. */
  secure: boolean;
  /**
   * Which requests of other sites' pages it is sent along with: `Lax` (default): top-level GETs only; `None`: all; `unsaid`:
   * what the browser does by itself, for plain HTTP, where `None` is not taken.
   */
  sameSite?: 'Lax' | 'None' | 'unsaid';
}

/** A `Set-Cookie` value. */
export function writeCookie(
  name: string,
  value: string,
  { path, domain, maxAge, httpOnly, secure, sameSite = 'Lax' }: CookieOptions,
): string {
  return [
    `${name}=${value}`,
    `Path=${path}`,
    ...(domain === undefined ? [] : [`Domain=${domain}`]),
    ...(maxAge === undefined ? [] : [`Max-Age=${maxAge}`]),
    ...(sameSite === 'unsaid' ? [] : [`SameSite=${sameSite}`]),
    ...(httpOnly ? ['HttpOnly'] : []),
    ...(secure ? ['Secure'] : []),
  ].join('; ');
}
