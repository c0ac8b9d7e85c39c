import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../support/freePort.ts';
import { processesIn } from '../support/processesIn.ts';
import { gatewayPython, hubPython } from '../support/pythonSettings.ts';

const program = resolve(import.meta.dirname, '../../src/main.ts');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-python-'));
  writeFileSync(join(folder, 'good.yaml'), hubPython('limit = "3G"\nc.KubeSpawner.mem_limit = limit\n'));
  writeFileSync(join(folder, 'bad.yaml'), gatewayPython('print("to", "nobody")\n1 / 0\n'));
  writeFileSync(join(folder, 'syntax.yaml'), hubPython('c.KubeSpawner.mem_limit = (\n'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a command in the folder; resolves when it has ended, with its Python process. */
function run(...words: string[]): Promise<{ code: number; out: string; errors: string }> {
  return runWith({}, ...words);
}

function runWith(
  environment: Record<string, string>,
  ...words: string[]
): Promise<{ code: number; out: string; errors: string }> {
  return new Promise((done) => {
    const options = { cwd: folder, env: { ...process.env, ...environment } };
    execFile(process.execPath, [program, ...words], options, (error, out, errors) =>
      done({ code: typeof error?.code === 'number' ? error.code : 0, out, errors }),
    );
  });
}

test('check runs Python, and tells its errors with the lines of the file', async () => {
  const { code, out } = await run('check', '-f', 'good.yaml', '-f', 'bad.yaml', '-f', 'syntax.yaml', '--json');
  expect(code).toBe(1);
  const { errors } = JSON.parse(out) as { errors: object[] };
  expect(errors).toEqual([
    {
      code: 'ATOLL_SETTINGS_PYTHON',
      message: "SyntaxError: '(' was never closed",
      file: 'syntax.yaml',
      line: 4,
      column: 7,
      path: 'jupyterhub.hub.extraConfig',
    },
  ]);
  const alone = await run('check', '-f', 'bad.yaml');
  expect(alone.code).toBe(1);
  expect(alone.out).toContain('bad.yaml:5:7: error: ZeroDivisionError: division by zero [ATOLL_SETTINGS_PYTHON]\n');
  expect(alone.out).toContain('    5 |       1 / 0\n');
  expect(alone.out).not.toContain('to nobody');
});

test('explain names the line of Python', async () => {
  const { out } = await run('explain', '-f', 'good.yaml', 'jupyterhub.hub.config.KubeSpawner.mem_limit');
  expect(out).toMatch(/written at +good\.yaml:5:7/);
});

test('a hub whose Python fails does not start, and says why with the line; nothing is left', async () => {
  const data = join(folder, 'data');
  const { code, errors } = await run('up', '-f', 'bad.yaml', '--data', data, '--port', String(await freePort()));
  expect(code).toBe(1);
  expect(errors).toContain('Atoll cannot run by these settings. [ATOLL_SETTINGS_INVALID]\n');
  expect(errors).toContain('bad.yaml:5:7: ZeroDivisionError: division by zero\n');
  // The whole traceback is in the log, and nothing but lines of the settings.
  expect(errors).toMatch(/File ..bad\.yaml.., line 5, in <module>/);
  expect(errors).not.toContain('session.py');
  expect(processesIn(data)).toEqual([]);
});

test('without an environment Python is not run, which is told', async () => {
  const nowhere = { ATOLL_PYTHON_ENV: join(folder, 'nowhere') };
  const { code, out } = await runWith(nowhere, 'check', '-f', 'bad.yaml');
  expect(code).toBe(0);
  expect(out).toContain(
    'This Python was not checked, because there is no Python environment yet; `atoll up` makes it.',
  );
});
