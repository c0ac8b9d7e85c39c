import { expect, test } from 'vitest';
import { checkDisplayName, checkServerName } from '../../src/servers/serverName.ts';

test.each(['a', 'gpu', 'gpu-2', 'a1-b2-c3', 'a'.repeat(30)])('%s is a server name', (name) => {
  expect(() => checkServerName(name)).not.toThrow();
});

test.each([
  '',
  '1a',
  '-a',
  'a-',
  'a--b',
  'Bad',
  'bad_name',
  'a b',
  'a/b',
  '..',
  'ä',
  'a\n',
  'a%2fb',
  '{username}',
  'a'.repeat(31),
])('%j is no server name', (name) => {
  expect(() => checkServerName(name)).toThrow(`Invalid server_name: '${name}'`);
});

test('an error text holds no more of an endless name than 255 characters', () => {
  expect(() => checkServerName('x'.repeat(1e6))).toThrow(/^.{1,300}$/s);
});

test.each(['', 'a'.repeat(256), 'a\u0000b', 'line\nbreak', '\u202Egnp.exe'])('%j is no display name', (name) => {
  expect(() => checkDisplayName(name)).toThrow('display_name');
});

test('a display name may hold anything that can be read', () => {
  expect(() => checkDisplayName('Größe <b>"1"</b> ✓ 大')).not.toThrow();
});
