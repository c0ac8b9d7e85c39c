import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { armor, Encrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { problemsText, toReport } from '../../src/cli/settings/problemsText.ts';
import { type LoadedSettings, loadSettings, loadSettingsFiles } from '../../src/config/loadSettings.ts';

const folder = join(import.meta.dirname, 'encrypted');
const file = (name: string): string => join(folder, name);
const variables = ['SOPS_AGE_KEY', 'SOPS_AGE_KEY_FILE', 'XDG_CONFIG_HOME', 'HOME'] as const;
const before = Object.fromEntries(variables.map((name) => [name, process.env[name]]));
let empty: string;

beforeAll(() => {
  empty = mkdtempSync(join(tmpdir(), 'atoll-no-keys-'));
});
beforeEach(() => {
  // Not the keys of whoever runs the tests.
  for (const name of variables) delete process.env[name];
  process.env.XDG_CONFIG_HOME = empty;
});
afterEach(() => {
  for (const name of variables) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
});
afterAll(() => rmSync(empty, { recursive: true }));

function useKey(name = 'key.txt'): void {
  process.env.SOPS_AGE_KEY_FILE = file(name);
}

function errorsOf({ problems }: LoadedSettings): string[] {
  return problems.filter(({ severity }) => severity === 'error').map(({ code, message }) => `${code} ${message}`);
}

/** A file of SOPS, changed. */
async function changed(name: string, change: (text: string) => string): Promise<LoadedSettings> {
  const before = readFileSync(file(name), 'utf8');
  const text = change(before);
  expect(text).not.toBe(before);
  return loadSettings([{ name, text }]);
}

describe('files that sops and age made', () => {
  test.each([
    ['secrets.sops.yaml', 'key.txt'],
    ['secrets.sops.yaml', 'other-key.txt'],
    ['regex.sops.yaml', 'key.txt'],
    ['partly.sops.yaml', 'key.txt'],
    ['secrets.armored.yaml', 'key.txt'],
    ['secrets.binary.yaml', 'key.txt'],
  ])('%s is read with %s', async (name, key) => {
    useKey(key);
    const loaded = await loadSettingsFiles([file(name)]);
    expect(errorsOf(loaded)).toEqual([]);
    expect(loaded.settings.authentication).toMatchObject({
      authenticator: 'sharedpassword',
      adminUsers: ['ada', 'grace'],
      allowAll: true,
    });
    expect(loaded.settings.servers).toMatchObject({
      startTimeoutSeconds: 900,
      coreLimit: 1.5,
      environment: { EMPTY: '', TOKEN: 'hunter2-hunter2' },
    });
    expect(loaded.settings.services.gateway?.apiToken).toBe('Zw4tqYf0bJ3kP9sLx2Vd');
    // What a hub elsewhere is given needs none of the person's keys.
    delete process.env.SOPS_AGE_KEY_FILE;
    const again = await loadSettings(JSON.parse(JSON.stringify(loaded.inputs)));
    expect(again.settings).toEqual(loaded.settings);
    expect(again.problems).toEqual(loaded.problems);
  });

  test('values of all kinds that are not encrypted count in the code over all', async () => {
    useKey();
    const loaded = await loadSettingsFiles([file('kinds.sops.yaml')]);
    expect(errorsOf(loaded)).toEqual([]);
    expect(loaded.settings.servers.environment).toMatchObject({ A: 'yes', D: '1.5', TOKEN: 'hunter2-hunter2' });
  });

  test('the key may be in the environment, or where sops itself looks', async () => {
    process.env.SOPS_AGE_KEY = readFileSync(file('key.txt'), 'utf8');
    expect(errorsOf(await loadSettingsFiles([file('regex.sops.yaml')]))).toEqual([]);
    delete process.env.SOPS_AGE_KEY;
    expect(errorsOf(await loadSettingsFiles([file('regex.sops.yaml')]))).toHaveLength(1);
  });

  test.each([
    ['regex.sops.yaml', undefined, 'encrypted with SOPS, and there is no age key'],
    ['regex.sops.yaml', 'other-key.txt', 'for other age keys'],
    ['secrets.binary.yaml', undefined, 'encrypted with age, and there is no age key'],
    ['secrets.armored.yaml', 'other-key.txt', 'with age for other keys'],
  ])('%s with the key %s is refused', async (name, key, message) => {
    if (key) useKey(key);
    const [error, ...others] = errorsOf(await loadSettingsFiles([file(name)]));
    expect(error).toContain('ATOLL_SETTINGS_ENCRYPTED');
    expect(error).toContain(message);
    expect(others).toEqual([]);
  });
});

describe('a file that was changed after it was encrypted is refused', () => {
  const line = (name: string) => new RegExp(`^ *${name}: (.*)\n`, 'm');
  const valueOf = (text: string, name: string): string => line(name).exec(text)?.[1] ?? '';
  test.each<[string, string, (text: string) => string]>([
    [
      'a value moved to another key',
      'secrets.sops.yaml',
      (text) => text.replace(valueOf(text, 'user_password'), valueOf(text, 'TOKEN')),
    ],
    ['a value replaced by a plain one', 'secrets.sops.yaml', (text) => text.replace(valueOf(text, 'TOKEN'), 'plain')],
    ['a value taken away', 'secrets.sops.yaml', (text) => text.replace(line('user_password'), '')],
    ['a value added', 'regex.sops.yaml', (text) => text.replace('- ada', '- ada\n                    - eve')],
    ['a plain value changed', 'regex.sops.yaml', (text) => text.replace('- ada', '- eve')],
    ['an encrypted value made plain', 'partly.sops.yaml', (text) => text.replace(valueOf(text, 'TOKEN'), 'plain')],
    ['another code', 'regex.sops.yaml', (text) => text.replace(valueOf(text, 'mac'), valueOf(text, 'TOKEN'))],
    ['another time', 'regex.sops.yaml', (text) => text.replace(/lastmodified: "20/, 'lastmodified: "19')],
    [
      'the code over encrypted values alone',
      'regex.sops.yaml',
      (text) => text.replace('sops:\n', 'sops:\n    mac_only_encrypted: true\n'),
    ],
    ['a shorter tag', 'regex.sops.yaml', (text) => text.replace(/tag:[^,]+,/, 'tag:AAAA,')],
  ])('%s', async (_, name, change) => {
    useKey();
    const [error] = errorsOf(await changed(name, change));
    expect(error).toMatch(/^ATOLL_SETTINGS_ENCRYPTED The file was changed after SOPS encrypted it/);
  });

  test('kinds of encryption that Atoll does not read are told', async () => {
    useKey();
    const withoutAge = await changed('regex.sops.yaml', (text) =>
      text.replace(/ {4}age:\n(?: {8}.*\n)+/, '    age: []\n'),
    );
    expect(errorsOf(withoutAge)).toEqual([
      'ATOLL_SETTINGS_ENCRYPTED The file is encrypted with SOPS, but not for an age key, and Atoll reads no other kind.',
    ]);
    const groups = await changed('regex.sops.yaml', (text) =>
      text.replace('sops:\n', 'sops:\n    key_groups: []\n    shamir_threshold: 2\n'),
    );
    expect(errorsOf(groups)[0]).toContain('several groups of keys');
  });
});

test('nothing of an encrypted file is shown, whatever is wrong with it', async () => {
  const identity = await generateIdentity();
  process.env.SOPS_AGE_KEY = identity;
  const secret = 'shown-nowhere';
  const shown = async (text: string): Promise<string> => {
    const encrypter = new Encrypter();
    encrypter.addRecipient(await identityToRecipient(identity));
    const path = join(empty, 'secrets.yaml');
    writeFileSync(path, armor.encode(await encrypter.encrypt(text)));
    const { problems } = await loadSettingsFiles([path]);
    expect(problems.length).toBeGreaterThan(0);
    return problemsText(problems) + JSON.stringify(toReport(problems)) + JSON.stringify(problems);
  };
  for (const text of [
    `jupyterhub: {hub: {config: {JupyterHub: {authenticator_class: ${secret}}}}}`,
    `jupyterhub: {singleuser: {startTimeout: ${secret}}}`,
    `jupyterhub:\n  singleuser:\n    memory:\n      limit: ${secret}\n    unknown: 1\n`,
    `jupyterhub:\n  singleuser:\n    memory: {limit: ${secret}, unknown: 1}\n`,
    `jupyterhub: {hub: {loadRoles: {"${secret}": {scopes: 1}, a: {scopes: [${secret}]}}}}\nx: [`,
    `jupyterhub:\n  hub: |\n    ${secret}\n`,
    `- ${secret}\n- {`,
  ])
    expect(await shown(text)).not.toContain(secret);
});
