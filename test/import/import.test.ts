import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ImportReport, importJupyterHub } from '../../src/cli/import/importJupyterHub.ts';
import { readJupyterHub } from '../../src/cli/import/readJupyterHub.ts';
import { rolesSettings } from '../../src/cli/import/rolesSettings.ts';
import { defaultSettings } from '../../src/config/settings.ts';
import { Sealer } from '../../src/core/sealer.ts';
import { createIdentity, type Identity } from '../../src/identity/identity.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { openSqlite } from '../../src/store/openSqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { settingsFrom } from '../config/settingsFrom.ts';
import { codeOf } from '../support/codeOf.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');
const databases = join(import.meta.dirname, 'databases');

/** What {@link makeDatabase.py} says that a database holds. */
interface Expected {
  version: string;
  cryptKey: string;
  tokens: Record<'everything' | 'little' | 'long' | 'short' | 'named', string>;
}

let folder: string;
let store: Store;
const sealer = new Sealer(randomBytes(32));
const live = join(mkdtempSync(join(tmpdir(), 'atoll-jupyterhub-')), 'hub');

beforeAll(async () => {
  const environment = process.env.ATOLL_PYTHON_ENV;
  if (environment === undefined)
    throw new Error('ATOLL_PYTHON_ENV must name a Python environment; scripts/test sets it');
  const path = [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter);
  const script = join(import.meta.dirname, 'makeDatabase.py');
  // The JupyterHub of the environment itself: the newest.
  await run(join(environment, 'bin/python'), [script, live], { env: { ...process.env, PATH: path } });
});
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-import-'));
  store = await openSqlite(':memory:');
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The database of a version, and what is in it. */
function databaseOf(version: string): { path: string; expected: Expected } {
  if (version === 'newest')
    return {
      path: join(live, 'jupyterhub.sqlite'),
      expected: JSON.parse(readFileSync(join(live, 'expected.json'), 'utf8')) as Expected,
    };
  const path = join(folder, 'jupyterhub.sqlite');
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  database.exec(readFileSync(join(databases, `${version}.sql`), 'utf8'));
  database.close();
  return { path, expected: JSON.parse(readFileSync(join(databases, `${version}.json`), 'utf8')) as Expected };
}

async function bring(path: string, cryptKeys: string[] = [], dryRun = false): Promise<ImportReport> {
  return importJupyterHub({ store, sealer, data: readJupyterHub(path), cryptKeys, dryRun, now: Date.now() });
}

const openIdentity = (): Promise<Identity> =>
  createIdentity({ store, sealer, settings: defaultSettings(), log: silentLogger() });

/** All rows of all tables but the audit log. */
async function everything(): Promise<string> {
  const { db } = store;
  const tables = ['users', 'groups', 'group_members', 'api_tokens', 'servers', 'imported'] as const;
  return JSON.stringify(await Promise.all(tables.map((table) => db.selectFrom(table).selectAll().execute())));
}

const recorded = readdirSync(databases)
  .filter((name) => name.endsWith('.sql'))
  .map((name) => name.replace('.sql', ''));

