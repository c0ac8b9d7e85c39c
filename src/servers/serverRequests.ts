import type { Live } from '../config/live.ts';
import type { Clock } from '../core/clock.ts';
import { AtollError } from '../core/errors.ts';
import { randomHex } from '../core/ids.ts';
import type { Store, Write } from '../store/store.ts';
import { checkNamedServerLimit, checkRoomToStart, type StartLimits } from './checkLimits.ts';
import { isActive, isRestarting, type Server } from './server.ts';
import { checkDisplayName, checkServerName } from './serverName.ts';
import { fullNameOf } from './serverPath.ts';
import { readServer, readServers } from './serverTable.ts';

/** What a person may say about a server when starting, creating or changing it. */
export interface ServerChoices {
  /** Undefined: as it was; for a new server, its name. */
  displayName?: string | undefined;
  /** Undefined: as they were; null: none. */
  userOptions?: Record<string, unknown> | null | undefined;
}

/** What a request may change about a stopped server. */
export interface ServerChanges extends ServerChoices {
  /** A new name. */
  name?: string | undefined;
}

/** What the requests need. */
export interface RequestContext {
  store: Store;
  clock: Clock;
  limits: Live<StartLimits>;
}

/**
 * Writes down that a server should run, as a new start with a workload id of its own. Resolves when that is durable.
 * A start that is under way already stays as it is.
 * @throws AtollError of the sections "Notebook servers" and "Requests" of the error table.
 */
export function requestStart(
  { store, clock, limits }: RequestContext,
  user: string,
  name: string,
  choices: ServerChoices,
): Promise<Server> {
  return store.write(async (write) => {
    const existing = await readServer(write.db, user, name);
    if (existing?.phase === 'starting') return existing;
    if (existing?.phase === 'ready')
      throw new AtollError('ATOLL_SERVER_ALREADY_RUNNING', `${logNameOf(user, name)} is already running`);
    if (existing?.phase === 'stopping') throw stopPending(user, name);
    if (name !== '' && !limits.current.allowNamedServers) throw namedServersOff();
    await checkRoomToStart(write.db, limits.current);
    const server = existing
      ? await applyChoices(write, existing, choices)
      : await insertServer(write, { limits, clock }, user, name, choices);
    await beginStart(write, server.id, clock);
    await write.audit({ action: 'server.start', target: fullNameOf(user, name) });
    return reread(write, user, name);
  });
}

/** Makes a server one that is starting, as a new start with a workload id of its own. Part of a larger write. */
export async function beginStart(write: Pick<Write, 'db'>, id: number, clock: Clock): Promise<void> {
  await write.db
    .updateTable('servers')
    .set({
      desired: 'running',
      phase: 'starting',
      workload_id: `server-${id}-${randomHex(8)}`,
      token_fingerprint: null,
      settings_digest: null,
      started_at: clock.now(),
      ready_at: null,
      failure: null,
    })
    .where('id', '=', id)
    .execute();
}

/**
 * Writes down that a server that is ready should stop, and then start anew with the choices that it has. Resolves with what is
 * then so, or undefined when there is no such server. A stop or a deletion that is asked for meanwhile wins.
 */
export function requestRestart({ store }: RequestContext, user: string, name: string): Promise<Server | undefined> {
  return store.write(async (write) => {
    const server = await readServer(write.db, user, name);
    if (server?.phase !== 'ready') return server;
    await write.db.updateTable('servers').set({ phase: 'stopping' }).where('id', '=', server.id).execute();
    await write.audit({ action: 'server.restart', target: fullNameOf(user, name) });
    return reread(write, user, name);
  });
}

/**
 * Writes down that a server should not run. Resolves with what is then so, or undefined when there is no such server.
 * A start under way is given up, and so is the second half of a restart.
 */
export function requestStop({ store }: RequestContext, user: string, name: string): Promise<Server | undefined> {
  return store.write(async (write) => {
    const server = await readServer(write.db, user, name);
    if (!server || !isActive(server) || (server.phase === 'stopping' && !isRestarting(server))) return server;
    await write.db
      .updateTable('servers')
      .set({ desired: 'stopped', phase: 'stopping' })
      .where('id', '=', server.id)
      .execute();
    await write.audit({ action: 'server.stop', target: fullNameOf(user, name) });
    return reread(write, user, name);
  });
}

/**
 * Writes down that a server should stop, and that nothing of it should stay. Resolves with undefined when it is gone.
 * For the default server only as part of removing its user.
 */
export function requestRemoval({ store }: RequestContext, user: string, name: string): Promise<Server | undefined> {
  return store.write(async (write) => {
    const server = await readServer(write.db, user, name);
    if (!server) return undefined;
    await write.audit({ action: 'server.remove', target: fullNameOf(user, name) });
    if (isActive(server)) {
      await write.db
        .updateTable('servers')
        .set({ desired: 'removed', phase: 'stopping' })
        .where('id', '=', server.id)
        .execute();
      return reread(write, user, name);
    }
    await write.db.deleteFrom('servers').where('id', '=', server.id).execute();
    write.changed('servers', fullNameOf(user, name));
    return undefined;
  });
}

/**
 * Makes a named server without starting it.
 * @throws AtollError `ATOLL_SERVER_EXISTS` (always so for the default server), `ATOLL_NAMED_SERVERS_OFF` and others
 */
