import { z } from '@hono/zod-openapi';
import { AtollError } from '../../core/errors.ts';
import { checkMayGrantAdmin, checkMayTouchAdmin } from '../../identity/adminFlag.ts';
import { checkMayJoin } from '../../identity/checkMayJoin.ts';
import { checkMayTakeName } from '../../identity/checkMayTakeName.ts';
import type { Principal } from '../../identity/principal.ts';
import { removeUser } from '../../identity/removeUser.ts';
import { listableUsers } from '../../identity/scopes/listableUsers.ts';
import type { User, UserQuery } from '../../identity/users.ts';
import type { ApiFrame } from '../frame/apiFrame.ts';
import { pageQuery, pageReply, readPage } from '../frame/pagination.ts';
import { empty, json } from '../frame/replies.ts';
import { checkGroupName } from './checkGroupName.ts';
import type { HubApiOptions } from './hubApiOptions.ts';
import { readIncludeStopped, userModel, userModels, userSchema } from './userModel.ts';

const maximumNamesAtATime = 1000;
const states = ['active', 'ready', 'inactive'] as const;
const sortKeys = ['id', 'name', 'last_activity'] as const;

const includeStoppedQuery = {
  include_stopped_servers: z.string().optional().meta({ description: 'Whether `servers` holds stopped ones too.' }),
};

