import { z } from '@hono/zod-openapi';
import { AtollError } from '../../core/errors.ts';
import type { Client } from '../../identity/http/client.ts';
import type { OAuthClient } from '../../identity/oauth/clients.ts';
import type { Principal } from '../../identity/principal.ts';
import { lifetimeForToken, scopesForToken } from '../../identity/tokenGrants.ts';
import { publicIdOf, type Token } from '../../identity/tokens.ts';
import type { ApiFrame } from '../frame/apiFrame.ts';
import { empty, json } from '../frame/replies.ts';
import { timestamp } from '../frame/timestamp.ts';
import type { HubApiOptions } from './hubApiOptions.ts';

/** The longest lifetime of a token that is not for ever: 100 years, in seconds. */
const longestLifetimeSeconds = 100 * 365 * 24 * 3600;

const tokenSchema = z
  .object({
    kind: z.literal('api_token'),
    id: z.string(),
    user: z.string(),
    roles: z.array(z.string()),
    scopes: z.array(z.string()),
    created: z.string(),
    last_activity: z.string().nullable(),
    expires_at: z.string().nullable(),
    note: z.string(),
    session_id: z.string().nullable(),
    oauth_client: z.string(),
  })
  .openapi('Token');

const newTokenSchema = tokenSchema.extend({ token: z.string() }).openapi('NewToken');

/** Scopes or roles. The longest scope names a user and a server of theirs. */
const names = z.array(z.string().max(1000)).max(1000);

const bodySchema = z
  .object({
    note: z.string().max(1024).optional(),
    expires_in: z
      .unknown()
      .transform((value, context) => {
        if (value === undefined || value === null) return undefined;
        if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= longestLifetimeSeconds)
          return value;
        const shown = typeof value === 'string' ? `'${value.slice(0, 100)}'` : JSON.stringify(value).slice(0, 100);
        context.addIssue({
          code: 'custom',
          message:
            typeof value === 'number' && Number.isInteger(value)
              ? value < 1
                ? `expires_in must be a positive integer or null, not ${shown}`
                : `token expires_in must be at most ${longestLifetimeSeconds} seconds, not ${shown}`
              : `token expires_in must be null or integer, not ${shown}`,
        });
        return z.NEVER;
      })
      .optional()
      .meta({ type: ['integer', 'null'], description: 'Seconds. Null: it does not expire.' }),
    scopes: names.optional(),
    roles: names.optional(),
    auth: z
      .object({ username: z.string(), password: z.string() })
      .optional()
      .meta({ description: 'Instead of a token or cookie: what one would type into the sign-in page.' }),
  })
  .optional();

/** API tokens of users. */
export function addTokenRoutes(frame: ApiFrame, { identity }: HubApiOptions): void {
  const { tokens } = identity;

  frame.route(
    {
      method: 'get',
      path: '/users/{user}/tokens',
      summary: "Lists a user's tokens",
      access: { anyOf: ['read:tokens'] },
      responses: {
        200: {
          description: 'The tokens that have not expired.',
          schema: z.object({ api_tokens: z.array(tokenSchema) }),
        },
      },
    },
    async ({ params }) => {
      const owner = await ownerOf(params.user);
      const list = await tokens.list(owner.userId ?? 0);
      // Of hundreds of tokens, most are of the same few clients.
      const clients = new Map<string, OAuthClient | undefined>();
      for (const id of new Set(list.flatMap(({ oauthClientId }) => oauthClientId ?? [])))
        clients.set(id, await identity.oauthClients.get(id));
      const models = list.map((token) => modelOf(token, owner, clients.get(token.oauthClientId ?? '')));
      return json({ api_tokens: await Promise.all(models) });
    },
  );

  frame.route(
    {
      method: 'post',
      path: '/users/{user}/tokens',
      summary: 'Makes a token',
      access: { anyOf: ['tokens'], orAnonymous: true, outOfReach: 403 },
      body: bodySchema,
      responses: { 201: { description: 'The token, with its secret this once.', schema: newTokenSchema } },
    },
    async ({ principal, params, body, client }) => {
      const requester = principal ?? (await signInWith(body?.auth, params.user, client));
      const owner = await identity.principalOf(params.user);
      if (!owner) throw new AtollError('ATOLL_FORBIDDEN', 'No access to resources or resources not found');
      const scopes = await scopesForToken({ scopes: body?.scopes, roles: body?.roles }, owner, requester, identity);
      const lifetime = lifetimeForToken(body?.expires_in, identity);
      const own = requester.kind === 'user' && requester.name === owner.name;
      const { secret, token } = await tokens.create({
        userId: owner.userId ?? 0,
        scopes,
        note: body?.note ?? (own ? 'Requested via api' : `Requested via api by ${requester.kind} ${requester.name}`),
        ...(lifetime !== undefined && { expiresInSeconds: lifetime }),
      });
      return json({ ...(await modelOf(token, owner, undefined)), token: secret }, 201);
    },
  );

  frame.route(
    {
      method: 'get',
      path: '/users/{user}/tokens/{token}',
      summary: 'Shows a token, without its secret',
      access: { anyOf: ['read:tokens'] },
      responses: { 200: { description: 'The token.', schema: tokenSchema } },
    },
    async ({ params }) => {
      const owner = await ownerOf(params.user);
      const token = await find(owner, params.token);
      const client = token.oauthClientId === null ? undefined : await identity.oauthClients.get(token.oauthClientId);
      return json(await modelOf(token, owner, client));
    },
  );

  frame.route(
    {
      method: 'delete',
      path: '/users/{user}/tokens/{token}',
      summary: 'Revokes a token; one of an OAuth client together with all of that client',
      access: { anyOf: ['tokens'] },
      responses: { 204: { description: 'It is revoked.' } },
    },
    async ({ params }) => {
      const owner = await ownerOf(params.user);
      await tokens.revoke(await find(owner, params.token));
      return empty();
    },
  );

  async function ownerOf(name: string): Promise<Principal> {
    const owner = await identity.principalOf(name);
    if (!owner) throw new AtollError('ATOLL_NOT_FOUND', `No such user: ${name.slice(0, 255)}`);
    return owner;
  }

  async function find(owner: Principal, id: string): Promise<Token> {
    const token = await tokens.get(owner.userId ?? 0, id);
    if (!token) throw new AtollError('ATOLL_NOT_FOUND', `No such token ${id.slice(0, 64)} for user ${owner.name}`);
    return token;
  }

  async function modelOf(
    token: Token,
    owner: Principal,
    client: OAuthClient | undefined,
  ): Promise<Record<string, unknown>> {
    return {
      kind: 'api_token',
      id: publicIdOf(token),
      user: owner.name,
      roles: [],
      scopes: (await identity.scopesOfToken(token, owner, client)).toList(),
      created: timestamp(token.createdAt),
      last_activity: timestamp(identity.lastUse.ofToken(token)),
      expires_at: timestamp(token.expiresAt),
      note: token.note,
      session_id: token.sessionId,
      oauth_client: client?.description ?? 'JupyterHub',
    };
  }

  async function signInWith(
    auth: { username: string; password: string } | undefined,
    user: string,
    client: Client,
  ): Promise<Principal> {
    if (!auth) throw new AtollError('ATOLL_UNAUTHENTICATED', 'Missing or invalid credentials.');
    const { name } = await identity.signIn.withForm(auth, client);
    if (name !== user) throw new AtollError('ATOLL_FORBIDDEN', 'You may only make tokens of your own that way');
    return ownerOf(name);
  }
}
