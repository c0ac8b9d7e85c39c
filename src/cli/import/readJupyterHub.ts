import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { AtollError, messageOf } from '../../core/errors.ts';

/** What a JupyterHub's database says that Atoll can use. Times are milliseconds since the epoch. */
export interface JupyterHubData {
  users: HubUser[];
  groups: { name: string; properties: Record<string, unknown>; users: string[] }[];
  roles: HubRole[];
  tokens: HubToken[];
  servers: HubServer[];
}

export interface HubUser {
  name: string;
  admin: boolean;
  createdAt: number | null;
  lastActivity: number | null;
  userInfo: Record<string, unknown> | null;
  /** As it is in the database: a Fernet token. */
  encryptedAuthState: string | null;
}

export interface HubRole {
  name: string;
  description: string;
  scopes: string[];
  users: string[];
  groups: string[];
  services: string[];
}

export interface HubToken {
  user: string;
  /** `sha512:ROUNDS:SALT:DIGEST`. */
  hash: string;
  /** The first characters of the token. */
  prefix: string;
  note: string;
  scopes: string[];
  createdAt: number | null;
  expiresAt: number | null;
  lastActivity: number | null;
}

export interface HubServer {
  user: string;
  /** "" for the default one. */
  name: string;
  displayName: string;
  userOptions: Record<string, unknown>;
  lastActivity: number | null;
}

/** The first version whose tokens have scopes, which is what Atoll's have. */
const oldestVersion = '3.0';

/** SQLite's result code for a file that breaks its own rules. */
const sqliteCorrupt = 11;

const flag = z.union([z.literal(0), z.literal(1)]).nullish();
const time = z
  .string()
  .nullish()
  .transform((text, context) => {
    if (text === null || text === undefined) return null;
    // SQLAlchemy writes UTC without saying so.
    const milliseconds = Date.parse(`${text.replace(' ', 'T')}Z`);
    if (Number.isNaN(milliseconds)) context.addIssue({ code: 'custom', message: 'is no time' });
    return milliseconds;
  });
/** JSON in a column; NULL is the empty value. */
const json = <T extends z.ZodType>(schema: T, empty: z.output<T>) =>
  z
    .string()
    .nullish()
    .transform((text, context): z.output<T> => {
      if (text === null || text === undefined) return empty;
      try {
        const value = JSON.parse(text) as unknown;
        return value === null ? empty : schema.parse(value);
      } catch {
        context.addIssue({ code: 'custom', message: 'is not the JSON that was expected' });
        return z.NEVER;
      }
    });
const map = z.record(z.string(), z.unknown());
const name = z.string().min(1).max(255);

const userRow = z.object({
  name,
  admin: flag,
  created: time,
  last_activity: time,
  user_info: json(map.nullable(), null),
  encrypted_auth_state: z
    .union([z.instanceof(Uint8Array), z.string()])
    .nullish()
    .transform((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : (value ?? null))),
});
const tokenRow = z.object({
  user: name,
  hashed: z.string().max(255),
  prefix: z.string().max(16),
  note: z.string().nullish(),
  scopes: json(z.array(z.string()), []),
  created: time,
  expires_at: time,
  last_activity: time,
});
const serverRow = z.object({
  user: name,
  name: z.string().max(255),
  display_name: z.string().nullish(),
  user_options: json(map, {}),
  last_activity: time,
});
const groupRow = z.object({ id: z.int(), name, properties: json(map, {}) });
const roleRow = z.object({
  id: z.int(),
  name,
  description: z.string().nullish(),
  scopes: json(z.array(z.string()), []),
});
const memberRow = z.object({ id: z.int(), name });

/**
 * Reads the SQLite database of a JupyterHub (3 to 6) without changing it.
 * @throws AtollError `ATOLL_IMPORT_UNREADABLE`, `ATOLL_IMPORT_NOT_JUPYTERHUB`, `ATOLL_IMPORT_TOO_OLD`, `ATOLL_IMPORT_DAMAGED`
 */
export function readJupyterHub(path: string): JupyterHubData {
  const database = open(path);
  try {
    // One moment of it, should that JupyterHub be running.
    database.exec('BEGIN');
    return read(database);
  } catch (error) {
    throw error instanceof AtollError ? error : damaged(error);
  } finally {
    database.close();
  }
}

function damaged(error: unknown): AtollError {
  return new AtollError('ATOLL_IMPORT_DAMAGED', 'The database cannot be read to its end.', {
    evidence: messageOf(error),
    cause: error,
  });
}

function open(path: string): DatabaseSync {
  try {
    if (!statSync(path).isFile()) throw new Error(`${path} is no file`);
    const database = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
    database.prepare('SELECT count(*) FROM sqlite_master').get();
    return database;
  } catch (error) {
    const isCorrupt = error instanceof Error && 'errcode' in error && error.errcode === sqliteCorrupt;
    if (isCorrupt) throw damaged(error);
    throw new AtollError('ATOLL_IMPORT_UNREADABLE', 'The database of JupyterHub cannot be opened.', {
      evidence: messageOf(error),
      cause: error,
    });
  }
}

