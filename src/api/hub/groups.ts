import { z } from '@hono/zod-openapi';
import { AtollError } from '../../core/errors.ts';
import { checkMayJoin } from '../../identity/checkMayJoin.ts';
import type { Group } from '../../identity/groups.ts';
import { normalizeName } from '../../identity/names.ts';
import type { ScopeSet } from '../../identity/scopes/scopeSet.ts';
import type { ApiFrame } from '../frame/apiFrame.ts';
import { pageQuery, pageReply, readPage } from '../frame/pagination.ts';
import { empty, json } from '../frame/replies.ts';
import { checkGroupName } from './checkGroupName.ts';
import type { HubApiOptions } from './hubApiOptions.ts';

const groupSchema = z
  .object({
    kind: z.literal('group'),
    name: z.string(),
    roles: z.array(z.string()).optional(),
    users: z.array(z.string()).optional(),
    properties: z.record(z.string(), z.unknown()).optional(),
  })
  .openapi('Group');

const names = z.array(z.string()).max(1000);

/** Groups of users. */
export function addGroupRoutes(frame: ApiFrame, { identity }: HubApiOptions): void {
  const { groups, roles } = identity;

  frame.route(
    {
      method: 'get',
      path: '/groups',
      summary: 'Lists groups',
      access: { anyOf: ['list:groups'], filtered: true },
      query: z.object(pageQuery),
      responses: { 200: { description: 'The groups.', schema: z.array(groupSchema) } },
    },
    async ({ principal, query, request, client }) => {
      const page = readPage(query, request, client);
      const within = principal.scopes.hasUnfiltered('list:groups')
        ? undefined
        : [...principal.scopes.filterValues('list:groups', 'group')];
      if (within?.length === 0)
        throw new AtollError(
          'ATOLL_SCOPE_MISSING',
          'Action is not authorized with current scopes; requires any of [list:groups]',
        );
      const { groups: found, total } = await groups.list({ ...page, ...(within && { within }) });
      return pageReply(
        found.map((group) => modelOf(group, principal.scopes)),
        total,
        page,
        request,
        client,
      );
    },
  );

  frame.route(
    {
      method: 'post',
      path: '/groups',
      summary: 'Creates several groups',
      access: { anyOf: ['admin:groups'] },
      body: z.object({ groups: names.min(1), users: names.optional() }),
      responses: { 201: { description: 'The groups that are new.', schema: z.array(groupSchema) } },
    },
    async ({ principal, body }) => {
      for (const group of body.groups) {
        checkGroupName(group);
        await checkMayJoin(group, principal, identity);
      }
      const created = await groups.create(body.groups, userNames(body.users));
      if (created.length === 0)
        throw new AtollError('ATOLL_CONFLICT', `All ${body.groups.length} groups already exist`);
      const found = await Promise.all(created.map((name) => find(name)));
      return json(
        found.map((group) => modelOf(group, principal.scopes)),
        201,
      );
    },
  );

  frame.route(
    {
      method: 'get',
      path: '/groups/{group}',
      summary: 'Shows a group',
      access: { anyOf: ['read:groups', 'read:groups:name', 'read:roles:groups'] },
      responses: { 200: { description: 'The group, as far as the scopes permit.', schema: groupSchema } },
    },
    async ({ principal, params }) => json(modelOf(await find(params.group), principal.scopes)),
  );

  frame.route(
    {
      method: 'post',
      path: '/groups/{group}',
      summary: 'Creates a group',
      access: { anyOf: ['admin:groups'], unfiltered: true },
      // `name` and `roles` are accepted for compatibility: the path names the group, the settings give roles.
      body: z
        .strictObject({ name: z.string().optional(), users: names.optional(), roles: names.optional() })
        .optional(),
      responses: { 201: { description: 'The new group.', schema: groupSchema } },
    },
    async ({ principal, params, body }) => {
      checkGroupName(params.group);
      if (body?.users && body.users.length > 0) await checkMayJoin(params.group, principal, identity);
      const [created] = await groups.create([params.group], userNames(body?.users));
      if (created === undefined) throw new AtollError('ATOLL_CONFLICT', `Group ${params.group} already exists`);
      return json(modelOf(await find(created), principal.scopes), 201);
    },
  );

  frame.route(
    {
      method: 'delete',
      path: '/groups/{group}',
      summary: 'Deletes a group; its members stay',
      access: { anyOf: ['delete:groups'] },
      responses: { 204: { description: 'The group is gone.' } },
    },
    async ({ params }) => {
      await groups.delete((await find(params.group)).name);
      return empty();
    },
  );

  frame.route(
    {
      method: 'post',
      path: '/groups/{group}/users',
      summary: 'Puts users into a group',
      access: { anyOf: ['groups'] },
      body: z.object({ users: names }),
      responses: { 200: { description: 'The group as it is now.', schema: groupSchema } },
    },
    async ({ principal, params, body }) => {
      const { name } = await find(params.group);
      await checkMayJoin(name, principal, identity);
      await groups.addUsers(name, userNames(body.users));
      return json(modelOf(await find(name), principal.scopes));
    },
  );

  frame.route(
    {
      method: 'delete',
      path: '/groups/{group}/users',
      summary: 'Takes users out of a group',
      access: { anyOf: ['groups'] },
      body: z.object({ users: names }),
      responses: { 200: { description: 'The group as it is now.', schema: groupSchema } },
    },
    async ({ principal, params, body }) => {
      const { name } = await find(params.group);
      await groups.removeUsers(name, userNames(body.users));
      return json(modelOf(await find(name), principal.scopes));
    },
  );

  frame.route(
    {
      method: 'put',
      path: '/groups/{group}/properties',
      summary: 'Replaces the properties of a group',
      access: { anyOf: ['groups'] },
      body: z.record(z.string(), z.unknown()),
      responses: { 200: { description: 'The group as it is now.', schema: groupSchema } },
    },
    async ({ principal, params, body }) => {
      const { name } = await find(params.group);
      await groups.setProperties(name, body);
      return json(modelOf(await find(name), principal.scopes));
    },
  );

  async function find(name: string): Promise<Group> {
    const group = await groups.get(name);
    if (!group) throw new AtollError('ATOLL_NOT_FOUND', `No such group: ${name.slice(0, 255)}`);
    return group;
  }

  function modelOf(group: Group, scopes: ScopeSet): Record<string, unknown> {
    const may = (scope: string): boolean => scopes.allows(scope, { group: group.name });
    return {
      kind: 'group',
      name: group.name,
      ...(may('read:roles:groups') && { roles: roles.ofGroup(group.name) }),
      ...(may('read:groups') && { users: group.users, properties: group.properties }),
    };
  }
}

/** User names in a body, as they are stored. Ones that are too long to exist match nobody. */
function userNames(list: readonly string[] = []): string[] {
  return list.map((name) => normalizeName(name.slice(0, 256)));
}
