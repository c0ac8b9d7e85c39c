import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ensureEnvironment } from '../../src/environment/ensureEnvironment.ts';
import { findPython } from '../../src/environment/findPython.ts';
import { findPackageIndex } from '../../src/environment/packageIndex.ts';
import { readRecipe } from '../../src/environment/recipe.ts';

let folder: string;
let environment: NodeJS.ProcessEnv;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-ensure-'));
  environment = { ...process.env };
});
afterEach(() => {
  process.env = environment;
  rmSync(folder, { recursive: true, force: true });
});

/** A program of that name that answers as an interpreter of this version would. */
const fakePython = (name: string, version: string): void => {
  mkdirSync(folder, { recursive: true });
  const answer = version.split('.').join('\\n');
  writeFileSync(join(folder, name), `#!/bin/sh\nprintf '${answer}\\n${folder}/${name}\\n'\n`, { mode: 0o755 });
};

describe('the environment that ATOLL_PYTHON_ENV names', () => {
  const ensure = (path: string): ReturnType<typeof ensureEnvironment> => {
    process.env.ATOLL_PYTHON_ENV = path;
    return ensureEnvironment({ stateDirectory: folder, onProgress: () => undefined });
  };

  test('is used as it is, and is not ours', async () => {
    const directory = environment.ATOLL_PYTHON_ENV ?? '';
    expect(await ensure(directory)).toEqual({ directory, python: join(directory, 'bin/python'), owned: false });
  });

  test.each(['/nonexistent', '/etc/passwd'])('%s is none', async (path) => {
    await expect(ensure(path)).rejects.toMatchObject({
      code: 'ATOLL_PYTHON_ENV_UNUSABLE',
      evidence: `There is no program ${path}/bin/python.`,
    });
  });

  test('without the needed modules it is refused, naming them', async () => {
    const python = execFileSync('python3', ['-c', 'import sys; print(sys._base_executable)'], {
      encoding: 'utf8',
    }).trim();
    mkdirSync(join(folder, 'venv/bin'), { recursive: true });
    symlinkSync(python, join(folder, 'venv/bin/python'));
    writeFileSync(
      join(folder, 'venv/pyvenv.cfg'),
      `home = ${join(python, '..')}\ninclude-system-site-packages = false\n`,
    );
    await expect(ensure(join(folder, 'venv'))).rejects.toMatchObject({
      code: 'ATOLL_PYTHON_ENV_UNUSABLE',
      evidence: expect.stringMatching(/^It lacks: jupyterhub, .*dask_gateway\.$/) as string,
    });
  });

  test('with a program that is no Python it is refused', async () => {
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin/python'), '#!/bin/sh\necho broken >&2\nexit 1\n', { mode: 0o755 });
    await expect(ensure(folder)).rejects.toMatchObject({ code: 'ATOLL_PYTHON_ENV_UNUSABLE' });
  });

  test('with an old Python it is refused', async () => {
    mkdirSync(join(folder, 'bin'));
    const answer = '{"version": [3, 9], "missing": []}';
    writeFileSync(join(folder, 'bin/python'), `#!/bin/sh\necho '${answer}'\n`, { mode: 0o755 });
    await expect(ensure(folder)).rejects.toMatchObject({ evidence: 'It has Python 3.9; 3.11 or later is needed.' });
  });
});

describe('the interpreter', () => {
  test('is python3 when it is new enough', async () => {
    fakePython('python3', '3.12.1');
    fakePython('python3.13', '3.13.0');
    expect(await findPython(folder)).toEqual({ path: join(folder, 'python3'), version: '3.12.1' });
  });

  test('is the newest of the others when python3 is too old', async () => {
    fakePython('python3', '3.9.2');
    fakePython('python3.11', '3.11.9');
    fakePython('python3.13', '3.13.0');
    expect(await findPython(`relative:/nonexistent:${folder}`)).toMatchObject({ version: '3.13.0' });
  });

  test('is looked for without success: the error says what was seen and what to install', async () => {
    fakePython('python3', '3.9.2');
    writeFileSync(join(folder, 'python3.12'), '#!/bin/sh\nexit 127\n', { mode: 0o755 });
    const error = await findPython(folder).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'ATOLL_PYTHON_MISSING',
      evidence: `${folder}/python3 is 3.9.2.`,
      nextStep: expect.stringContaining('apt install python3') as string,
    });
    await expect(findPython('/nonexistent')).rejects.toMatchObject({ evidence: 'There is no python3 on PATH.' });
  });

  test('of this machine is found', async () => {
    const { path, version } = await findPython();
    expect(execFileSync(path, ['--version'], { encoding: 'utf8' }).trim()).toBe(`Python ${version}`);
  });
});

