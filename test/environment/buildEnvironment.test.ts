import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AtollError } from '../../src/core/errors.ts';
import { buildEnvironment } from '../../src/environment/buildEnvironment.ts';
import { compileBytecode } from '../../src/environment/compileBytecode.ts';
import { findBuiltEnvironment } from '../../src/environment/findBuiltEnvironment.ts';
import { findUv } from '../../src/environment/findUv.ts';
import { findPackageIndex } from '../../src/environment/packageIndex.ts';
import type { EnvironmentRecipe } from '../../src/environment/recipe.ts';
import { until } from '../support/until.ts';
import { PackageServer, sha256, wheel } from './support/packageServer.ts';

const uvFolder = resolve(import.meta.dirname, '../../.cache/python');
const wheelName = 'seagrass-1.0-py3-none-any.whl';
const seagrass = wheel('seagrass', '1.0', 'colour = "green"\n');

let root: string;
let server: PackageServer;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  // The real uv: one on PATH, or fetched once and kept beside the tests' environment.
  mkdirSync(uvFolder, { recursive: true });
  const uv = await findUv({ directory: uvFolder, index: findPackageIndex(), onProgress: () => undefined });
  const folder = mkdtempSync(join(tmpdir(), 'atoll-uv-'));
  execFileSync('ln', ['-s', uv, join(folder, 'uv')]);
  process.env.PATH = `${folder}:${process.env.PATH}`;
  return () => rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'atoll-environment-'));
  server = await PackageServer.listen();
  server.files.set(wheelName, seagrass);
  environment = { ...process.env };
  process.env.UV_CACHE_DIR = join(root, 'cache');
  process.env.UV_DEFAULT_INDEX = server.index;
});
afterEach(() => {
  server.close();
  process.env = environment;
  rmSync(root, { recursive: true, force: true });
});

/** A recipe for one small package; `salt` makes it another recipe. */
const recipe = (salt = '', hash = sha256(seagrass)): EnvironmentRecipe => {
  const lockFile = join(root, `lock${salt}.txt`);
  const lock = `seagrass==1.0 \\\n    --hash=sha256:${hash}\n# ${salt}\n`;
  writeFileSync(lockFile, lock);
  return { lockFile, overrides: '{"a": 1}\n', hash: createHash('sha256').update(lock).digest('hex') };
};
const state = (): string => join(root, 'state');
const build = (
  wanted: EnvironmentRecipe,
  lines: string[] = [],
  signal?: AbortSignal,
): ReturnType<typeof buildEnvironment> =>
  buildEnvironment(state(), wanted, {
    stateDirectory: root,
    onProgress: (line) => lines.push(line),
    ...(signal ? { signal } : {}),
  });
/** What lies in the state folder beside the lock. */
const made = (): string[] => readdirSync(state()).filter((name) => name !== 'lock.sqlite');

describe('an environment', () => {
  test("is built as locked, readable for every account, with JupyterLab's settings, and found again at once", async () => {
    const before = process.umask(0o077);
    const lines: string[] = [];
    const built = await build(recipe(), lines).finally(() => process.umask(before));
    expect(built.owned).toBe(true);
    const say = execFileSync(built.python, ['-c', 'import seagrass, sys; print(seagrass.colour, sys.prefix)'], {
      encoding: 'utf8',
    });
    expect(say.trim()).toBe(`green ${built.directory}`);
    const settings = join(built.directory, 'share/jupyter/lab/settings/overrides.json');
    expect(readFileSync(settings, 'utf8')).toBe('{"a": 1}\n');
    const readable = execFileSync('find', [built.directory, '!', '-perm', '-004', '!', '-type', 'l'], {
      encoding: 'utf8',
    });
    expect(readable).toBe('');
    expect(lines.at(-1)).toBe('Python environment: ready');
    const asked = server.requests.length;
    expect(findBuiltEnvironment(state(), recipe())).toEqual(built);
    expect(await build(recipe())).toEqual(built);
    expect(server.requests.length).toBe(asked);
    expect(new Set(made())).toEqual(new Set(['current.json', basename(built.directory)]));
  });

  test('of another recipe is built beside it', async () => {
    const first = await build(recipe());
    const second = await build(recipe('other'));
    expect(second.directory).not.toBe(first.directory);
    expect(existsSync(first.python)).toBe(true);
    expect(findBuiltEnvironment(state(), recipe())).toBeUndefined();
    expect(await build(recipe())).toEqual(first);
  });

  test('that has lost its interpreter is built again', async () => {
    const first = await build(recipe());
    rmSync(first.python);
    expect(findBuiltEnvironment(state(), recipe())).toBeUndefined();
    expect(await build(recipe())).toEqual(first);
    expect(execFileSync(first.python, ['-c', 'print(1)'], { encoding: 'utf8' })).toBe('1\n');
  });

  test('has its bytecode compiled once', async () => {
    const built = await build(recipe());
    await compileBytecode(built);
    const compiled = execFileSync('find', [built.directory, '-name', 'seagrass*.pyc'], { encoding: 'utf8' });
    expect(compiled).toContain('__pycache__/seagrass');
    const at = statSync(compiled.trim()).mtimeMs;
    writeFileSync(join(built.directory, 'lib/untouched.py'), '');
    await compileBytecode(built);
    expect(statSync(compiled.trim()).mtimeMs).toBe(at);
    expect(existsSync(join(built.directory, 'lib/__pycache__'))).toBe(false);
  });
});

