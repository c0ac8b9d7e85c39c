import { z } from '@hono/zod-openapi';
import { AtollError } from '../../core/errors.ts';
import type { Principal } from '../../identity/principal.ts';
import { scopesForShare, shareScopeNames } from '../../identity/shares/scopesForShare.ts';
import type { Grantee, Share, SharedServer } from '../../identity/shares/sharesTable.ts';
import type { ApiClient } from '../frame/apiClient.ts';
import type { ApiFrame } from '../frame/apiFrame.ts';
import { listSchemaOf, type Page, pagedReply, pageQuery, readPage } from '../frame/pagination.ts';
import { empty, json } from '../frame/replies.ts';
import type { HubApiOptions } from './hubApiOptions.ts';
import { newShareCodeSchema, shareCodeModel, shareCodeSchema, shareModel, shareSchema } from './shareModels.ts';

/** Lifetimes of a share code, in seconds: a minute, a year, and a day when nobody says. */
const shortestCodeSeconds = 60;
const longestCodeSeconds = 365 * 24 * 3600;
const defaultCodeSeconds = 24 * 3600;

/** The spellings of a server's address below `/shares/` and `/share-codes/`; the first means the default server. */
const places = [
  { place: '{user}/', implied: { server: '' } },
  { place: '{user}/{server}', implied: {} },
] as const;

const scopesSchema = z.array(z.string().max(1000)).max(100).nullish();

const granteeSchema = z
  .strictObject({
    user: z.string().max(255).nullish(),
    group: z.string().max(255).nullish(),
    scopes: scopesSchema,
  })
  .optional()
  .transform((body, context) => {
    const { user, group, scopes } = body ?? {};
    const named = [...(user ? [{ user }] : []), ...(group ? [{ group }] : [])];
    const [grantee] = named;
    if (grantee && named.length === 1) return { grantee: grantee satisfies Grantee, scopes: scopes ?? undefined };
    context.addIssue({ code: 'custom', message: 'Specify exactly one of `user` or `group`' });
    return z.NEVER;
  });

const codeRequestSchema = z
  .strictObject({
    scopes: scopesSchema,
    expires_in: z
      .int()
      .min(shortestCodeSeconds)
      .max(longestCodeSeconds)
      .optional()
      .meta({ description: `Seconds. Default ${defaultCodeSeconds}.` }),
  })
  .optional();

const shareList = { 200: { description: 'The shares.', schema: listSchemaOf(shareSchema, 'ShareList') } };
const codeList = { 200: { description: 'The codes.', schema: listSchemaOf(shareCodeSchema, 'ShareCodeList') } };
const oneShare = { 200: { description: 'The share.', schema: shareSchema } };

/** Servers shared with users and groups, and the codes by which people take a share. */
export function addShareRoutes(frame: ApiFrame, options: HubApiOptions): void {
  addOwnersRoutes(frame, options);
  for (const place of places) {
    addServerShareRoutes(frame, options, place);
    addShareCodeRoutes(frame, options, place);
  }
  addGranteeRoutes(frame, options);
}

/** All that an owner shares. */
function addOwnersRoutes(frame: ApiFrame, { identity }: HubApiOptions): void {
  const { shares, urls } = identity;

  frame.route(
    {
      method: 'get',
      path: '/shares/{user}',
      summary: "Lists the shares of all of a user's servers",
      access: { anyOf: ['read:shares'] },
      query: z.object(pageQuery),
      responses: shareList,
    },
    async ({ params, ...asked }) => {
      await checkOwner(params.user);
      return answerPage(
        asked,
        (page) => shares.list({ owner: params.user }, page),
        ({ shares: found }) => found.map((share) => shareModel(share, urls)),
      );
    },
  );

  frame.route(
    {
      method: 'get',
      path: '/share-codes/{user}',
      summary: "Lists the share codes of all of a user's servers",
      access: { anyOf: ['read:shares'] },
      query: z.object(pageQuery),
      responses: codeList,
    },
    async ({ params, ...asked }) => {
      await checkOwner(params.user);
      return answerPage(
        asked,
        (page) => shares.listCodes({ owner: params.user }, page),
        ({ codes }) => codes.map((code) => shareCodeModel(code, urls)),
      );
    },
  );

  async function checkOwner(name: string): Promise<void> {
    if (!(await identity.users.get(name)))
      throw new AtollError('ATOLL_NOT_FOUND', `No such user: ${name.slice(0, 255)}`);
  }
}