describe('the package index', () => {
  const config = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const find = (variables: NodeJS.ProcessEnv): ReturnType<typeof findPackageIndex> =>
    findPackageIndex({ HOME: folder, XDG_CONFIG_DIRS: join(folder, 'xdg'), ...variables });

  test('is that of uv, before that of pip', () => {
    const UV_DEFAULT_INDEX = 'https://uv.example/simple';
    const PIP_INDEX_URL = 'https://pip.example/simple';
    expect(find({ UV_DEFAULT_INDEX, PIP_INDEX_URL })).toMatchObject({ url: `${UV_DEFAULT_INDEX}/`, knownToUv: true });
    expect(find({ UV_DEFAULT_INDEX: `mine=${UV_DEFAULT_INDEX}` }).url).toBe(`${UV_DEFAULT_INDEX}/`);
    expect(find({ UV_INDEX_URL: UV_DEFAULT_INDEX, PIP_INDEX_URL })).toMatchObject({ knownToUv: true });
    expect(find({ PIP_INDEX_URL })).toMatchObject({ url: `${PIP_INDEX_URL}/`, knownToUv: false });
  });

  test('is read from the files of pip', () => {
    const file = config(
      'pip.conf',
      '# all\n[global]\nindex-url = https://one.example/simple/\ncert: /etc/ca.pem\ntimeout = 5\n',
    );
    expect(find({ PIP_CONFIG_FILE: file })).toEqual({
      url: 'https://one.example/simple/',
      knownToUv: false,
      certificates: '/etc/ca.pem',
    });
    const both = config(
      'both.conf',
      '[install]\nindex_url=https://two.example/\n[global]\nindex-url=https://one.example/\n',
    );
    expect(find({ PIP_CONFIG_FILE: both }).url).toBe('https://two.example/');
    mkdirSync(join(folder, '.config/pip'), { recursive: true });
    config('.config/pip/pip.conf', '[global]\nindex-url = https://home.example/\n');
    expect(find({}).url).toBe('https://home.example/');
    expect(find({ PIP_CONFIG_FILE: file }).url).toBe('https://one.example/simple/');
    expect(find({ PIP_CONFIG_FILE: '/dev/null' }).url).not.toContain('example');
    expect(find({ PIP_CONFIG_FILE: file, PIP_INDEX_URL: 'https://variable.example/' }).url).toBe(
      'https://variable.example/',
    );
  });
});

test('the recipe of the program locks every package with hashes, and names no index', () => {
  const recipe = readRecipe();
  const packages = readFileSync(recipe.lockFile, 'utf8')
    .split(/^(?=[A-Za-z0-9])/m)
    .filter((entry) => /^[A-Za-z0-9]/.test(entry));
  expect(packages.length).toBeGreaterThan(100);
  for (const entry of packages) expect(entry).toMatch(/^[\w.-]+==\S+[\s\S]*--hash=sha256:[0-9a-f]{64}/);
  expect(readFileSync(recipe.lockFile, 'utf8')).not.toMatch(/^--|https?:/m);
  expect(recipe.hash).toMatch(/^[0-9a-f]{64}$/);
  expect(JSON.parse(recipe.overrides)).toHaveProperty(
    ['@jupyterlab/apputils-extension:notification', 'fetchNews'],
    'false',
  );
  expect(readRecipe().hash).toBe(recipe.hash);
});
