import { array, assert, constantFrom, oneof, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { safeNext } from '../../src/identity/http/safeNext.ts';

const client = { address: '10.0.0.1', scheme: 'http' as const, host: 'hub.test:8000', userAgent: '' };

test.each([
  ['/', '/'],
  ['/hub/home', '/hub/home'],
  ['/user/ada/lab?x=1&y=2#z', '/user/ada/lab?x=1&y=2#z'],
  ['/user/ada/lab/tree/a b.ipynb', '/user/ada/lab/tree/a%20b.ipynb'],
  ['/user/ada/lab/tree/ü.ipynb', '/user/ada/lab/tree/%C3%BC.ipynb'],
  ['/hub/%2f%2fevil.com', '/hub/%2f%2fevil.com'],
  ['/foo//bar', '/foo//bar'],
  ['/@evil.com', '/@evil.com'],
  ['/path?next=https://evil.com', '/path?next=https://evil.com'],
  ['http://hub.test:8000/user/ada/', '/user/ada/'],
  ['https://HUB.test:8000/user/ada/?a#b', '/user/ada/?a#b'],
  ['http://hub.test:8000', '/'],
  ['http://hub.test:8000?a', '/?a'],
  ['http://hub.test:8000//evil.com/x', '/evil.com/x'],
  ['/\\evil.com', '/%5Cevil.com'],
])('%s is followed as %s', (next, expected) => {
  expect(safeNext(next, client)).toBe(expected);
});

test.each([
  '',
  null,
  undefined,
  'hub/home',
  'evil.com',
  '//evil.com/x',
  '///evil.com',
  '////evil.com',
  '\\\\evil.com',
  '\\/evil.com',
  'http://evil.com',
  'https://evil.com/hub.test:8000',
  'http://hub.test:8000@evil.com/',
  'http://user:pw@hub.test:8000/',
  'http://hub.test:8000.evil.com/',
  'http://hub.test/',
  'http://evil.hub.test:8000/',
  'http://hub.test:8000\\@evil.com',
  'http:/evil.com',
  'http:evil.com',
  'https:evil.com',
  'ftp://hub.test:8000/x',
  'javascript:alert(1)',
  'JavaScript:alert(1)',
  'data:text/html,x',
  ' /hub/home',
  ' //evil.com',
  '/\t/evil.com',
  '/\n/evil.com',
  '\t//evil.com',
  '/\r\nSet-Cookie: a=b',
  '/\u0000/evil.com',
  '\u00A0//evil.com',
  `/${'a'.repeat(5000)}`,
])('%j is not followed', (next) => {
  expect(safeNext(next, client)).toBeUndefined();
});

test('whatever the text, a browser stays on this host (CVE-2019-10255, CVE-2026-33709)', () => {
  const pieces = constantFrom(
    '/',
    '\\',
    '//',
    ':',
    '@',
    '?',
    '#',
    'http:',
    'https://',
    'evil.com',
    'hub.test:8000',
    '.',
    '..',
    '%2f',
    '%5c',
    '\t',
    ' ',
    '\u3002',
    '\uFF0F',
  );
  assert(
    property(array(oneof(pieces, string({ maxLength: 5 })), { maxLength: 8 }), (parts) => {
      const next = safeNext(parts.join(''), client);
      if (next === undefined) return;
      expect(new URL(next, 'http://hub.test:8000/hub/login').host).toBe('hub.test:8000');
      expect(next).toMatch(/^\/(?!\/)[\x21-\x7e]*$/);
    }),
    { numRuns: 5000 },
  );
});
