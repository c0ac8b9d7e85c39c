import { parseCryptKey } from '../../core/cryptKey.ts';
import { AtollError } from '../../core/errors.ts';
import type { Sealer } from '../../core/sealer.ts';
import { isImportableHash } from '../../identity/importedHash.ts';
import { isValidName, normalizeName } from '../../identity/names.ts';
import { checkDisplayName, checkServerName } from '../../servers/serverName.ts';
import type { Store, Write } from '../../store/store.ts';
import { openFernet } from './openFernet.ts';
import type { HubServer, HubToken, HubUser, JupyterHubData } from './readJupyterHub.ts';

/** What {@link importJupyterHub} is told. */
export interface ImportOptions {
  store: Store;
  sealer: Sealer;
  data: JupyterHubData;
  /** Keys of the auth state, as JUPYTERHUB_CRYPT_KEY has them. */
  cryptKeys: readonly string[];
  /** Only finds out what would change. */
  dryRun: boolean;
  now: number;
}

/** How many of one kind are new, changed, and left out. */
export interface ImportCount {
  added: number;
  changed: number;
  /** Why some were left out, each with how many. */
  leftOut: Map<string, number>;
}

/** What an import did, or would do. */
export type ImportReport = Record<
  'users' | 'groups' | 'memberships' | 'tokens' | 'authStates' | 'servers',
  ImportCount
>;

/** Undoes what a dry run did. */
class DryRunEnd extends Error {}

/**
 * Brings what a JupyterHub knew into the store: all of it or nothing. What is there already stays, so a second run changes
 * nothing; and what was brought once and deleted here since does not come back.
 * @throws AtollError `ATOLL_IMPORT_NAME`, `ATOLL_IMPORT_CRYPT_KEY`
 */
export async function importJupyterHub(options: ImportOptions): Promise<ImportReport> {
  const { store, data, dryRun } = options;
  const report = emptyReport();
  checkNames(data);
  try {
    await store.write(async (write) => {
      const done = new Done(write);
      for (const user of data.users) await bringUser(write, options, done, user, report);
      for (const group of data.groups) await bringGroup(write, done, group, report);
      for (const token of data.tokens) await bringToken(write, options, done, token, report);
      for (const server of data.servers) await bringServer(write, options, done, server, report);
      if (dryRun) throw new DryRunEnd();
      if (Object.values(report).some(({ added, changed }) => added + changed > 0))
        await write.audit({ action: 'hub.import', details: countsOf(report) });
    });
  } catch (error) {
    if (!(error instanceof DryRunEnd)) throw error;
  }
  return report;
}

/** What was brought before, and may have been deleted since. */
class Done {
  readonly #write: Write;

  constructor(write: Write) {
    this.#write = write;
  }

  /** Notes that something is brought; false when it was before. */
  async first(
    kind: 'user' | 'authState' | 'group' | 'membership' | 'token' | 'server',
    ...key: string[]
  ): Promise<boolean> {
    const { numInsertedOrUpdatedRows } = await this.#write.db
      .insertInto('imported')
      .values({ kind, key: key.length === 1 ? (key[0] ?? '') : JSON.stringify(key) })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows === 1n;
  }
}

async function bringUser(
  write: Write,
  { now, sealer, cryptKeys }: ImportOptions,
  done: Done,
  user: HubUser,
  report: ImportReport,
): Promise<void> {
  const name = normalizeName(user.name);
  const isFirst = await done.first('user', name);
  const known = await write.db.selectFrom('users').selectAll().where('name', '=', name).executeTakeFirst();
  if (!known && !isFirst) return leaveOut(report.users, 'deleted here since');
  const lastActivity = Math.max(user.lastActivity ?? 0, known?.last_activity ?? 0) || null;
  const admin = isFirst && user.admin ? 1 : (known?.admin ?? 0);
  const userInfo = known?.user_info ?? (user.userInfo && JSON.stringify(user.userInfo));
  const row = known
    ? await changeUser(write, known, { last_activity: lastActivity, admin, user_info: userInfo })
    : await write.db
        .insertInto('users')
        .values({ name, admin, created_at: user.createdAt ?? now, last_activity: lastActivity, user_info: userInfo })
        .returning(['id', 'auth_state'])
        .executeTakeFirstOrThrow();
  if (!known) report.users.added += 1;
  else if (row !== known) report.users.changed += 1;
  if (row !== known) write.changed('users', name);
  await bringAuthState(write, { sealer, cryptKeys }, done, row, user, report.authStates);
}

