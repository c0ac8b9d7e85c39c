import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { isSecretName } from '../../src/config/isSecretName.ts';
import { describeType } from '../../src/config/keys/describeType.ts';
import type { Key } from '../../src/config/keys/key.ts';
import { effectOf, keyTable } from '../../src/config/keys/keyTable.ts';
import { defaultSettings, runtimeKinds } from '../../src/config/settings.ts';
import { nearest } from '../../src/config/suggest.ts';
import { fileWith } from './fileWith.ts';
import { load } from './settingsFrom.ts';

const keys = keyTable.filter((row): row is Key => row.kind === 'key');
const paths = new Set(keyTable.map(({ path }) => path));

describe('the table of keys', () => {
  test('has the layout of the charts', () => {
    expect(keys.length).toBeGreaterThan(400);
    for (const path of ['jupyterhub', 'dask-gateway', 'atoll', 'jupyterhub.hub.config', 'jupyterhub.singleuser'])
      expect(paths).toContain(path);
  });

  test('has the map above each key as a section', () => {
    const orphans = [...paths].filter((path) => path.includes('.') && !paths.has(path.slice(0, path.lastIndexOf('.'))));
    expect(orphans).toEqual([]);
  });

  test('has a line of documentation, words for the type and an effect for each', () => {
    expect(keyTable.filter(({ doc }) => !/^[A-Z].*\.$/.test(doc)).map(({ path }) => path)).toEqual([]);
    expect(keys.filter(({ type }) => describeType(type) === '').map(({ path }) => path)).toEqual([]);
    const works = (key: Key): boolean => runtimeKinds.some((runtime) => effectOf(key, runtime).kind === 'works');
    expect(keys.filter((key) => works(key) !== (key.apply !== undefined)).map(({ path }) => path)).toEqual([]);
    for (const key of keys)
      for (const runtime of runtimeKinds)
        expect(effectOf(key, runtime)).toMatchObject({ kind: expect.stringMatching(/^(works|none|unsupported)$/) });
  });

  test('marks what has the name of a secret as one', () => {
    const unmarked = keys
      .filter(({ path, secret }) => isSecretName(path.slice(path.lastIndexOf('.') + 1)) && !secret)
      .map(({ path }) => path);
    // Names of Kubernetes objects and of their entries, lists of names, and switches: none is a secret itself.
    expect(
      unmarked.filter(
        (path) => !/imagePullSecret$|existingSecret$|secret\.(name|key|crt)$|SecretKey|\.cert$/.test(path),
      ),
    ).toEqual([]);
  });

  test('each type has a JSON Schema', () => {
    for (const { type } of keys)
      expect(z.toJSONSchema(type, { io: 'input', unrepresentable: 'any' })).toBeTypeOf('object');
  });

  test.each(keys.filter((key) => key.apply && key.default !== undefined).map((key) => [key.path, key.default]))(
    'the default of %s is what holds when it is not written',
    async (path, value) => {
      const { settings, problems } = await load(fileWith(path, value));
      const { authenticator, ...others } = settings.authentication;
      expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
      expect(authenticator).toBe('link');
      expect({ ...settings, authentication: { ...others, authenticator, configured: false } }).toEqual(
        defaultSettings(),
      );
    },
  );

  test.each(keys.filter(({ satisfiedBy }) => satisfiedBy !== undefined).map((key) => [key.path, key.satisfiedBy]))(
    '%s as Atoll works anyway asks for nothing',
    async (path, value) => expect((await load(fileWith(path, value))).problems).toEqual([]),
  );

  test.each([
    ['custom: {group: a}', "z2jh.get_config('custom.group')"],
    ['hub: {extraEnv: {GROUP: a}}', "os.environ['GROUP']"],
    ['gateway: {env: [{name: GROUP, value: a}]}', "os.getenv('GROUP')"],
  ])('%s has an effect where Python reads it', async (text, python) => {
    const [chart = ''] = text.split(':');
    const wrapped = (chart === 'gateway' ? `dask-gateway: {${text}}` : `jupyterhub: {${text}}`).concat('\n');
    const warned = async (snippet: string): Promise<string[]> => {
      const more = JSON.stringify({ jupyterhub: { hub: { extraConfig: snippet } } });
      return (await load(wrapped, more)).problems.map(({ code }) => code);
    };
    expect(await warned('x = 1')).toEqual(['ATOLL_SETTINGS_NO_EFFECT']);
    expect(await warned(python)).toEqual([]);
  });

  test('files that are Python of the hub have an effect, others have none', async () => {
    const file = (mountPath: string): string =>
      `hub: {extraFiles: {a: {mountPath: ${mountPath}, stringData: 'c.Spawner.args = []'}}}`;
    expect((await load(file('/usr/local/etc/jupyterhub/jupyterhub_config.d/a.py'))).problems).toEqual([]);
    expect((await load(file('/etc/a.py'))).problems).toMatchObject([{ code: 'ATOLL_SETTINGS_NO_EFFECT' }]);
  });

  test('a misspelt key of each length finds the right one beside it', () => {
    const children = keys
      .filter(({ path }) => /^jupyterhub\.singleuser\.[^.]+$/.test(path))
      .map(({ path }) => path.split('.')[2] ?? '');
    for (const name of children) {
      if (name.length < 4) continue;
      const middle = Math.floor(name.length / 2);
      expect(nearest(name.slice(0, middle) + name.slice(middle + 1), children)).toBe(name);
      expect(nearest(`${name}s`, children)).toBe(name);
      expect(
        nearest(
          name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
          children,
        ),
      ).toBe(name);
    }
    expect(nearest('something-else-entirely', children)).toBeUndefined();
    expect(nearest('', children)).toBeUndefined();
  });
});
