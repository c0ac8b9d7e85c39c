import { Fields } from './fields.ts';
import { CR, HttpSyntaxError, isTargetChar, isTokenChar, LF, SP } from './httpSyntax.ts';
import { parseRequestTarget, type RequestTarget } from './requestTarget.ts';

/** A request's head, checked. Everything in it is as the client sent it. */
export interface RequestHead extends RequestTarget {
  method: string;
  minorVersion: 0 | 1;
  fields: Fields;
  /** Host and port meant: of an absolute-form target, else of the Host field. Empty only for HTTP/1.0. */
  host: string;
  /** Bytes of the body; `chunked` when it says itself where it ends. */
  body: number | 'chunked';
  /** The client would send another request on this connection. */
  keepAlive: boolean;
  /** The protocol to switch to, lower case, when the client asks for one that may be passed on. */
  upgrade: string | undefined;
  /** The client waits for `100 Continue` before it sends the body. */
  expectsContinue: boolean;
  /** Lower-case field names that the client's Connection field lists as meant for the edge only. */
  connectionNames: ReadonlySet<string> | undefined;
}

const longestMethod = 32;
/**
 * Browsers send some 20, proxies in front some more. Servers stop reading after a number (node:http after 2000, silently), and
 * what the edge itself says stands last.
 */
const mostFields = 500;
const hostPattern = /^(?:[a-z0-9._~-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$/i;

/**
 * Reads and checks a request's head. Refuses everything that two programs could understand differently (RFC 9112
 * sections 6.3 and 11.2), because the edge and a server that disagree about where a request ends can be made to mix up
 * the requests of two people.
 * @throws HttpSyntaxError 400, 417 (Expect), 431 (too many fields), 505 (version)
 */
export function parseRequestHead(text: string): RequestHead {
  let position = 0;
  while (isTokenChar[text.charCodeAt(position)]) position++;
  if (position === 0 || position > longestMethod || text.charCodeAt(position) !== SP)
    throw new HttpSyntaxError('the request line has no valid method');
  const method = text.slice(0, position);
  const targetStart = ++position;
  while (isTargetChar[text.charCodeAt(position)]) position++;
  if (position === targetStart || text.charCodeAt(position) !== SP)
    throw new HttpSyntaxError('the request line has no valid target');
  const target = text.slice(targetStart, position);
  const minorVersion = parseVersion(text, position + 1);
  position += 1 + 'HTTP/1.1'.length;
  if (text.charCodeAt(position) !== CR || text.charCodeAt(position + 1) !== LF)
    throw new HttpSyntaxError('the request line does not end with CRLF');
  const { pathAndQuery, path, authority } = parseRequestTarget(target);
  const fields = new Fields(text, position + 2);
  if (fields.names.length > mostFields) throw new HttpSyntaxError('there are too many header fields', 431);

  let host: string | undefined;
  let length: string | undefined;
  let chunked = false;
  let connection: string | undefined;
  let upgrade: string | undefined;
  let expectsContinue = false;
  for (let index = 0; index < fields.names.length; index++) {
    switch (fields.names[index]) {
      case 'host':
        if (host !== undefined) throw new HttpSyntaxError('there is more than one Host');
        host = fields.value(index);
        break;
      case 'content-length':
        if (length !== undefined) throw new HttpSyntaxError('there is more than one Content-Length');
        length = fields.value(index);
        break;
      case 'transfer-encoding':
        if (chunked || fields.value(index).toLowerCase() !== 'chunked')
          throw new HttpSyntaxError('the Transfer-Encoding is not exactly "chunked"');
        chunked = true;
        break;
      case 'connection':
        connection = connection === undefined ? fields.value(index) : `${connection},${fields.value(index)}`;
        break;
      case 'upgrade':
        upgrade = upgrade === undefined ? fields.value(index) : `${upgrade}, ${fields.value(index)}`;
        break;
      case 'expect':
        if (fields.value(index).toLowerCase() !== '100-continue')
          throw new HttpSyntaxError('only the expectation "100-continue" is known', 417);
        expectsContinue = minorVersion === 1;
        break;
    }
  }

  if (host === undefined && minorVersion === 1) throw new HttpSyntaxError('there is no Host');
  const meant = authority ?? host ?? '';
  if ((meant !== '' || minorVersion === 1) && !hostPattern.test(meant))
    throw new HttpSyntaxError('the host is not valid');
  if (chunked && length !== undefined)
    throw new HttpSyntaxError('there are both a Transfer-Encoding and a Content-Length');
  if (chunked && minorVersion === 0) throw new HttpSyntaxError('HTTP/1.0 has no Transfer-Encoding');
  const body = chunked ? 'chunked' : parseContentLength(length);

  const tokens = connection === undefined ? undefined : tokensOf(connection);
  return {
    method,
    pathAndQuery,
    path,
    authority,
    minorVersion,
    fields,
    host: meant,
    body,
    keepAlive: minorVersion === 1 ? !tokens?.has('close') : tokens?.has('keep-alive') === true,
    upgrade: minorVersion === 1 && tokens?.has('upgrade') && body === 0 ? passableUpgrade(upgrade) : undefined,
    expectsContinue: expectsContinue && body !== 0,
    connectionNames: tokens,
  };
}

function parseVersion(text: string, position: number): 0 | 1 {
  if (text.startsWith('HTTP/1.1', position)) return 1;
  if (text.startsWith('HTTP/1.0', position)) return 0;
  if (/^HTTP\/\d\.\d\r\n/.test(text.slice(position, position + 10)))
    throw new HttpSyntaxError('only HTTP/1.1 and HTTP/1.0 are spoken here', 505);
  throw new HttpSyntaxError('the request line has no valid version');
}

/**
 * Reads a Content-Length.
 * @throws HttpSyntaxError when it is not a plain decimal number below 2^53
 */
export function parseContentLength(value: string | undefined): number {
  if (value === undefined) return 0;
  const length = Number(value);
  if (!/^[0-9]{1,16}$/.test(value) || !Number.isSafeInteger(length))
    throw new HttpSyntaxError('the Content-Length is not a number');
  return length;
}

/** What nearly every Connection field says, read once. */
const usualTokens = new Map<string, ReadonlySet<string>>(
  ['keep-alive', 'close'].map((token) => [token, new Set([token])]),
);

/** The comma-separated, case-insensitive tokens of a Connection field. */
export function tokensOf(value: string): ReadonlySet<string> {
  const usual = usualTokens.get(value);
  if (usual !== undefined) return usual;
  return new Set(
    value
      .toLowerCase()
      .split(',')
      .map((token) => token.trim())
      .filter(Boolean),
  );
}

/** Cleartext HTTP/2 would turn the connection into a tunnel past every later check, so it is never passed on. */
function passableUpgrade(value: string | undefined): string | undefined {
  if (value === undefined || !/^[a-z0-9!#$%&'*+.^_`|~/, -]+$/i.test(value)) return undefined;
  const upgrade = value.toLowerCase();
  return /(?:^|[ ,])h2c?(?:[ ,]|$)|http\/2|tls\//.test(upgrade) ? undefined : upgrade;
}
