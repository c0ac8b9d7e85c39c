import { expect, test } from 'vitest';
import { expandTemplate } from '../../src/core/expandTemplate.ts';

const fields = { username: 'ada', servername: 'gpu', JUPYTERHUB_USER: 'ada', userid: '7', empty: '' };

test.each([
  ['plain text', 'plain text', 'no field'],
  ['s3://scratch/{username}', 's3://scratch/ada', 'a field'],
  ['{username}-{servername}-{userid}', 'ada-gpu-7', 'several fields'],
  ['{empty}', '', 'a field without a value'],
  ['{JUPYTER_IMAGE_SPEC}', '{JUPYTER_IMAGE_SPEC}', 'an unknown field: dask-gateway fills it in'],
  ['{{JUPYTER_IMAGE_SPEC}}', '{JUPYTER_IMAGE_SPEC}', 'doubled braces, as KubeSpawner has them'],
  ['{{{username}}}', '{ada}', 'a field in doubled braces'],
  ['/user/{JUPYTERHUB_USER}/proxy/{port}/status', '/user/ada/proxy/{port}/status', 'known and unknown fields'],
  ['{"a": {"user": "{username}"}}', '{"a": {"user": "ada"}}', 'JSON that ends in two braces'],
  ['{"a":{"b":{}}}', '{"a":{"b":{}}}', 'JSON without fields'],
  ['{}', '{}', 'an empty field'],
  ['a } b { c', 'a } b { c', 'stray braces'],
  ['{username!r:>10}', '{username!r:>10}', 'a conversion that is not ours'],
  ['{__proto__} {constructor} {toString}', '{__proto__} {constructor} {toString}', 'names that every object has'],
  ['$(JUPYTERHUB_USER) ${username}', '$(JUPYTERHUB_USER) $ada', 'signs of a shell'],
  ["it's 100% {username} $& $1", "it's 100% ada $& $1", 'signs that mean something to String.replace'],
])('%j becomes %j: %s', (template, expected) => {
  expect(expandTemplate(template, fields)).toBe(expected);
});

test('a value is put in as it is, also when it looks like a template or a replacement pattern', () => {
  expect(expandTemplate('x{username}y{servername}', { username: '{servername}$&{{', servername: 'b' })).toBe(
    'x{servername}$&{{yb',
  );
});

test('a long text of braces takes no time to speak of', () => {
  const begun = performance.now();
  expandTemplate('{'.repeat(200_000) + '}'.repeat(200_000), fields);
  expect(performance.now() - begun).toBeLessThan(2000);
});