interface UserPart {
  last_activity: number | null;
  admin: number;
  user_info: string | null;
}

/** Returns the very row when nothing changes. */
async function changeUser<Row extends UserPart & { id: number }>(
  write: Write,
  row: Row,
  wanted: UserPart,
): Promise<Row> {
  const same = (['last_activity', 'admin', 'user_info'] as const).every((column) => row[column] === wanted[column]);
  if (same) return row;
  await write.db.updateTable('users').set(wanted).where('id', '=', row.id).execute();
  return { ...row, ...wanted };
}

async function bringAuthState(
  write: Write,
  { sealer, cryptKeys }: Pick<ImportOptions, 'sealer' | 'cryptKeys'>,
  done: Done,
  row: { id: number; auth_state: string | null },
  user: HubUser,
  count: ImportCount,
): Promise<void> {
  if (user.encryptedAuthState === null || row.auth_state !== null) return;
  if (cryptKeys.length === 0) return leaveOut(count, 'JUPYTERHUB_CRYPT_KEY is not set');
  const text = openWithAny(user.encryptedAuthState, cryptKeys);
  if (text === undefined)
    throw new AtollError(
      'ATOLL_IMPORT_CRYPT_KEY',
      `No key in JUPYTERHUB_CRYPT_KEY opens the auth state of ${user.name}.`,
    );
  // The user of that name may be somebody else by now.
  if (!(await done.first('authState', normalizeName(user.name)))) return;
  await write.db
    .updateTable('users')
    .set({ auth_state: sealer.seal(text, `auth_state:${row.id}`) })
    .where('id', '=', row.id)
    .execute();
  count.added += 1;
}

function openWithAny(token: string, cryptKeys: readonly string[]): string | undefined {
  for (const key of cryptKeys) {
    const parsed = parseCryptKey(key);
    if (!parsed) throw new AtollError('ATOLL_IMPORT_CRYPT_KEY', 'JUPYTERHUB_CRYPT_KEY holds something that is no key.');
    const text = openFernet(token, parsed);
    if (text !== undefined) return text;
  }
  return undefined;
}

async function bringGroup(
  write: Write,
  done: Done,
  group: JupyterHubData['groups'][number],
  report: ImportReport,
): Promise<void> {
  const { name, properties, users } = group;
  const isFirst = await done.first('group', name);
  const known = await write.db.selectFrom('groups').select('id').where('name', '=', name).executeTakeFirst();
  if (!known && !isFirst) return leaveOut(report.groups, 'deleted here since');
  const row =
    known ??
    (await write.db
      .insertInto('groups')
      .values({ name, properties: JSON.stringify(properties) })
      .returning('id')
      .executeTakeFirstOrThrow());
  if (!known) report.groups.added += 1;
  let joined = 0;
  for (const user of users) {
    // Who was taken out of the group here since stays out.
    if (!(await done.first('membership', name, normalizeName(user)))) continue;
    const { numInsertedOrUpdatedRows } = await write.db
      .insertInto('group_members')
      .columns(['group_id', 'user_id'])
      .expression((from) =>
        from
          .selectFrom('users')
          .select((one) => [one.lit(row.id).as('group_id'), 'users.id as user_id'])
          .where('users.name', '=', normalizeName(user)),
      )
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    joined += Number(numInsertedOrUpdatedRows ?? 0n);
  }
  report.memberships.added += joined;
  if (!known || joined > 0) write.changed('groups', name);
}

