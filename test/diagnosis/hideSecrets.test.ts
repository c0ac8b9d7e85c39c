import { expect, test } from 'vitest';
import { sha256Hex } from '../../src/core/ids.ts';
import { hideSecrets, secretValuesOf } from '../../src/diagnosis/hideSecrets.ts';

const token = '0123456789abcdef0123456789abcdef';
const known = { values: [], fingerprints: [{ length: token.length, sha256: sha256Hex(token) }] };

test.each([
  [`JUPYTERHUB_API_TOKEN=${token}`],
  [`{"headers": {"Authorization": "token ${token}"}}`],
  [`http://127.0.0.1:1/lab?token=${token}&x=1`],
  [`b'${token}'`],
  [token],
  [`prefix_${token}-suffix ${token}${token}`],
  [`os.environ: environ({'JPY_API_TOKEN': '${token}'})`],
])('a token known by its fingerprint does not show in %j', (line) => {
  const [shown] = hideSecrets([line], known);
  expect(shown).not.toContain(token);
  expect(shown).toContain('<hidden>');
});

test('secrets known by value do not show, wherever they stand', () => {
  const secrets = { values: ['hunter22', 'abc'], fingerprints: [] };
  expect(hideSecrets(['key hunter22! hunter22', 'abc'], secrets)).toEqual(['key <hidden>! <hidden>', 'abc']);
});

test.each([
  ['Authorization: Bearer abcdefgh', 'Authorization: Bearer <hidden>'],
  ['GET /api?token=deadbeef99&next=1', 'GET /api?token=<hidden>&next=1'],
  ["password: 'correct horse'", "password: '<hidden> horse'"],
  ['AWS_SECRET=abcdef123', 'AWS_SECRET=<hidden>'],
])('what follows a telling word does not show: %j', (line, expected) => {
  expect(hideSecrets([line], { values: [], fingerprints: [] })).toEqual([expected]);
});

test('ordinary lines stay as they are', () => {
  const lines = ['[I 2026] Serving notebooks from /home/ada', 'commit 0123456789abcdef0123456789abcdee', ''];
  expect(hideSecrets(lines, known)).toEqual(lines);
});

test('variables whose names speak of secrets are taken for such', () => {
  const environment = { GITHUB_TOKEN: 'a', DB_PASSWORD: 'b', AWS_ACCESS_KEY: 'c', PATH: 'd', KEYBOARD: 'e' };
  expect(secretValuesOf(environment)).toEqual(['a', 'b', 'c']);
});

test('fifty lines of 2000 characters are looked through in a moment', () => {
  const begun = performance.now();
  hideSecrets(
    Array.from({ length: 50 }, () => 'a'.repeat(2000)),
    known,
  );
  expect(performance.now() - begun).toBeLessThan(5000);
});