export function createServer(
  { store, clock, limits }: RequestContext,
  user: string,
  name: string,
  choices: ServerChoices,
): Promise<Server> {
  return store.write(async (write) => {
    if (name === '' || (await readServer(write.db, user, name)))
      throw new AtollError('ATOLL_SERVER_EXISTS', `User ${user} already has server ${name}`);
    if (!limits.current.allowNamedServers) throw namedServersOff();
    await insertServer(write, { limits, clock }, user, name, choices);
    await write.audit({ action: 'server.create', target: fullNameOf(user, name) });
    return reread(write, user, name);
  });
}

/**
 * Changes a stopped server.
 * @throws AtollError `ATOLL_SERVER_NOT_FOUND`, `ATOLL_SERVER_NOT_STOPPED`, `ATOLL_SERVER_EXISTS` and others
 */
export function changeServer(
  { store }: RequestContext,
  user: string,
  name: string,
  changes: ServerChanges,
): Promise<Server> {
  return store.write(async (write) => {
    const server = await readServer(write.db, user, name);
    if (!server) throw serverNotFound(user, name);
    if (isActive(server))
      throw new AtollError('ATOLL_SERVER_NOT_STOPPED', `${logNameOf(user, name)} must be stopped to be changed`);
    await applyChoices(write, server, changes);
    await write.audit({
      action: 'server.change',
      target: fullNameOf(user, name),
      ...(changes.name !== undefined && { details: { to: changes.name } }),
    });
    const newName = changes.name;
    if (newName === undefined || newName === name) return reread(write, user, name);
    if (name === '' || newName === '')
      throw new AtollError('ATOLL_BAD_REQUEST', 'The default server can be neither renamed nor replaced.');
    checkServerName(newName);
    if (await readServer(write.db, user, newName))
      throw new AtollError('ATOLL_SERVER_EXISTS', `User ${user} already has server ${newName}`);
    await write.db.updateTable('servers').set({ name: newName }).where('id', '=', server.id).execute();
    write.changed('servers', fullNameOf(user, name));
    return reread(write, user, newName);
  });
}

/** Writes down that all servers of a user should stop and go. Resolves with those that have yet to stop. */
export async function requestRemovalOfAll(context: RequestContext, user: string): Promise<Server[]> {
  const servers = await readServers(context.store.db, { users: [user] });
  const remaining = await Promise.all(servers.map((server) => requestRemoval(context, user, server.name)));
  return remaining.filter((server) => server !== undefined);
}

/** The error for a server that is not there. */
export function serverNotFound(user: string, name: string): AtollError {
  return new AtollError('ATOLL_SERVER_NOT_FOUND', `${user} has no server named '${name}'`);
}

/** The error for a start or change while the server is on its way down. */
function stopPending(user: string, name: string): AtollError {
  return new AtollError('ATOLL_SERVER_STOPPING', `${logNameOf(user, name)} is pending stop`);
}

function namedServersOff(): AtollError {
  return new AtollError('ATOLL_NAMED_SERVERS_OFF', 'Named servers are not enabled.');
}

/** How JupyterHub names a server in its messages: `ada`, `ada:gpu`. */
export function logNameOf(user: string, name: string): string {
  return name === '' ? user : `${user}:${name}`;
}

async function insertServer(
  write: Write,
  { limits, clock }: Pick<RequestContext, 'limits' | 'clock'>,
  user: string,
  name: string,
  choices: ServerChoices,
): Promise<{ id: number }> {
  const owner = await write.db.selectFrom('users').select(['id', 'name']).where('name', '=', user).executeTakeFirst();
  if (!owner) throw new AtollError('ATOLL_NOT_FOUND', `There is no user ${user}.`);
  if (name !== '') {
    checkServerName(name);
    await checkNamedServerLimit(write.db, limits.current, owner);
  }
  if (choices.displayName !== undefined) checkDisplayName(choices.displayName);
  return write.db
    .insertInto('servers')
    .values({
      user_id: owner.id,
      name,
      display_name: choices.displayName ?? name,
      created_at: clock.now(),
      desired: 'stopped',
      phase: 'stopped',
      workload_id: null,
      token_fingerprint: null,
      settings_digest: null,
      user_options: userOptionsText(choices.userOptions ?? {}),
      started_at: null,
      ready_at: null,
      last_activity: null,
      failure: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
}

async function applyChoices(write: Write, server: Server, choices: ServerChoices): Promise<Server> {
  if (choices.displayName !== undefined) {
    checkDisplayName(choices.displayName);
    await write.db
      .updateTable('servers')
      .set({ display_name: choices.displayName })
      .where('id', '=', server.id)
      .execute();
  }
  if (choices.userOptions !== undefined)
    await write.db
      .updateTable('servers')
      .set({ user_options: userOptionsText(choices.userOptions ?? {}) })
      .where('id', '=', server.id)
      .execute();
  return server;
}

const longestUserOptions = 64 * 1024;

function userOptionsText(userOptions: Record<string, unknown>): string {
  const text = JSON.stringify(userOptions);
  if (text.length > longestUserOptions)
    throw new AtollError('ATOLL_BAD_REQUEST', `user_options must not be longer than ${longestUserOptions} bytes.`);
  return text;
}

async function reread(write: Write, user: string, name: string): Promise<Server> {
  const server = await readServer(write.db, user, name);
  if (!server) throw new Error('a server vanished inside its own transaction');
  write.changed('servers', fullNameOf(user, name));
  return server;
}
