import { z } from '@hono/zod-openapi';
import type { Identity } from '../../identity/identity.ts';
import type { ScopeSet } from '../../identity/scopes/scopeSet.ts';
import type { User } from '../../identity/users.ts';
import { timestamp } from '../frame/replies.ts';
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
        includeState: new Set(names.filter((name) => may('admin:server_state', name))),
      })
    : new Map();

  return users.map((user) => {
    const { name } = user;
    const models = modelsOf.get(name) ?? [];
    const running = models.find((server) => server.name === '');
    const visible = models.filter((server) => may('read:servers', name, server.name));
    return {
      kind: 'user',
      name,
      ...(may('read:users:name', name) && { admin: user.admin, user_info: user.userInfo }),
      ...(may('read:users:groups', name) && { groups: groupsOf.get(name) ?? [] }),
      ...(may('read:users:activity', name) && { last_activity: timestamp(user.lastActivity) }),
      ...((may('read:users', name) || may('read:roles:users', name)) && { roles: identity.roles.ofUser(user) }),
      ...(may('read:users', name) && {
        server: running?.ready ? running.url : null,
        pending: running?.pending ?? null,
        created: timestamp(user.createdAt),
      }),
      ...((may('read:servers', name) || visible.length > 0) && {
        servers: Object.fromEntries(visible.map((server) => [server.name, server])),
      }),
      ...(may('admin:auth_state', name) && { auth_state: null }),
    };
  });
}

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