async function bringToken(
  write: Write,
  { now }: ImportOptions,
  done: Done,
  token: HubToken,
  report: ImportReport,
): Promise<void> {
  const { hash, prefix, note, expiresAt } = token;
  if (expiresAt !== null && expiresAt <= now) return leaveOut(report.tokens, 'expired');
  if (!isImportableHash(hash)) return leaveOut(report.tokens, 'hashed in a way that Atoll does not know');
  const owner = await write.db
    .selectFrom('users')
    .select('id')
    .where('name', '=', normalizeName(token.user))
    .executeTakeFirst();
  if (!owner) return leaveOut(report.tokens, 'of somebody deleted here since');
  // One that was revoked here must not come back to life.
  if (!(await done.first('token', hash))) return;
  await write.db
    .insertInto('api_tokens')
    .values({
      hash,
      imported_prefix: prefix,
      user_id: owner.id,
      oauth_client_id: null,
      session_id: null,
      server_name: null,
      scopes: JSON.stringify(token.scopes),
      note,
      created_at: token.createdAt ?? now,
      expires_at: expiresAt,
      last_activity: token.lastActivity,
    })
    .execute();
  report.tokens.added += 1;
}

/** Named servers, and what was chosen last for default ones. None of them runs here yet. */
async function bringServer(
  write: Write,
  { now }: ImportOptions,
  done: Done,
  { user, name, displayName, userOptions, lastActivity }: HubServer,
  report: ImportReport,
): Promise<void> {
  if (name === '' && Object.keys(userOptions).length === 0) return;
  if (!isServerName(name, displayName))
    return leaveOut(report.servers, 'with a name that servers cannot have any more');
  const owner = await write.db
    .selectFrom('users')
    .select('id')
    .where('name', '=', normalizeName(user))
    .executeTakeFirst();
  if (!owner || !(await done.first('server', normalizeName(user), name))) return;
  const { numInsertedOrUpdatedRows } = await write.db
    .insertInto('servers')
    .values({
      user_id: owner.id,
      name,
      display_name: displayName,
      created_at: now,
      desired: 'stopped',
      phase: 'stopped',
      user_options: JSON.stringify(userOptions),
      last_activity: lastActivity,
    })
    .onConflict((conflict) => conflict.columns(['user_id', 'name']).doNothing())
    .executeTakeFirst();
  report.servers.added += Number(numInsertedOrUpdatedRows ?? 0n);
}

function isServerName(name: string, displayName: string): boolean {
  if (name === '') return true;
  try {
    checkServerName(name);
    checkDisplayName(displayName);
    return true;
  } catch {
    return false;
  }
}

/** @throws AtollError `ATOLL_IMPORT_NAME` for a name that cannot be one, and for two that are one here. */
function checkNames({ users, groups }: JupyterHubData): void {
  const seen = new Map<string, string>();
  for (const { name } of users) {
    const ours = normalizeName(name);
    const other = seen.get(ours);
    seen.set(ours, name);
    if (other !== undefined)
      throw new AtollError('ATOLL_IMPORT_NAME', 'Two users of that JupyterHub would be one person here.', {
        evidence: `${JSON.stringify(other)} and ${JSON.stringify(name)}`,
      });
    if (!isValidName(ours)) throw badName('user', name);
  }
  for (const { name } of groups) if (!isValidName(name)) throw badName('group', name);
}

function badName(kind: string, name: string): AtollError {
  return new AtollError('ATOLL_IMPORT_NAME', `That JupyterHub has a ${kind} whose name cannot be one here.`, {
    evidence: JSON.stringify(name.slice(0, 100)),
  });
}

function leaveOut({ leftOut }: ImportCount, why: string): void {
  leftOut.set(why, (leftOut.get(why) ?? 0) + 1);
}

function emptyReport(): ImportReport {
  const count = (): ImportCount => ({ added: 0, changed: 0, leftOut: new Map() });
  return {
    users: count(),
    groups: count(),
    memberships: count(),
    tokens: count(),
    authStates: count(),
    servers: count(),
  };
}

function countsOf(report: ImportReport): Record<string, number> {
  return Object.fromEntries(Object.entries(report).map(([kind, { added, changed }]) => [kind, added + changed]));
}
