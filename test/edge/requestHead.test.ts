import { describe, expect, test } from 'vitest';
import { HttpSyntaxError } from '../../src/edge/http/httpSyntax.ts';
import { parseRequestHead } from '../../src/edge/http/requestHead.ts';

function statusOf(text: string): number | 'accepted' {
  try {
    parseRequestHead(text);
    return 'accepted';
  } catch (error) {
    if (error instanceof HttpSyntaxError) return error.status;
    throw error;
  }
}

/** A GET request with these header lines after Host. */
const withLines = (...lines: string[]): string =>
  `GET /a HTTP/1.1\r\nHost: x\r\n${lines.map((l) => `${l}\r\n`).join('')}\r\n`;

describe('a valid head', () => {
  test('gives method, path, query, host and fields as they were sent', () => {
    const head = parseRequestHead(
      'POST /user/a%40b/x?y=%2F&z HTTP/1.1\r\nHost: Hub.Example:8000\r\nAccept:  text/html \r\nX-Two: 1\r\nx-two: 2\r\nContent-Length: 12\r\n\r\n',
    );
    expect(head).toMatchObject({
      method: 'POST',
      pathAndQuery: '/user/a%40b/x?y=%2F&z',
      path: '/user/a%40b/x',
      host: 'Hub.Example:8000',
      body: 12,
      keepAlive: true,
      minorVersion: 1,
    });
    expect(head.fields.get('accept')).toBe('text/html');
    expect(head.fields.get('x-two')).toBe('1, 2');
    expect(head.fields.get('x-three')).toBeUndefined();
    expect(head.fields.lines((name) => name !== 'accept')).toBe(
      'Host: Hub.Example:8000\r\nX-Two: 1\r\nx-two: 2\r\nContent-Length: 12\r\n',
    );
  });

  test.each([
    ['an empty value', withLines('X-Empty:')],
    ['a tab around a value', withLines('X-Tab:\tv\t')],
    ['bytes above ASCII in a value', withLines('X-Name: J\xfcrgen')],
    ['every token character in a name', withLines("!#$%&'*+-.^_`|~09azAZ: v")],
    ['an absolute-form target', 'GET http://hub.example/a HTTP/1.1\r\nHost: hub.example\r\n\r\n'],
    ['a path of two slashes', 'GET //evil.example/a HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['HTTP/1.0 without Host', 'GET / HTTP/1.0\r\n\r\n'],
    ['an IPv6 host', 'GET / HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n'],
    ['Content-Length of zero', withLines('Content-Length: 0')],
    ['chunked in capitals', withLines('Transfer-Encoding: Chunked')],
    ['a hidden file', 'GET /user/a/.hidden/..x/x.. HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['characters that browsers leave alone in queries', 'GET /a?b={c}|d^e\\f HTTP/1.1\r\nHost: x\r\n\r\n'],
  ])('%s is accepted', (_, text) => {
    expect(statusOf(text)).toBe('accepted');
  });

  test('an absolute-form target says which host is meant, whatever Host says', () => {
    const head = parseRequestHead('GET http://a.example?q HTTP/1.1\r\nHost: b.example\r\n\r\n');
    expect(head).toMatchObject({ host: 'a.example', authority: 'a.example', pathAndQuery: '/?q', path: '/' });
  });

  test.each([
    ['HTTP/1.1', '', true],
    ['HTTP/1.1', 'Connection: close\r\n', false],
    ['HTTP/1.1', 'Connection: foo, Close\r\n', false],
    ['HTTP/1.0', '', false],
    ['HTTP/1.0', 'Connection: keep-alive\r\n', true],
  ])('%s with %j keeps the connection: %s', (version, line, keepAlive) => {
    expect(parseRequestHead(`GET / ${version}\r\nHost: x\r\n${line}\r\n`).keepAlive).toBe(keepAlive);
  });

  test.each([
    ['websocket', 'Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n'],
    ['anything/1', 'Connection: upgrade\r\nUpgrade: Anything/1\r\n'],
    [undefined, 'Upgrade: websocket\r\n'],
    [undefined, 'Connection: upgrade\r\n'],
    [undefined, 'Connection: upgrade\r\nUpgrade: h2c\r\n'],
    [undefined, 'Connection: upgrade\r\nUpgrade: websocket, h2c\r\n'],
    [undefined, 'Connection: upgrade\r\nUpgrade: TLS/1.0\r\n'],
    [undefined, 'Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 3\r\n'],
  ])('the upgrade passed on is %s for %j', (upgrade, lines) => {
    expect(parseRequestHead(`GET / HTTP/1.1\r\nHost: x\r\n${lines}\r\n`).upgrade).toBe(upgrade);
  });
});

describe('refused', () => {
  test.each([
    ['no method', ' / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a method that is no token', 'G@T / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['an endless method', `${'G'.repeat(33)} / HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['two spaces before the target', 'GET  / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['two spaces after the target', 'GET /  HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a tab in the request line', 'GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['no version', 'GET /\r\nHost: x\r\n\r\n'],
    ['a version in small letters', 'GET / http/1.1\r\nHost: x\r\n\r\n'],
    ['a longer version', 'GET / HTTP/1.11\r\nHost: x\r\n\r\n'],
    ['a space after the version', 'GET / HTTP/1.1 \r\nHost: x\r\n\r\n'],
    ['a bare LF after the request line', 'GET / HTTP/1.1\nHost: x\r\n\r\n'],
    ['a bare CR after the request line', 'GET / HTTP/1.1\rHost: x\r\n\r\n'],
    ['a space in the target', 'GET /a b HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['bytes above ASCII in the target', 'GET /\xfc HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a fragment', 'GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['the target of CONNECT', 'CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['the target *', 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['another scheme', 'GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a target without slash', 'GET a HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['user information in the target', 'GET http://user@x/ HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['no host in the target', 'GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a backslash in the path', 'GET /a\\b HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
    ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n'],
    ['two Hosts', withLines('Host: x')],
    ['two Hosts, one in capitals', withLines('HOST: y')],
    ['a Host with a path', 'GET / HTTP/1.1\r\nHost: x/y\r\n\r\n'],
    ['a Host with user information', 'GET / HTTP/1.1\r\nHost: a@x\r\n\r\n'],
    ['a Host that is a list', 'GET / HTTP/1.1\r\nHost: a, b\r\n\r\n'],
    ['a space before the colon', withLines('X-A : b')],
    ['a tab before the colon', withLines('X-A\t: b')],
    ['a folded line', withLines('X-A: b', ' c')],
    ['a line folded with a tab', withLines('X-A: b', '\tc')],
    ['a first header line that is folded', 'GET / HTTP/1.1\r\n Host: x\r\n\r\n'],
    ['a line without a colon', withLines('X-A')],
    ['an empty name', withLines(': b')],
    ['a name that is no token', withLines('X(A): b')],
    ['bytes above ASCII in a name', withLines('X-\xc4: b')],
    ['NUL in a value', withLines('X-A: b\0c')],
    ['NUL in a name', withLines('X-A\0: b')],
    ['DEL in a value', withLines('X-A: b\x7fc')],
    ['an escape in a value', withLines('X-A: \x1b[31m')],
    ['a bare CR in a value', withLines('X-A: b\rc')],
    ['a bare LF in a value', withLines('X-A: b\nX-B: c')],
    ['a bare LF between lines', 'GET / HTTP/1.1\r\nHost: x\nX-A: b\r\n\r\n'],
    ['two Content-Lengths', withLines('Content-Length: 5', 'Content-Length: 6')],
    ['the same Content-Length twice', withLines('Content-Length: 5', 'Content-Length: 5')],
    ['a list of Content-Lengths', withLines('Content-Length: 5, 5')],
    ['a signed Content-Length', withLines('Content-Length: +5')],
    ['a negative Content-Length', withLines('Content-Length: -5')],
    ['a hexadecimal Content-Length', withLines('Content-Length: 0x5')],
    ['a Content-Length with an exponent', withLines('Content-Length: 1e3')],
    ['an empty Content-Length', withLines('Content-Length:')],
    ['a Content-Length beyond 2^53', withLines('Content-Length: 9007199254740993')],
    ['both kinds of framing', withLines('Content-Length: 5', 'Transfer-Encoding: chunked')],
    ['both kinds of framing, the other way round', withLines('Transfer-Encoding: chunked', 'Content-Length: 5')],
    ['Transfer-Encoding identity', withLines('Transfer-Encoding: identity')],
    ['Transfer-Encoding with chunked last', withLines('Transfer-Encoding: gzip, chunked')],
    ['Transfer-Encoding with chunked first', withLines('Transfer-Encoding: chunked, identity')],
    ['Transfer-Encoding twice', withLines('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')],
    ['Transfer-Encoding twice, once unknown', withLines('Transfer-Encoding: chunked', 'Transfer-Encoding: x')],
    ['Transfer-Encoding with a parameter', withLines('Transfer-Encoding: chunked;a=b')],
    ['Transfer-Encoding in quotes', withLines('Transfer-Encoding: "chunked"')],
    ['Transfer-Encoding with a vertical tab', withLines('Transfer-Encoding: \x0bchunked')],
    ['an empty Transfer-Encoding', withLines('Transfer-Encoding:')],
    ['Transfer-Encoding in HTTP/1.0', 'POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['a dot segment', 'GET /user/a/../b HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a dot segment at the end', 'GET /user/a/.. HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a single dot', 'GET /user/./a HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['an encoded dot segment', 'GET /user/a/%2e%2E/b HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a half encoded dot segment', 'GET /user/a/.%2e/b HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a dot segment behind an encoded slash', 'GET /user/a%2f..%2fb HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a dot segment behind an encoded backslash', 'GET /user/a%5c..%5cb HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a dot segment in an absolute-form target', 'GET http://x/a/../b HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a broken percent-encoding', 'GET /a%2 HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a percent-encoding that is no hexadecimal', 'GET /a%zz HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['an encoded NUL', 'GET /a%00 HTTP/1.1\r\nHost: x\r\n\r\n'],
  ])('%s', (_, text) => {
    expect(statusOf(text)).toBe(400);
  });

  test('attack: more fields than a server reads, so that it overlooks what stands behind them: 431', () => {
    const many = (number: number): string => withLines(...Array.from({ length: number }, () => 'a:'));
    expect(statusOf(many(499))).not.toBe(431);
    expect(statusOf(many(500))).toBe(431);
    expect(statusOf(many(15_000))).toBe(431);
  });

  test('versions that are not spoken: 505', () => {
    expect(statusOf('GET / HTTP/2.0\r\nHost: x\r\n\r\n')).toBe(505);
    expect(statusOf('PRI * HTTP/2.0\r\n\r\n')).toBe(505);
  });

  test('expectations that are not known: 417', () => {
    expect(statusOf(withLines('Expect: 200-ok'))).toBe(417);
  });
});