/** Users: list, create, show, change, delete. */
export function addUserRoutes(frame: ApiFrame, options: HubApiOptions): void {
  const { identity } = options;
  const { users } = identity;

  frame.route(
    {
      method: 'get',
      path: '/users',
      summary: 'Lists users',
      access: { anyOf: ['list:users'], filtered: true },
      query: z.object({
        state: z
          .string()
          .optional()
          .meta({ description: `One of ${states.join(', ')}, by the users' servers.` }),
        name_filter: z.string().optional().meta({ description: 'Only names that contain this.' }),
        sort: z
          .string()
          .optional()
          .meta({ description: `One of ${sortKeys.join(', ')}, with \`-\` before it to reverse.` }),
        ...includeStoppedQuery,
        ...pageQuery,
      }),
      responses: { 200: { description: 'The users.', schema: z.array(userSchema) } },
    },
    async ({ principal, query, request, client }) => {
      const page = readPage(query, request, client);
      const { users: found, total } = await users.list({
        ...readState(query.state),
        ...readSort(query.sort),
        ...listableUsers(principal.scopes),
        ...(query.name_filter !== undefined && { nameFilter: query.name_filter }),
        offset: page.offset,
        limit: page.limit,
        count: page.paged,
      });
      const includeStopped = readIncludeStopped(query.include_stopped_servers);
      const models = await userModels(found, principal.scopes, options, { includeStopped });
      return pageReply(models, total, page, request, client);
    },
  );

  frame.route(
    {
      method: 'post',
      path: '/users',
      summary: 'Creates several users',
      access: { anyOf: ['admin:users'] },
      body: z.object({
        usernames: z.array(z.string()).min(1).max(maximumNamesAtATime),
        admin: z.boolean().optional(),
      }),
      responses: { 201: { description: 'The users that are new.', schema: z.array(userSchema) } },
    },
    async ({ principal, body }) => {
      if (body.admin) checkMayGrantAdmin(principal);
      const names = body.usernames.map(userNameOf);
      const created = await users.create(names, body.admin);
      if (created.length === 0)
        throw new AtollError('ATOLL_CONFLICT', `All ${names.length} users already exist`, { nextStep: '' });
      return json(await userModels(created, principal.scopes, options), 201);
    },
  );

  frame.route(
    {
      method: 'get',
      path: '/users/{user}',
      summary: 'Shows a user',
      access: {
        anyOf: [
          'read:users',
          'read:users:name',
          'read:users:groups',
          'read:users:activity',
          'read:servers',
          'read:roles:users',
        ],
      },
      query: z.object(includeStoppedQuery),
      responses: { 200: { description: 'The user, as far as the scopes permit.', schema: userSchema } },
    },
    async ({ principal, params, query }) => {
      const includeStopped = readIncludeStopped(query.include_stopped_servers);
      return json(await fullModel(await find(params.user), principal, includeStopped));
    },
  );

  frame.route(
    {
      method: 'post',
      path: '/users/{user}',
      summary: 'Creates a user',
      access: { anyOf: ['admin:users'], unfiltered: true },
      body: z.object({ admin: z.boolean().optional() }).optional(),
      responses: { 201: { description: 'The new user.', schema: userSchema } },
    },
    async ({ principal, params, body }) => {
      if (body?.admin) checkMayGrantAdmin(principal);
      const name = userNameOf(params.user);
      const [created] = await users.create([name], body?.admin);
      if (!created) throw new AtollError('ATOLL_CONFLICT', `User ${name} already exists`);
      return json(await userModel(created, principal.scopes, options), 201);
    },
  );

  frame.route(
    {
      method: 'patch',
      path: '/users/{user}',
      summary: 'Changes a user',
      access: { anyOf: ['admin:users'] },
      body: z.strictObject({
        name: z.string().optional(),
        admin: z.boolean().optional(),
        groups: z.array(z.string()).max(maximumNamesAtATime).optional(),
        auth_state: z.record(z.string(), z.unknown()).nullable().optional(),
      }),
      responses: { 200: { description: 'The user as it is now.', schema: userSchema } },
    },
    async ({ principal, params, body }) => {
      const user = await find(params.user);
      const name = body.name === undefined ? user.name : userNameOf(body.name);
      checkMayTouchAdmin(principal, user);
      if (body.admin) checkMayGrantAdmin(principal);
      if (name !== user.name) {
        checkMayRename(principal);
        await checkMayTakeName(name, principal, identity);
      }
      if (body.groups) await checkMayChangeGroups(principal, user, body.groups);
      if (name !== user.name) await checkNothingRuns(user);
      const { admin, groups, auth_state: authState } = body;
      await identity.changeUser(user, { name, admin, groups, authState });
      return json(await fullModel(await find(name), principal, false));
    },
  );

  frame.route(
    {
      method: 'delete',
      path: '/users/{user}',
      summary: 'Deletes a user, after ending their servers and clusters',
      access: { anyOf: ['delete:users'] },
      responses: { 204: { description: 'The user is gone.' } },
    },
    async ({ principal, params }) => {
      const user = await find(params.user);
      if (principal.kind === 'user' && principal.name === user.name)
        throw new AtollError('ATOLL_BAD_REQUEST', 'Cannot delete yourself!');
      checkMayTouchAdmin(principal, user);
      const left = await removeUser(user.name, { users, workloads: options.workloads });
      if (left !== undefined)
        throw new AtollError('ATOLL_BAD_REQUEST', `${user.name}'s ${left} are still stopping, please wait`, {
          retryAfterSeconds: 10,
        });
      return empty();
    },
  );

  async function find(name: string): Promise<User> {
    const user = await users.get(name);
    if (!user) throw new AtollError('ATOLL_NOT_FOUND', `No such user: ${name.slice(0, 255)}`);
    return user;
  }

  /** The model of one user, with the auth state when the caller may see it. */
  async function fullModel(
    user: User,
    principal: Principal,
    includeStopped: boolean,
  ): Promise<Record<string, unknown>> {
    const model = await userModel(user, principal.scopes, options, { includeStopped });
    return 'auth_state' in model ? { ...model, auth_state: await identity.authStateOf(user) } : model;
  }

  async function checkMayChangeGroups(principal: Principal, user: User, groups: readonly string[]): Promise<void> {
    for (const group of groups) checkGroupName(group);
    const before = (await identity.groups.ofUsers([user.name])).get(user.name) ?? [];
    for (const group of groups) if (!before.includes(group)) await checkMayJoin(group, principal, identity);
    for (const group of [...groups, ...before]) {
      if (groups.includes(group) === before.includes(group)) continue;
      if (!(await identity.can(principal, 'groups', { group })))
        throw new AtollError('ATOLL_FORBIDDEN', `You may not change who is in the group ${group}`);
    }
  }

  async function checkNothingRuns(user: User): Promise<void> {
    for (const workloads of options.workloads)
      if (await workloads.hasActive(user.name))
        throw new AtollError('ATOLL_BAD_REQUEST', `${user.name} has running ${workloads.what}; stop them first`);
  }

  function userNameOf(name: string): string {
    const checked = identity.toUserName(name);
    if (checked === undefined)
      throw new AtollError('ATOLL_BAD_REQUEST', `Invalid username: ${JSON.stringify(name.slice(0, 100)).slice(1, -1)}`);
    return checked;
  }
}

/**
 * Homes, accounts of the machine and roles of the settings go by names, so a new name takes what a new user takes.
 * @throws AtollError `ATOLL_SCOPE_MISSING`
 */
function checkMayRename({ scopes }: Principal): void {
  if (!scopes.hasUnfiltered('admin:users'))
    throw new AtollError('ATOLL_SCOPE_MISSING', 'A new name takes the scope admin:users for all users');
}

function readState(state: string | undefined): Pick<UserQuery, 'state'> {
  if (state === undefined) return {};
  const known = states.find((name) => name === state);
  if (!known) throw new AtollError('ATOLL_BAD_REQUEST', `Unrecognized state filter: '${state.slice(0, 100)}'`);
  return { state: known };
}

function readSort(sort: string | undefined): Pick<UserQuery, 'sort' | 'descending'> {
  if (sort === undefined) return {};
  const key = sortKeys.find((name) => name === sort.replace(/^-/, ''));
  if (!key)
    throw new AtollError(
      'ATOLL_BAD_REQUEST',
      `sort must be 'id', 'name', or 'last_activity', not '${sort.slice(0, 100)}'`,
    );
  return { sort: key, descending: sort.startsWith('-') };
}
