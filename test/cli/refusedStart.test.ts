import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSqlite } from '../../src/store/openSqlite.ts';
import { freePort } from '../support/freePort.ts';

const sources = resolve(import.meta.dirname, '../../src/main.ts');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-refused-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface StartOptions {
  /** The data folder. */
  data: string;
  arguments?: readonly string[];
  environment?: NodeJS.ProcessEnv;
}

/** What `atoll up` that is refused says. */
async function refusalOf({ data, arguments: more = [], environment = {} }: StartOptions): Promise<string> {
  const port = String(await freePort());
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', sources, 'up', '--data', data, '--port', port, ...more],
    { encoding: 'utf8', env: { ...process.env, ...environment }, timeout: 120_000 },
  );
  expect({ status, stdout, stderr }).toMatchObject({ status: 1, stdout: '' });
  expect(stderr).not.toContain('    at ');
  return stderr;
}

function settingsFile(text: string): string {
  const path = join(folder, 'settings.yaml');
  writeFileSync(path, text);
  return path;
}

const noPython = { ATOLL_PYTHON_ENV: '', PATH: '/nowhere' };

describe('a first start that is refused leaves nothing of its data folder', () => {
  let data: string;
  beforeEach(() => {
    data = join(folder, 'above/data');
  });
  afterEach(() => {
    if (existsSync(join(folder, 'above'))) throw new Error('something is left');
  });

  test('where the port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    expect(await refusalOf({ data, arguments: ['--port', String(port)] })).toMatch(/^atoll: Port .* is in use\./);
    other.close();
  });

  test('where the address is not one of this machine', async () => {
    const native = settingsFile('jupyterhub: {hub: {config: {JupyterHub: {authenticator_class: native}}}}\n');
    const elsewhere = ['--host', '192.0.2.1', '-f', native];
    expect(await refusalOf({ data, arguments: elsewhere })).toMatch(/ATOLL_PORT_FORBIDDEN/);
  });

  test('where there is no authenticator for other machines', async () => {
    expect(await refusalOf({ data, arguments: ['--host', '0.0.0.0'] })).toMatch(/ATOLL_HOST_NEEDS_AUTHENTICATOR/);
  });

  test('where the settings are wrong', async () => {
    const file = settingsFile('jupyterhub:\n  singleuser: {cpu: {limit: many}}\n');
    expect(await refusalOf({ data, arguments: ['-f', file] })).toMatch(/ATOLL_SETTINGS_INVALID[^]*:2:29: /);
  });

  test('where their Python fails, which the hub is the first to know', async () => {
    const file = settingsFile('jupyterhub:\n  hub:\n    extraConfig:\n      broken: |\n        1 / 0\n');
    expect(await refusalOf({ data, arguments: ['-f', file] })).toMatch(/:5:9: .*division by zero/);
  });

  test('where there is no Python, or the given environment cannot be used', async () => {
    expect(await refusalOf({ data, environment: noPython })).toMatch(/ATOLL_PYTHON_MISSING/);
    const environment = { ATOLL_PYTHON_ENV: join(folder, 'nothing') };
    expect(await refusalOf({ data, environment })).toMatch(/ATOLL_PYTHON_ENV_UNUSABLE/);
  });
});

test('folders that were there before a refused start stay, with what is in them', async () => {
  const data = join(folder, 'data');
  mkdirSync(join(data, 'python'), { recursive: true });
  writeFileSync(join(data, 'notes.txt'), 'mine');
  expect(await refusalOf({ data, environment: noPython })).toMatch(/ATOLL_PYTHON_MISSING/);
  expect(readdirSync(data)).toHaveLength(2);
  expect(readdirSync(join(data, 'python'))).toEqual([]);
});

test('a full disk holds nothing of a refused first start, wherever it was when the disk was full', async ({ skip }) => {
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  for (const kilobytes of [4, 8, 12, 100, 400]) {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', disk], { stdio: 'ignore' });
    } catch {
      skip('this machine lets the tests mount no small disk');
    }
    try {
      expect(await refusalOf({ data: join(disk, 'data') })).toMatch(/ATOLL_DISK_FULL/);
      expect(readdirSync(disk)).toEqual([]);
    } finally {
      execFileSync('umount', [disk]);
    }
  }
});

test('the data folder of a newer version is refused before an environment is built there', async () => {
  const data = join(folder, 'data');
  mkdirSync(data);
  const store = await openSqlite(join(data, 'atoll.db'));
  await sql`INSERT INTO migrations (name, taken_at) VALUES ('9999_later', 0)`.execute(store.db);
  await store.close();
  expect(await refusalOf({ data, environment: noPython })).toMatch(/ATOLL_DATA_NEWER[^]*9999_later/);
  expect(readdirSync(join(data, 'python'))).toEqual([]);
  expect(existsSync(join(data, 'atoll.db'))).toBe(true);
});