describe.each([...recorded, 'newest'])('the database of JupyterHub %s', (version) => {
  test('brings users, administrators, groups, tokens, auth state and last activity', async () => {
    const { path, expected } = databaseOf(version);
    const report = await bring(path, [expected.cryptKey]);
    expect(report.users).toMatchObject({ added: 5, changed: 0 });
    expect(report.groups.added).toBe(2);
    expect(report.memberships.added).toBe(2);
    const identity = await openIdentity();
    expect(await identity.users.get('root')).toMatchObject({ admin: true });
    expect(await identity.users.get('ada')).toMatchObject({ admin: false });
    expect(await identity.users.get('dora')).toMatchObject({ lastActivity: Date.UTC(2026, 0, 2, 3, 4, 5, 678) });
    expect((await identity.groups.get('lab'))?.users).toEqual(['ada', 'bob']);
    expect((await identity.groups.get('empty'))?.users).toEqual([]);

    const everythingToken = await identity.fromToken(expected.tokens.everything);
    expect(everythingToken).toMatchObject({ kind: 'user', name: 'ada' });
    expect(everythingToken?.scopes.allows('tokens', { user: 'ada' })).toBe(true);
    const little = await identity.fromToken(expected.tokens.little);
    expect(little?.scopes.allows('read:users:name', { user: 'ada' })).toBe(true);
    expect(little?.scopes.allows('tokens', { user: 'ada' })).toBe(false);
    expect(await identity.fromToken(expected.tokens.long)).toMatchObject({ name: 'bob' });
    // One that the settings name, hashed 16384 times.
    expect(await identity.fromToken(expected.tokens.named)).toMatchObject({ name: 'bob' });
    // It was made for a second, which on a fast machine is not over.
    await until('its end', async () => (await identity.fromToken(expected.tokens.short)) === undefined);
    expect(await identity.fromToken(`${expected.tokens.everything.slice(0, -1)}x`)).toBeUndefined();
    // Services have their tokens from the settings.
    expect(await identity.fromToken('token-of-the-maker-0123456789')).toBeUndefined();

    const ada = await identity.users.get('ada');
    expect(ada && (await identity.authStates.remembered(ada))).toEqual({ access_token: 'secret of ada' });
  });

  test('a second run changes nothing', async () => {
    const { path, expected } = databaseOf(version);
    await bring(path, [expected.cryptKey]);
    const before = await everything();
    const report = await bring(path, [expected.cryptKey]);
    expect(await everything()).toBe(before);
    for (const { added, changed } of Object.values(report)) expect([added, changed]).toEqual([0, 0]);
    const entries = await store.db.selectFrom('audit_log').selectAll().where('action', '=', 'hub.import').execute();
    expect(entries).toHaveLength(1);
  });

  test('a dry run says the same and changes nothing', async () => {
    const { path, expected } = databaseOf(version);
    const before = await everything();
    const dry = await bring(path, [expected.cryptKey], true);
    expect(await everything()).toBe(before);
    expect(await bring(path, [expected.cryptKey])).toEqual(dry);
  });

  test('its roles become settings that Atoll takes', async () => {
    const { path } = databaseOf(version);
    const text = rolesSettings(readJupyterHub(path).roles) ?? '';
    const { roles } = await settingsFrom(text.replace('jupyterhub:\n  hub:', 'hub:').replaceAll('\n  ', '\n'));
    expect(
      roles.map(({ name, scopes, users, groups, services }) => ({ name, scopes, users, groups, services })),
    ).toEqual([
      { name: 'reader', scopes: ['read:hub'], users: [], groups: [], services: ['reporter'] },
      { name: 'teacher', scopes: ['self', 'list:users'], users: ['ada'], groups: ['lab'], services: [] },
      { name: 'user', scopes: ['self', 'read:hub'], users: [], groups: [], services: [] },
    ]);
  });

  test('the file stays as it is', async () => {
    const { path, expected } = databaseOf(version);
    const before = readFileSync(path);
    chmodSync(path, 0o400);
    await bring(path, [expected.cryptKey]);
    chmodSync(path, 0o600);
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});

test('named servers come with what was chosen for them', async () => {
  await bring(databaseOf('newest').path);
  const rows = await store.db.selectFrom('servers').selectAll().execute();
  expect(rows).toMatchObject([
    { name: 'gpu', display_name: 'With a GPU', phase: 'stopped', user_options: '{"image":"gpu"}' },
  ]);
});

test('what was deleted or revoked here since does not come back', async () => {
  const { path, expected } = databaseOf('newest');
  await bring(path);
  const identity = await openIdentity();
  const bob = await identity.users.get('bob');
  for (const token of await identity.tokens.list(bob?.id ?? 0)) await identity.tokens.revoke(token);
  await identity.users.delete('ada');
  await identity.users.setAdmin('root', false);
  const report = await bring(path);
  expect(await identity.users.get('ada')).toBeUndefined();
  expect(await identity.fromToken(expected.tokens.long)).toBeUndefined();
  expect(await identity.users.get('root')).toMatchObject({ admin: false });
  expect([...report.users.leftOut]).toEqual([['deleted here since', 1]]);
});

test('who left a group here since, a group and a server that were deleted, and forgotten auth state stay away', async () => {
  const { path, expected } = databaseOf('newest');
  await bring(path, [expected.cryptKey]);
  const identity = await openIdentity();
  await identity.groups.removeUsers('lab', ['bob']);
  await identity.groups.delete('empty');
  await store.db.deleteFrom('servers').execute();
  // Somebody else who comes by the name of a user that was deleted is not given what that one had.
  await identity.users.delete('ada');
  await identity.users.create(['ada']);
  const report = await bring(path, [expected.cryptKey]);
  expect((await identity.groups.get('lab'))?.users).toEqual([]);
  expect(await identity.groups.get('empty')).toBeUndefined();
  expect(await store.db.selectFrom('servers').selectAll().execute()).toEqual([]);
  const ada = await identity.users.get('ada');
  expect(ada && (await identity.authStates.remembered(ada))).toBeUndefined();
  expect([...report.groups.leftOut]).toEqual([['deleted here since', 1]]);
});

test('who is a user here already stays who they are, and gains what they had there', async () => {
  const { path } = databaseOf('newest');
  await store.db
    .insertInto('users')
    .values([
      { name: 'ada', admin: 1, created_at: 5, last_activity: Date.now() + 1e6 },
      { name: 'root', admin: 0, created_at: 5, last_activity: null },
    ])
    .execute();
  const report = await bring(path);
  expect(report.users).toMatchObject({ added: 3, changed: 1 });
  const identity = await openIdentity();
  expect(await identity.users.get('ada')).toMatchObject({ admin: true, createdAt: 5 });
  expect(await identity.users.get('root')).toMatchObject({ admin: true, createdAt: 5 });
});

describe('auth state', () => {
  test('without the key is left out, and comes when the key is there', async () => {
    const { path, expected } = databaseOf('newest');
    const first = await bring(path);
    expect([...first.authStates.leftOut]).toEqual([['JUPYTERHUB_CRYPT_KEY is not set', 1]]);
    const second = await bring(path, ['f'.repeat(64), expected.cryptKey]);
    expect(second.authStates.added).toBe(1);
    expect(second.users).toMatchObject({ added: 0, changed: 0 });
  });

  test.each([['f'.repeat(64)], ['no key']])(
    'with the key %j is refused, and nothing else comes either',
    async (key) => {
      const { path } = databaseOf('newest');
      const before = await everything();
      expect(await codeOf(bring(path, [key]))).toBe('ATOLL_IMPORT_CRYPT_KEY');
      expect(await everything()).toBe(before);
    },
  );
});

describe('is refused, with nothing changed:', () => {
  /** A database of JupyterHub, altered. */
  function altered(sql: string): string {
    const { path } = databaseOf('5.5.4');
    const database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
    database.exec(sql);
    database.close();
    return path;
  }

  test.each<[string, () => string, string]>([
    ['a file that is not there', () => join(folder, 'nothing.sqlite'), 'UNREADABLE'],
    ['a folder', () => folder, 'UNREADABLE'],
    ['text', () => written('this is no database, however long it may be. '.repeat(100)), 'UNREADABLE'],
    ['an empty file', () => written(''), 'NOT_JUPYTERHUB'],
    ['another database', () => ownDatabase('CREATE TABLE users (id INTEGER)'), 'NOT_JUPYTERHUB'],
    ['that of JupyterHub 1', () => altered('DROP TABLE roles; ALTER TABLE api_tokens DROP COLUMN scopes'), 'TOO_OLD'],
    ['one cut short', () => cutShort(altered('SELECT 1')), 'DAMAGED'],
    ['a user without a name', () => altered("UPDATE users SET name = NULL WHERE name = 'ada'"), 'DAMAGED'],
    ['a time that is none', () => altered("UPDATE users SET created = 'yesterday'"), 'DAMAGED'],
    ['scopes that are no list', () => altered('UPDATE api_tokens SET scopes = \'{"a": 1}\''), 'DAMAGED'],
    ['options that are no JSON', () => altered("UPDATE spawners SET user_options = '{'"), 'DAMAGED'],
    ['a name that leads elsewhere', () => altered("UPDATE users SET name = '../root' WHERE name = 'ada'"), 'NAME'],
    ['two names that are one here', () => altered("UPDATE users SET name = 'BOB' WHERE name = 'ada'"), 'NAME'],
    [
      'a group with a line break',
      () => altered("UPDATE groups SET name = 'a' || char(10) || 'b' WHERE name = 'lab'"),
      'NAME',
    ],
  ])('%s', async (_what, make, code) => {
    const path = make();
    const before = await everything();
    expect(await codeOf(bring(path))).toBe(`ATOLL_IMPORT_${code}`);
    expect(await everything()).toBe(before);
  });

  function written(text: string): string {
    const path = join(folder, 'file.sqlite');
    writeFileSync(path, text);
    return path;
  }

  function ownDatabase(sql: string): string {
    const path = join(folder, 'own.sqlite');
    const database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
    database.exec(sql);
    database.close();
    return path;
  }

  function cutShort(path: string): string {
    writeFileSync(path, readFileSync(path).subarray(0, 20_000));
    return path;
  }

  test('a token hashed so often that each look-up would take long is left out', async () => {
    const path = altered("UPDATE api_tokens SET hashed = replace(hashed, 'sha512:1:', 'sha512:999999:')");
    const report = await bring(path);
    expect(report.tokens.leftOut.get('hashed in a way that Atoll does not know')).toBeGreaterThan(0);
  });
});

describe('the command', { timeout: 180_000 }, () => {
  const atoll = join(root, 'bin/atoll');

  test('says what it does, twice the same, and leaves nothing behind when dry', async () => {
    const { path, expected } = databaseOf('newest');
    const data = join(folder, 'data');
    const env = { ...process.env, JUPYTERHUB_CRYPT_KEY: expected.cryptKey };
    const call = async (...more: string[]): Promise<string> =>
      (await run(atoll, ['import', path, '--data', data, ...more], { env })).stdout;
    const dry = await call('--dry-run');
    expect(dry).toContain('Nothing was changed');
    expect(existsSync(data)).toBe(false);
    const real = await call();
    expect(real).toContain('Users: 5 new');
    expect(real).toContain('API tokens: 4 new, 1 left out: expired');
    expect(dry.split('\n').slice(1, 7)).toEqual(real.split('\n').slice(0, 6));
    const again = await call();
    expect(again).toContain('Users: 0 new');
    expect(again).toContain('Roles: unchanged');
    expect(statSync(join(data, 'imported-roles.yaml')).mode & 0o777).toBe(0o600);
  });

  test('tells what is wrong in a sentence, with a code', async () => {
    const failed = await run(atoll, ['import', join(folder, 'nothing'), '--data', folder]).catch(
      (error: { stderr: string; code: number }) => error,
    );
    expect(failed).toMatchObject({ code: 1 });
    expect((failed as { stderr: string }).stderr).toContain('[ATOLL_IMPORT_UNREADABLE]');
    expect((failed as { stderr: string }).stderr).not.toMatch(/\n\s+at /);
  });
});
