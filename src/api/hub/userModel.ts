import { z } from '@hono/zod-openapi';
import type { Identity } from '../../identity/identity.ts';
import type { ScopeSet } from '../../identity/scopes/scopeSet.ts';
import type { User } from '../../identity/users.ts';
import { timestamp } from '../frame/timestamp.ts';
import type { ServerDirectory, ServerModel } from './serverDirectory.ts';

/** A user as the API shows it. Which keys there are depends on the caller's scopes. */
export const userSchema = z
  .object({
    kind: z.literal('user'),
    name: z.string(),
    admin: z.boolean(),
    user_info: z.record(z.string(), z.unknown()).nullable(),
    groups: z.array(z.string()).optional(),
    last_activity: z.string().nullable().optional(),
    roles: z.array(z.string()).optional(),
    server: z.string().nullable().optional().meta({ description: 'The path of the default server, if it is ready.' }),
    pending: z.string().nullable().optional(),
    created: z.string().optional(),
    servers: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
    auth_state: z.record(z.string(), z.unknown()).nullable().optional(),
  })
  .openapi('User');

/** What {@link userModels} needs. */
export interface UserModelSources {
  identity: Identity;
  servers: ServerDirectory;
}

/** Users as JSON, each limited to what the scopes let the caller see of that user. */
export async function userModels(
  users: readonly User[],
  scopes: ScopeSet,
  { identity, servers }: UserModelSources,
  { includeStopped = false } = {},
): Promise<Record<string, unknown>[]> {
  const names = users.map((user) => user.name);
  const groupsOf = await identity.groups.ofUsers(names);
  const may = (scope: string, user: string, server?: string): boolean =>
    scopes.allows(scope, {
      user,
      groupsOfUser: groupsOf.get(user) ?? [],
      ...(server !== undefined && { server }),
    });
  const needServers = scopes.has('read:servers') || scopes.has('read:users');
  const modelsOf: ReadonlyMap<string, readonly ServerModel[]> = needServers
    ? await servers.modelsOf(names, {
        includeStopped,
        includeState: new Set(
          scopes.has('admin:server_state') ? names.filter((name) => may('admin:server_state', name)) : [],
        ),
      })
    : new Map();

  const sightOf = (user: string): Sight => ({
    name: may('read:users:name', user),
    groups: may('read:users:groups', user),
    activity: may('read:users:activity', user),
    user: may('read:users', user),
    roles: may('read:users', user) || may('read:roles:users', user),
    servers: may('read:servers', user),
    authState: may('admin:auth_state', user),
  });
  // Without filters everybody is seen alike.
  const sightOfAll = sightScopes.some((scope) => scopes.isFiltered(scope)) ? undefined : sightOf('');

  return users.map((user) => {
    const { name } = user;
    const sight = sightOfAll ?? sightOf(name);
    const models = modelsOf.get(name) ?? [];
    const model: Record<string, unknown> = { kind: 'user', name };
    if (sight.name) {
      model.admin = user.admin;
      model.user_info = user.userInfo;
    }
    if (sight.groups) model.groups = groupsOf.get(name) ?? [];
    if (sight.activity) model.last_activity = timestamp(identity.lastUse.ofUser(user));
    if (sight.roles) model.roles = identity.roles.ofUser(user);
    if (sight.user) {
      const running = models.find((server) => server.name === '');
      model.server = running?.ready ? running.url : null;
      model.pending = running?.pending ?? null;
      model.created = timestamp(user.createdAt);
    }
    const visible = sight.servers ? models : models.filter((server) => may('read:servers', name, server.name));
    if (sight.servers || visible.length > 0)
      model.servers = Object.fromEntries(visible.map((server) => [server.name, server]));
    if (sight.authState) model.auth_state = null;
    return model;
  });
}

/** What a caller may see of one user. */
interface Sight {
  name: boolean;
  groups: boolean;
  activity: boolean;
  user: boolean;
  roles: boolean;
  servers: boolean;
  authState: boolean;
}

/** The scopes that decide about {@link Sight}. */
const sightScopes = [
  'read:users:name',
  'read:users:groups',
  'read:users:activity',
  'read:users',
  'read:roles:users',
  'read:servers',
  'admin:auth_state',
];

/** One user as JSON, for a caller. */
export async function userModel(
  user: User,
  scopes: ScopeSet,
  sources: UserModelSources,
  options?: { includeStopped?: boolean },
): Promise<Record<string, unknown>> {
  const [model] = await userModels([user], scopes, sources, options);
  return model ?? {};
}

/** `include_stopped_servers`: any value but `0` and `false`. */
export function readIncludeStopped(value: string | undefined): boolean {
  return value !== undefined && value !== '0' && value.toLowerCase() !== 'false';
}