describe('a build that goes wrong', () => {
  const failure = async (wanted: EnvironmentRecipe): Promise<AtollError> => {
    const error = await build(wanted).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AtollError);
    expect(findBuiltEnvironment(state(), wanted)).toBeUndefined();
    return error as AtollError;
  };

  test('a package with another hash is refused', async () => {
    const error = await failure(recipe('', sha256(Buffer.from('another'))));
    expect(error.code).toBe('ATOLL_CHECKSUM_MISMATCH');
    // Nothing is left of it, not even on a disk that it has filled.
    expect(made()).toEqual([]);
    await build(recipe());
  });

  test('an index that cannot be reached is said, without its credentials', async () => {
    process.env.UV_DEFAULT_INDEX = server.index.replace('//', '//ada:secret@');
    process.env.UV_HTTP_RETRIES = '0';
    server.close();
    const error = await failure(recipe());
    expect(error.code).toBe('ATOLL_INDEX_UNREACHABLE');
    expect(error.toText()).not.toContain('secret');
  });

  test('anything else is shown as uv says it', async () => {
    server.files.clear();
    const error = await failure(recipe());
    expect(error.code).toBe('ATOLL_ENVIRONMENT_FAILED');
    expect(error.evidence).toContain('seagrass');
  });

  test('a full disk is said', async ({ skip }) => {
    mkdirSync(state());
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', state()], { stdio: 'ignore' });
    } catch {
      skip('this machine lets the tests mount no small disk');
    }
    try {
      expect((await failure(recipe())).code).toBe('ATOLL_DISK_FULL');
    } finally {
      execFileSync('umount', [state()]);
    }
  });

  test('a folder that cannot be made is said', async () => {
    writeFileSync(join(root, 'state'), 'a file');
    const error = await build(recipe()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ATOLL_DATA_NOT_WRITABLE' });
  });

  test('it can be given up', async () => {
    server.interfere = (path) => path.startsWith('/files/');
    const controller = new AbortController();
    const running = build(recipe(), [], controller.signal);
    const ended = running.catch((thrown: unknown) => thrown);
    await until('uv asks for the package', () => server.requests.some(({ path }) => path.startsWith('/files/')));
    controller.abort(new Error('no longer wanted'));
    expect(String(await ended)).toContain('no longer wanted');
    server.interfere = () => false;
    expect((await build(recipe())).owned).toBe(true);
  });
});

describe('several builds', () => {
  const script = resolve(import.meta.dirname, 'support/buildOnce.ts');
  const begin = (wanted: EnvironmentRecipe): { lines: () => string; kill(): void; ended: Promise<unknown> } => {
    const child = spawn(process.execPath, [script, state(), JSON.stringify(wanted)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    return { lines: () => output, kill: () => void child.kill('SIGKILL'), ended: once(child, 'close') };
  };

  test('two at once: one builds, the other waits and uses it', async () => {
    mkdirSync(state());
    const builds = [begin(recipe()), begin(recipe())];
    await Promise.all(builds.map(({ ended }) => ended));
    const results = builds.map(({ lines }) => /^built (.*)$/m.exec(lines())?.[1]);
    expect(results[0]).toBeDefined();
    expect(results[1]).toBe(results[0]);
    expect(builds.filter(({ lines }) => lines().includes('building it for Python'))).toHaveLength(1);
    expect(server.requests.filter(({ path }) => path === `/files/${wheelName}`)).toHaveLength(1);
  });

  test('killed half-way and repeated: nothing half-made is used, nothing is left', async () => {
    mkdirSync(state());
    let held = true;
    server.interfere = (path) => held && path.startsWith('/files/');
    const first = begin(recipe());
    await until('uv asks for the package', () => server.requests.some(({ path }) => path.startsWith('/files/')));
    first.kill();
    await first.ended;
    expect(findBuiltEnvironment(state(), recipe())).toBeUndefined();
    held = false;
    const second = begin(recipe());
    await second.ended;
    expect(second.lines()).toContain('building it');
    expect(second.lines()).toMatch(/^built /m);
    // The uv of the killed build was ended with it, so that its folder could be removed.
    const built = findBuiltEnvironment(state(), recipe());
    expect(new Set(made())).toEqual(new Set(['current.json', basename(built?.directory ?? '')]));
  });
});