function read(database: DatabaseSync): JupyterHubData {
  const columns = (table: string): Set<string> =>
    new Set(
      database
        .prepare('SELECT name FROM pragma_table_info(?)')
        .all(table)
        .map((row) => String(row.name)),
    );
  checkVersion(columns);
  const all = <T>(schema: z.ZodType<T>, what: string, sql: string): T[] =>
    database
      .prepare(sql)
      .all()
      .map((row) => check(schema, what, row));
  /** A column that only newer versions have. */
  const optional = (table: string, column: string): string =>
    columns(table).has(column) ? `${table}.${column}` : `NULL AS ${column}`;
  const members = (table: 'user' | 'group' | 'service'): Map<number, string[]> =>
    namesById(
      all(
        memberRow,
        'role',
        `SELECT role_id AS id, name FROM ${table}_role_map JOIN ${table}s ON ${table}s.id = ${table}_id ORDER BY name`,
      ),
    );
  const [userRoles, groupRoles, serviceRoles] = [members('user'), members('group'), members('service')];
  const inGroups = namesById(
    all(
      memberRow,
      'group',
      'SELECT group_id AS id, name FROM user_group_map JOIN users ON users.id = user_id ORDER BY name',
    ),
  );
  return {
    users: all(
      userRow,
      'user',
      `SELECT name, admin, created, last_activity, ${optional('users', 'user_info')}, encrypted_auth_state FROM users ORDER BY id`,
    ).map((row) => ({
      name: row.name,
      admin: row.admin === 1,
      createdAt: row.created,
      lastActivity: row.last_activity,
      userInfo: row.user_info,
      encryptedAuthState: row.encrypted_auth_state,
    })),
    groups: all(groupRow, 'group', `SELECT id, name, ${optional('groups', 'properties')} FROM groups ORDER BY id`).map(
      (row) => ({ name: row.name, properties: row.properties, users: inGroups.get(row.id) ?? [] }),
    ),
    roles: all(roleRow, 'role', 'SELECT id, name, description, scopes FROM roles ORDER BY name').map((row) => ({
      name: row.name,
      description: row.description ?? '',
      scopes: row.scopes,
      users: userRoles.get(row.id) ?? [],
      groups: groupRoles.get(row.id) ?? [],
      services: serviceRoles.get(row.id) ?? [],
    })),
    // Those that OAuth gave, and those of running servers, mean nothing to another hub: people get new ones by themselves.
    tokens: all(
      tokenRow,
      'token',
      `SELECT users.name AS user, hashed, prefix, note, api_tokens.scopes, api_tokens.created, expires_at, api_tokens.last_activity
       FROM api_tokens JOIN users ON users.id = user_id
       WHERE client_id = 'jupyterhub' AND coalesce(note, '') NOT LIKE 'Server at %' ORDER BY api_tokens.id`,
    ).map((row) => ({
      user: row.user,
      hash: row.hashed,
      prefix: row.prefix,
      note: row.note ?? '',
      scopes: row.scopes,
      createdAt: row.created,
      expiresAt: row.expires_at,
      lastActivity: row.last_activity,
    })),
    servers: all(
      serverRow,
      'server',
      `SELECT users.name AS user, spawners.name, ${optional('spawners', 'display_name')}, spawners.user_options, spawners.last_activity
       FROM spawners JOIN users ON users.id = user_id ORDER BY spawners.id`,
    ).map((row) => ({
      user: row.user,
      name: row.name,
      displayName: row.display_name || row.name,
      userOptions: row.user_options,
      lastActivity: row.last_activity,
    })),
  };
}

function checkVersion(columns: (table: string) => Set<string>): void {
  const isHub = ['alembic_version', 'users', 'groups', 'api_tokens', 'spawners'].every(
    (table) => columns(table).size > 0,
  );
  if (!isHub) throw new AtollError('ATOLL_IMPORT_NOT_JUPYTERHUB', 'This is a database, but not that of a JupyterHub.');
  if (columns('roles').size === 0 || !columns('api_tokens').has('scopes'))
    throw new AtollError('ATOLL_IMPORT_TOO_OLD', `This database was made by a JupyterHub older than ${oldestVersion}.`);
}

function check<T>(schema: z.ZodType<T>, what: string, row: unknown): T {
  const result = schema.safeParse(row);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const about = typeof row === 'object' && row !== null && 'name' in row ? ` ${JSON.stringify(row.name)}` : '';
  throw new AtollError('ATOLL_IMPORT_DAMAGED', `The database has a ${what} that makes no sense.`, {
    // What the column holds may be secret.
    evidence: `${what}${about}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
  });
}

function namesById(rows: readonly { id: number; name: string }[]): Map<number, string[]> {
  const names = new Map<number, string[]>();
  for (const row of rows) names.set(row.id, [...(names.get(row.id) ?? []), row.name]);
  return names;
}
