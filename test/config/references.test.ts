import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LoadedSettings, loadSettings, loadSettingsFiles } from '../../src/config/loadSettings.ts';
import { short } from './settingsFrom.ts';

const variable = 'ATOLL_TEST_SECRET';
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-references-'));
  mkdirSync(join(folder, 'secrets'));
  writeFileSync(join(folder, 'secrets/token'), 'from-a-file\n');
  writeFileSync(join(folder, 'secrets/binary'), Buffer.from([0xff, 0xfe, 0]));
  writeFileSync(join(folder, 'secrets/long'), 'x'.repeat(2 ** 20 + 1));
  // One that nobody writes to, and one that never ends.
  execFileSync('mkfifo', [join(folder, 'secrets/pipe')]);
  symlinkSync('/dev/zero', join(folder, 'secrets/endless'));
  process.env[variable] = 'from-the-environment';
});
afterAll(() => {
  delete process.env[variable];
  rmSync(folder, { recursive: true });
});

async function load(...texts: string[]): Promise<LoadedSettings> {
  const paths = texts.map((text, index) => {
    const path = join(folder, `${index}.yaml`);
    writeFileSync(path, text);
    return path;
  });
  return loadSettingsFiles(paths);
}
const token = (reference: string): string => `hub: {services: {a: {apiToken: ${reference}}}}`;

describe('a value may stand somewhere else', () => {
  test.each([
    [`{fromEnv: ${variable}}`, 'from-the-environment'],
    // Beside the settings file, not where Atoll was started; without the line break at its end.
    ['{fromFile: secrets/token}', 'from-a-file'],
    ['{fromFile: ./secrets/../secrets/token}', 'from-a-file'],
  ])('%s', async (reference, value) => {
    const { settings, problems } = await load(token(reference));
    expect(problems).toEqual([]);
    expect(settings.services.a?.apiToken).toBe(value);
  });

  test('the texts carry it along: loaded again, they come to the same without variable and file', async () => {
    const text = `hub: {services: {a: {apiToken: {fromEnv: ${variable}}}, b: {apiToken: {fromFile: secrets/passing}}}}`;
    writeFileSync(join(folder, 'secrets/passing'), 'of-the-moment');
    const first = await load(text);
    expect(first.referredFiles).toEqual([join(folder, 'secrets/passing')]);
    rmSync(join(folder, 'secrets/passing'));
    delete process.env[variable];
    const { settings, problems, inputs } = await loadSettings(JSON.parse(JSON.stringify(first.inputs)));
    process.env[variable] = 'from-the-environment';
    expect(problems).toEqual([]);
    expect(settings.services.a?.apiToken).toBe('from-the-environment');
    expect(settings.services.b?.apiToken).toBe('of-the-moment');
    expect(inputs).toEqual(first.inputs);
  });

  test('of any key: text, amounts, environment variables, members of lists', async () => {
    process.env[variable] = '3G';
    const { settings, problems } = await load(
      `singleuser: {memory: {limit: {fromEnv: ${variable}}}, extraEnv: {A: {fromEnv: ${variable}}, B: {value: {fromFile: secrets/token}}}}\n` +
        `hub: {config: {Authenticator: {admin_users: [{fromFile: secrets/token}]}}}`,
    );
    process.env[variable] = 'from-the-environment';
    expect(problems).toEqual([]);
    expect(settings.servers.memoryLimit).toBe(3 * 2 ** 30);
    expect(settings.servers.environment).toEqual({ A: '3G', B: 'from-a-file' });
    expect(settings.authentication.adminUsers).toEqual(['from-a-file']);
  });

  test('layers replace a reference as a whole, and read only the one that counts', async () => {
    const { settings, problems } = await load(token('{fromEnv: NOT_SET_ANYWHERE}'), token('{fromFile: secrets/token}'));
    expect(problems).toEqual([]);
    expect(settings.services.a?.apiToken).toBe('from-a-file');
  });

  test.each([
    ['{fromEnv: NOT_SET_ANYWHERE}', 'There is no environment variable "NOT_SET_ANYWHERE".'],
    ['{fromFile: secrets/missing}', 'There is no file "secrets/missing".'],
    ['{fromFile: secrets}', '"secrets" is no regular file.'],
    ['{fromFile: secrets/pipe}', '"secrets/pipe" is no regular file.'],
    ['{fromFile: secrets/endless}', '"secrets/endless" is no regular file.'],
    ['{fromFile: secrets/long}', 'The file "secrets/long" is longer than 1 MiB.'],
  ])('%s cannot be read', async (reference, message) => {
    const { problems } = await load(token(reference));
    expect(problems.map(short)).toEqual([
      `${join(folder, '0.yaml')}:1:32 ATOLL_SETTINGS_REFERENCE jupyterhub.hub.services.a.apiToken: ${message}`,
    ]);
  });

  test('a file that is no text is refused', async () => {
    const { problems } = await load(token('{fromFile: secrets/binary}'));
    expect(problems.map(({ code }) => code)).toEqual(['ATOLL_SETTINGS_REFERENCE']);
  });

  test.each(['{fromEnv: [a]}', '{fromEnv: a, fromFile: b}', '{fromSomewhere: a}'])('%s is none', async (value) => {
    const { problems } = await load(token(value));
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.map(({ code }) => code)).not.toContain('ATOLL_SETTINGS_REFERENCE');
  });
});

test('what was read is never shown', async () => {
  process.env[variable] = 'Sup3r-s3cret';
  for (const reference of [`{fromEnv: ${variable}}`, '{fromFile: secret}']) {
    writeFileSync(join(folder, 'secret'), 'Sup3r-s3cret');
    for (const text of [
      `hub: {config: {JupyterHub: {authenticator_class: ${reference}}}}`,
      `singleuser: {startTimeout: ${reference}, memory: {limit: ${reference}}, storage: {type: ${reference}}}`,
      `hub: {services: {a: {apiToken: ${reference}, url: ${reference}}}, allowNamedServers: ${reference}}`,
    ]) {
      const { problems } = await load(text);
      expect(problems.length).toBeGreaterThan(0);
      expect(JSON.stringify(problems)).not.toContain('Sup3r-s3cret');
    }
  }
  process.env[variable] = 'from-the-environment';
});
