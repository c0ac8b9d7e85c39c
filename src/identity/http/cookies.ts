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
  /** Seconds; 0 removes it; undefined: until the browser ends. */
  maxAge?: number;
  /** Not for scripts. */
  httpOnly: boolean;
  /** Only over https. */
  secure: boolean;
}

/** A `Set-Cookie` value. Never sent along with requests that other sites' pages make, except top-level GETs. */
export function writeCookie(name: string, value: string, { path, maxAge, httpOnly, secure }: CookieOptions): string {
  return [
    `${name}=${value}`,
    `Path=${path}`,
    ...(maxAge === undefined ? [] : [`Max-Age=${maxAge}`]),
    'SameSite=Lax',
    ...(httpOnly ? ['HttpOnly'] : []),
    ...(secure ? ['Secure'] : []),
  ].join('; ');
}
