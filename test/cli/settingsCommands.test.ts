import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { check } from '../../src/cli/check.ts';
import { diff } from '../../src/cli/diff.ts';
import { explain } from '../../src/cli/explain.ts';
import { schema } from '../../src/cli/schema.ts';
import { AtollError } from '../../src/core/errors.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-settings-commands-'));
  writeFileSync(
    join(folder, 'old.yaml'),
    'singleuser: {memory: {limit: 1G}, uid: 1001}\nhub: {cookieSecret: Sup3r-s3cret}\n',
  );
  writeFileSync(join(folder, 'new.yaml'), 'singleuser:\n  memory: {limit: 2G}\n  uid: 1002\n');
  writeFileSync(join(folder, 'bad.yaml'), 'singleuser: {memory: {limit: lots}}\n');
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

interface Outcome {
  code: number;
  out: string;
  errors: string;
}

/** What a command prints, with the folder of the files left out, and its exit code. */
async function run(command: () => void | Promise<void>): Promise<Outcome> {
  const printed = { out: '', errors: '' };
  const catching = (to: keyof typeof printed) => (text: string | Uint8Array) => {
    printed[to] += String(text).replaceAll(`${folder}/`, '');
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(catching('out'));
  vi.spyOn(process.stderr, 'write').mockImplementation(catching('errors'));
  try {
    await command();
  } catch (error) {
    if (!(error instanceof AtollError)) throw error;
    // As main.ts does.
    printed.errors += error.toText();
    process.exitCode = 1;
  }
  return { code: Number(process.exitCode ?? 0), ...printed };
}

const at = (...names: string[]): string[] => names.map((name) => join(folder, name));
const options = { data: '/nonexistent', json: false };

describe('commands about settings', () => {
  test('explain one key', async () => {
    expect(
      await run(() => explain('singleuser.memory.limit', { ...options, file: at('old.yaml', 'new.yaml') })),
    ).toEqual({
      code: 0,
      errors: '',
      out: [
        'jupyterhub.singleuser.memory.limit',
        '  The most that a server may use; 0: no limit.',
        '  value       "2G"',
        '  written at  new.yaml:2:12',
        '  instead of  old.yaml:1:23',
        '  default     none',
        '  takes       memory (512M, 2G; powers of 1024)',
        '  here        works',
        '  2G is 2 GiB (2147483648 bytes) here, as in JupyterHub; Kubernetes itself would read 2000000000 bytes.',
        '',
      ].join('\n'),
    });
  });

  test('explain everything that is written, for a runtime, without secrets', async () => {
    const { code, out } = await run(() =>
      explain(undefined, { ...options, file: at('old.yaml'), runtime: 'kubernetes' }),
    );
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.replace(/ +/g, ' '))).toEqual([
      'jupyterhub.singleuser.memory.limit = "1G" # old.yaml:1:23, see its explanation',
      'jupyterhub.singleuser.uid = 1001 # old.yaml:1:35',
      'jupyterhub.hub.cookieSecret = "***" # old.yaml:2:7, no effect here',
      '',
    ]);
  });

  test('explain as JSON, with broken files, and for what is no key', async () => {
    const broken = await run(() =>
      explain('singleuser.memory.limit', { ...options, file: at('bad.yaml'), json: true }),
    );
    expect(broken.code).toBe(1);
    expect(JSON.parse(broken.out)).toMatchObject([{ path: 'jupyterhub.singleuser.memory.limit', value: 'lots' }]);
    expect(broken.errors).toContain('bad.yaml:1:30: error: ');
    process.exitCode = undefined;
    const unknown = await run(() => explain('singleuser.memry.limit', { ...options, file: [] }));
    expect(unknown.code).toBe(1);
    expect(unknown.errors).toContain('There is no key "singleuser.memry.limit". [ATOLL_SETTINGS_UNKNOWN_KEY]');
    expect(unknown.errors).toContain('Perhaps: jupyterhub.singleuser.memory.limit');
  });

  test('diff', async () => {
    expect(await run(() => diff({ ...options, file: at('old.yaml'), to: at('new.yaml') }))).toEqual({
      code: 0,
      errors: '',
      out: [
        'Counts for servers that are started from then on; running ones keep what they have',
        '  jupyterhub.singleuser.memory.limit  (new.yaml:2:12)',
        '    - "1G"',
        '    + "2G"',
        '',
        'No effect here',
        '  jupyterhub.singleuser.uid  (new.yaml:3:3)',
        '    - 1001',
        '    + 1002',
        '  jupyterhub.hub.cookieSecret',
        '    - "***"',
        '',
      ].join('\n'),
    });
    expect((await run(() => diff({ ...options, file: at('old.yaml'), to: at('old.yaml') }))).out).toBe(
      'Nothing would change.\n',
    );
    const bad = await run(() => diff({ ...options, file: at('old.yaml'), to: at('bad.yaml') }));
    expect(bad.code).toBe(1);
    expect(bad.errors).toContain('Atoll cannot run by the new settings. [ATOLL_SETTINGS_INVALID]');
  });

  test('schema', async () => {
    const { code, out } = await run(schema);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema' });
  });

  test('a reader who has enough of a long text is no failure, a disk that is full is one', () => {
    const atoll = resolve(import.meta.dirname, '../../bin/atoll');
    const run = (script: string) => spawnSync('sh', ['-c', script, atoll], { encoding: 'utf8' });
    expect(run('{ "$0" schema; echo "code $?" >&2; } | head -c 12')).toMatchObject({
      stdout: '{"$schema":"',
      stderr: 'code 0\n',
    });
    expect(run('"$0" schema > /dev/full')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^atoll: The output cannot be written: ENOSPC.*\n$/),
    });
  });

  test('check says of no runtime that there is not yet that Atoll can run there', () => {
    const main = resolve(import.meta.dirname, '../../src/main.ts');
    const given = ['check', '-f', join(folder, 'new.yaml'), '--runtime', 'slurm'];
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...given], { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('Allowed choices are process, kubernetes.');
  });

  test('check for another runtime', async () => {
    expect((await run(() => check({ ...options, file: at('new.yaml') }))).out).toContain('jupyterhub.singleuser.uid');
    expect((await run(() => check({ ...options, file: at('new.yaml'), runtime: 'kubernetes' }))).out).toBe(
      'No errors, no warnings. Atoll can run with these files.\n',
    );
  });
});
