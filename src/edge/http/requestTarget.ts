import { HttpSyntaxError } from './httpSyntax.ts';

/** What a request asks for, as its request line says. */
export interface RequestTarget {
  /** Path and query, exactly as received; begins with `/`. */
  pathAndQuery: string;
  /** The path alone, exactly as received. */
  path: string;
  /** Host and port of an absolute-form target, which then counts instead of the Host field. */
  authority: string | undefined;
}

/**
 * Reads an origin-form or absolute-form target (RFC 9112 section 3.2). The edge is no forward proxy and has nothing to
 * say about itself, so the forms of CONNECT and `OPTIONS *` are refused.
 * @throws HttpSyntaxError 400
 */
export function parseRequestTarget(target: string): RequestTarget {
  let authority: string | undefined;
  let pathAndQuery = target;
  if (target.charCodeAt(0) !== 47) {
    const absolute = /^https?:\/\/([^/?]*)(.*)$/is.exec(target);
    if (!absolute) throw new HttpSyntaxError('the request target is neither a path nor an http URL');
    authority = absolute[1] as string;
    const rest = absolute[2] as string;
    pathAndQuery = rest.startsWith('/') ? rest : `/${rest}`;
  }
  const queryStart = pathAndQuery.indexOf('?');
  const path = queryStart === -1 ? pathAndQuery : pathAndQuery.slice(0, queryStart);
  assertPlainPath(path);
  return { pathAndQuery, path, authority };
}

/**
 * Refuses paths that some servers read as another path than their segments say: `.` and `..` in any spelling, also
 * behind an encoded slash; a backslash; NUL; broken percent-encoding. The edge routes by segments and forwards the path
 * as it came, so such a path could be checked as one thing and served as another.
 * @throws HttpSyntaxError 400
 */
export function assertPlainPath(path: string): void {
  if (path.includes('\\')) throw new HttpSyntaxError('the path holds a backslash');
  if (!path.includes('%') && !path.includes('/.')) return;
  const decoded = path.replace(/%(.{0,2})/gs, (_, hex: string) => {
    if (!/^[0-9a-f]{2}$/i.test(hex)) throw new HttpSyntaxError('the path has a broken percent-encoding');
    return String.fromCharCode(Number.parseInt(hex, 16));
  });
  if (decoded.includes('\0')) throw new HttpSyntaxError('the path holds a NUL');
  for (const segment of decoded.split(/[/\\]/))
    if (segment === '.' || segment === '..') throw new HttpSyntaxError('the path holds a dot segment');
}
