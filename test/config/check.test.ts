import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const program = resolve(import.meta.dirname, '../../src/main.ts');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-check-'));
  writeFileSync(join(folder, 'good.yaml'), 'jupyterhub: {singleuser: {defaultUrl: /lab}}\n');
  writeFileSync(join(folder, 'warned.yaml'), 'jupyterhub: {cull: {enabled: true}, singleuser: {uid: 5}}\n');
  writeFileSync(join(folder, 'bad.yaml'), 'jupyterhub:\n  hubb: {}\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs `atoll check` in the folder. */
function run(input: string, ...options: string[]): Promise<{ code: number | null; out: string; errors: string }> {
  const child = spawn(process.execPath, [program, 'check', ...options], { cwd: folder });
  let [out, errors] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  child.stdin.end(input);
  return new Promise((done, failed) => {
    child.on('error', failed);
    child.on('close', (code) => done({ code, out, errors }));
  });
}

describe('atoll check', () => {
  test('good files: 0, and one line', async () => {
    expect(await run('', '-f', 'good.yaml')).toEqual({
      code: 0,
      out: 'No errors, no warnings. Atoll can run with these files.\n',
      errors: '',
    });
  });

  test('warnings: 0, each with its place', async () => {
    const { code, out } = await run('', '-f', 'good.yaml', '-f', 'warned.yaml');
    expect(code).toBe(0);
    expect(out).toContain('warned.yaml:1:14  jupyterhub.cull');
    expect(out).toMatch(/\nNo errors, 2 warnings\. Atoll can run with these files\.\n$/);
  });

  test('errors: 1, with the lines', async () => {
    const { code, out } = await run('', '-f', 'bad.yaml');
    expect(code).toBe(1);
    expect(out).toContain('bad.yaml:2:3: error: There is no key "hubb" in jupyterhub. [ATOLL_SETTINGS_UNKNOWN_KEY]');
    expect(out).toContain('    2 |   hubb: {}\n          ^\n    Perhaps: jupyterhub.hub\n');
  });

  test('as JSON', async () => {
    const { code, out } = await run('', '-f', 'warned.yaml', '-f', 'bad.yaml', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({
      valid: false,
      errors: [
        {
          code: 'ATOLL_SETTINGS_UNKNOWN_KEY',
          message: 'There is no key "hubb" in jupyterhub.',
          file: 'bad.yaml',
          line: 2,
          column: 3,
          path: 'jupyterhub.hubb',
          suggestion: 'jupyterhub.hub',
        },
      ],
      warnings: [
        {
          code: 'ATOLL_SETTINGS_NOT_SUPPORTED',
          message: 'This is not supported here. Idle servers go on until somebody stops them.',
          file: 'warned.yaml',
          line: 1,
          column: 14,
          path: 'jupyterhub.cull',
        },
        {
          code: 'ATOLL_SETTINGS_NO_EFFECT',
          message:
            'This has no effect here, because a server runs as the user of this machine with its name, or as the one who runs Atoll.',
          file: 'warned.yaml',
          line: 1,
          column: 50,
          path: 'jupyterhub.singleuser.uid',
        },
      ],
      ignored: ['jupyterhub.cull', 'jupyterhub.singleuser.uid'],
    });
  });

  test('standard input is a file too', async () => {
    const { code, out } = await run('jupyterhub: {hubb: {}}', '-f', 'good.yaml', '-f', '-');
    expect(code).toBe(1);
    expect(out).toContain('<stdin>:1:14: error: There is no key "hubb" in jupyterhub.');
  });

  test('without files it says what it needs', async () => {
    const { code, errors } = await run('');
    expect(code).toBe(1);
    expect(errors).toContain('--file');
  });
});