/** Who has a share of one server. */
function addServerShareRoutes(
  frame: ApiFrame,
  { identity }: HubApiOptions,
  { place, implied }: (typeof places)[number],
): void {
  const { shares, urls } = identity;
  const path = `/shares/${place}` as const;

  frame.route(
    {
      method: 'get',
      path,
      implied,
      summary: 'Lists the shares of a server',
      access: { anyOf: ['read:shares'] },
      query: z.object(pageQuery),
      responses: shareList,
    },
    async ({ params, ...asked }) => {
      const server = await findServer(identity, params);
      return answerPage(
        asked,
        (page) => shares.list({ serverId: server.id }, page),
        ({ shares: found }) => found.map((share) => shareModel(share, urls)),
      );
    },
  );

  frame.route(
    {
      method: 'post',
      path,
      implied,
      summary: 'Shares a server with a user or a group, or adds scopes to that share',
      access: { anyOf: ['shares'] },
      body: granteeSchema,
      responses: oneShare,
    },
    async ({ principal, params, body }) => {
      const scopes = await scopesForShare(body.scopes, ownerAndName(params), principal, identity);
      const server = await findServer(identity, params);
      await checkMayName(body.grantee, principal);
      return json(shareModel(await shares.grant(server, body.grantee, scopes), urls));
    },
  );

  frame.route(
    {
      method: 'patch',
      path,
      implied,
      summary: 'Takes scopes out of a share, or all of them',
      access: { anyOf: ['shares'] },
      body: granteeSchema,
      responses: {
        200: { description: 'What is left of the share, or {}.', schema: shareSchema.or(z.strictObject({})) },
      },
    },
    async ({ params, body }) => {
      const names = shareScopeNames(body.scopes, ownerAndName(params), identity);
      const left = await shares.revoke(await findServer(identity, params), body.grantee, names);
      return json(left ? shareModel(left, urls) : {});
    },
  );

  frame.route(
    {
      method: 'delete',
      path,
      implied,
      summary: 'Ends all shares of a server',
      access: { anyOf: ['shares'] },
      responses: { 204: { description: 'Nobody has a share of it any more.' } },
    },
    async ({ params }) => {
      await shares.revokeAll(await findServer(identity, params));
      return empty();
    },
  );

  /** Otherwise sharing would tell which names exist. */
  async function checkMayName(grantee: Grantee, principal: Principal): Promise<void> {
    const [scope, what] = 'user' in grantee ? ['read:users:name', 'users'] : ['read:groups:name', 'groups'];
    if (!(await identity.can(principal, scope, grantee)))
      throw new AtollError('ATOLL_FORBIDDEN', `Need scope '${scope}' to share with ${what} by name`);
  }
}

/** The codes of one server. */
function addShareCodeRoutes(
  frame: ApiFrame,
  { identity }: HubApiOptions,
  { place, implied }: (typeof places)[number],
): void {
  const { shares, urls } = identity;
  const path = `/share-codes/${place}` as const;

  frame.route(
    {
      method: 'get',
      path,
      implied,
      summary: 'Lists the share codes of a server',
      access: { anyOf: ['read:shares'] },
      query: z.object(pageQuery),
      responses: codeList,
    },
    async ({ params, ...asked }) => {
      const server = await findServer(identity, params);
      return answerPage(
        asked,
        (page) => shares.listCodes({ serverId: server.id }, page),
        ({ codes }) => codes.map((code) => shareCodeModel(code, urls)),
      );
    },
  );

  frame.route(
    {
      method: 'post',
      path,
      implied,
      summary: 'Makes a code by which whoever has it takes a share of the server',
      access: { anyOf: ['shares'] },
      body: codeRequestSchema,
      responses: { 200: { description: 'The code, shown this once.', schema: newShareCodeSchema } },
    },
    async ({ principal, params, body, client }) => {
      const scopes = await scopesForShare(body?.scopes ?? undefined, ownerAndName(params), principal, identity);
      const server = await findServer(identity, params);
      const { secret, code } = await shares.createCode(server, scopes, body?.expires_in ?? defaultCodeSeconds);
      const acceptUrl = `/hub/accept-share?code=${secret}`;
      return json({
        ...shareCodeModel(code, urls),
        code: secret,
        accept_url: urls.path(acceptUrl),
        full_accept_url: client.addressOf(acceptUrl),
      });
    },
  );

  frame.route(
    {
      method: 'delete',
      path,
      implied,
      summary: 'Ends one share code, or all of the server',
      access: { anyOf: ['shares'] },
      query: z.object({
        id: z.string().optional().meta({ description: 'The id of one code: `sc_7`.' }),
        code: z.string().optional().meta({ description: 'One code itself.' }),
      }),
      responses: { 204: { description: 'It is of no use any more.' } },
    },
    async ({ params, query }) => {
      const server = await findServer(identity, params);
      if (query.code !== undefined) {
        if (!(await shares.deleteCode(server, { secret: query.code })))
          throw new AtollError('ATOLL_NOT_FOUND', 'No matching code found');
      } else if (query.id !== undefined) {
        const id = /^sc_(\d{1,15})$/.exec(query.id)?.[1];
        if (id === undefined || !(await shares.deleteCode(server, { id: Number(id) })))
          throw new AtollError('ATOLL_NOT_FOUND', `No code found matching id=${query.id.slice(0, 100)}`);
      } else await shares.deleteCodes(server);
      return empty();
    },
  );
}

