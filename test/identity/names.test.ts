import { assert, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileUsernamePattern, isValidName, normalizeName, toUserName } from '../../src/identity/names.ts';
import { escapeFully, escapeSegment, serverUrl } from '../../src/identity/urls.ts';

describe('one spelling of a name', () => {
  test.each([
    ['Ada', 'ada'],
    ['ADA', 'ada'],
    ['ａｄａ', 'ada'],
    ['\u212Aate', 'kate'],
    ['ada\u0301', 'adá'],
    ['ﬁona', 'fiona'],
    ['Straße', 'straße'],
  ])('%s is %s', (name, expected) => {
    expect(normalizeName(name)).toBe(expected);
  });

  test('normalising twice changes nothing, for any text', () => {
    assert(
      property(string({ unit: 'grapheme', maxLength: 40 }), (name) => {
        expect(normalizeName(normalizeName(name))).toBe(normalizeName(name));
      }),
      { numRuns: 2000 },
    );
  });
});

test.each([
  ['ada', true],
  ['ada@example.org', true],
  ['ada lovelace', true],
  ['ünïcödé', true],
  ['a-b', true],
  ['', false],
  [' ada', false],
  ['ada ', false],
  ['a/b', false],
  ['.', false],
  ['..', false],
  ['...', false],
  ['%2e%2e', false],
  ['%252e%2e', false],
  ['a%2fb', false],
  ['a%252Fb', false],
  ['a%0Ab', false],
  ['100%', true],
  ['%2', true],
  ['a..', true],
  ['a\nb', false],
  ['a\u0000', false],
  ['a\u200Bda', false],
  ['a\u202Eda', false],
  ['a\u2028b', false],
  ['a\uD800', false],
  ['x'.repeat(255), true],
  ['x'.repeat(256), false],
])('%j may be a name: %s', (name, expected) => {
  expect(isValidName(name)).toBe(expected);
});

describe('user names', () => {
  const rules = { map: { 'ada@example.org': 'Ada', x: '..' }, pattern: compileUsernamePattern('[a-z]+') };

  test('are mapped, and must match the pattern as a whole', () => {
    expect(toUserName('ADA@example.org', rules)).toBe('ada');
    expect(toUserName('Grace', rules)).toBe('grace');
    expect(toUserName('grace1', rules)).toBeUndefined();
    expect(toUserName('x', rules)).toBeUndefined();
    expect(toUserName('constructor', { map: {} })).toBe('constructor');
  });

  test('a pattern that is none is a settings error', () => {
    expect(() => compileUsernamePattern('[a-z')).toThrow(/not a regular expression/);
  });

  test('alternatives in a pattern do not escape the anchors', () => {
    expect(toUserName('bad', { map: {}, pattern: compileUsernamePattern('a|b') })).toBeUndefined();
  });
});

test('names in addresses and in cookie names', () => {
  expect(escapeSegment('ada@x.org')).toBe('ada@x.org');
  expect(escapeSegment("o'neil (1)*!~")).toBe('o%27neil%20%281%29%2A%21~');
  expect(escapeFully('ada@x')).toBe('ada%40x');
  expect(serverUrl('ada')).toBe('/user/ada/');
  expect(serverUrl('a b', 'gpu')).toBe('/user/a%20b/gpu/');
});