/** What is shared with a user or a group. */
function addGranteeRoutes(frame: ApiFrame, { identity }: HubApiOptions): void {
  const { shares, urls } = identity;
  const kinds = [
    { kind: 'user', list: '/users/{user}/shared', read: 'read:users:shares', leave: 'users:shares' },
    { kind: 'group', list: '/groups/{group}/shared', read: 'read:groups:shares', leave: 'groups:shares' },
  ] as const;

  for (const { kind, list, read, leave } of kinds) {
    const granteeOf = (params: Readonly<Record<string, string>>): Grantee =>
      kind === 'user' ? { user: params.user ?? '' } : { group: params.group ?? '' };

    frame.route(
      {
        method: 'get',
        path: list,
        summary:
          kind === 'user'
            ? 'Lists what is shared with a user, also by way of groups'
            : 'Lists what is shared with a group',
        access: { anyOf: [read] },
        query: z.object(pageQuery),
        responses: shareList,
      },
      async ({ params, ...asked }) => {
        const grantee = granteeOf(params);
        await checkGrantee(grantee);
        return answerPage(
          asked,
          (page) => shares.listWith(grantee, page),
          ({ shares: found }) => found.map((share) => shareModel(share, urls)),
        );
      },
    );

    // Not {server}: the scopes are about the grantee, whose server this is not.
    for (const { rest, implied } of [
      { rest: '{owner}/', implied: { name: '' } },
      { rest: '{owner}/{name}', implied: {} },
    ] as const) {
      const path = `${list}/${rest}` as const;

      frame.route(
        {
          method: 'get',
          path,
          implied,
          summary: `Shows the share of a server with a ${kind}`,
          access: { anyOf: [read] },
          responses: oneShare,
        },
        async ({ params }) => json(shareModel(await findShare(granteeOf(params), params), urls)),
      );

      frame.route(
        {
          method: 'delete',
          path,
          implied,
          summary: `Gives a share of a ${kind} up`,
          access: { anyOf: [leave] },
          responses: { 204: { description: 'The share is gone.' } },
        },
        async ({ params }) => {
          const { server, grantee } = await findShare(granteeOf(params), params);
          await shares.revoke(server, grantee);
          return empty();
        },
      );
    }
  }

  async function checkGrantee(grantee: Grantee): Promise<void> {
    if ('user' in grantee ? await identity.users.get(grantee.user) : await identity.groups.get(grantee.group)) return;
    const who = 'user' in grantee ? `user: ${grantee.user}` : `group: ${grantee.group}`;
    throw new AtollError('ATOLL_NOT_FOUND', `No such ${who.slice(0, 300)}`);
  }

  async function findShare(
    grantee: Grantee,
    { owner = '', name = '' }: Readonly<Record<string, string>>,
  ): Promise<Share> {
    const server = await shares.server(owner, name);
    const share = server && (await shares.get(server, grantee));
    if (share) return share;
    const who = 'user' in grantee ? `user ${grantee.user}` : `group ${grantee.group}`;
    throw new AtollError('ATOLL_NOT_FOUND', `No such share for ${who} on ${owner}/${name}`.slice(0, 1000));
  }
}

/** A part of a list that always comes as an object, as JupyterHub answers those of shares and codes. */
async function answerPage<Found extends { total: number }>(
  { query, request, client }: { query: Parameters<typeof readPage>[0]; request: Request; client: ApiClient },
  find: (page: Page) => Promise<Found>,
  modelsOf: (found: Found) => unknown[],
): Promise<Response> {
  const page = readPage(query, request, client, { alwaysPaged: true });
  const found = await find(page);
  return pagedReply(modelsOf(found), found.total, page, request, client);
}

async function findServer(
  { shares }: HubApiOptions['identity'],
  params: Readonly<Record<string, string>>,
): Promise<SharedServer> {
  const { user, name } = ownerAndName(params);
  const server = await shares.server(user, name);
  if (!server) throw new AtollError('ATOLL_NOT_FOUND', `No such server: ${user}/${name}`.slice(0, 600));
  return server;
}

function ownerAndName({ user = '', server = '' }: Readonly<Record<string, string>>): { user: string; name: string } {
  return { user, name: server };
}
