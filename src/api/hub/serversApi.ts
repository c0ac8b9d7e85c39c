import { z } from '@hono/zod-openapi';
import { readActivityPost } from '../../activity/readActivityPost.ts';
import type { Live } from '../../config/live.ts';
import type { ServerSettings } from '../../config/settings.ts';
import { type Clock, systemClock } from '../../core/clock.ts';
import { AtollError } from '../../core/errors.ts';
import type { Identity } from '../../identity/identity.ts';
import type { Principal } from '../../identity/principal.ts';
import { pendingOf, type Server, stoppedServer } from '../../servers/server.ts';
import { type ServerChoices, serverNotFound } from '../../servers/serverRequests.ts';
import type { Servers } from '../../servers/servers.ts';
import type { ApiFrame } from '../frame/apiFrame.ts';
import type { ApiModule } from '../frame/apiModule.ts';
import { empty, json } from '../frame/replies.ts';
import { progressReply } from './progressReply.ts';
import { serverModel, serverModelSchema } from './serverModel.ts';

/** How long a request to start or stop waits for it to be done before it answers 202 (JupyterHub's slow_spawn_timeout). */
const slowMs = 10_000;

/** What {@link serversApi} needs. */
export interface ServersApiOptions {
  servers: Servers;
  identity: Identity;
  settings: Live<Pick<ServerSettings, 'allowNamedServers'>>;
  clock?: Clock;
}

/** The three spellings of a server's address; the first two mean the default server. */
const places = [
  { path: '/users/{user}/server', implied: { server: '' } },
  { path: '/users/{user}/servers/', implied: { server: '' } },
  { path: '/users/{user}/servers/{server}', implied: {} },
];

const userOptionsSchema = z.record(z.string(), z.unknown());
const choicesSchema = z.object({ display_name: z.string().optional(), user_options: userOptionsSchema.nullish() });
/** Either the two known keys, or (as older clients do) an object that is user_options as a whole. */
const startSchema = z.record(z.string(), z.unknown()).optional();
const changesSchema = z.strictObject({ name: z.string().optional(), ...choicesSchema.shape });
const removalSchema = z.object({ remove: z.boolean().optional() }).optional();

/** The routes of the hub's API that are about servers: start, stop, create, change, delete, progress, activity. */
export function serversApi(options: ServersApiOptions): ApiModule {
  return (frame) => {
    for (const place of places) addServerRoutes(frame, place, options);
    addActivityRoute(frame, options);
  };
}

function addServerRoutes(frame: ApiFrame, place: (typeof places)[number], options: ServersApiOptions): void {
  const { servers, identity, settings } = options;
  const model = { description: 'The server.', schema: serverModelSchema };

  frame.route(
    {
      ...place,
      method: 'get',
      summary: 'One server',
      access: { anyOf: ['read:servers'] },
      responses: { 200: model },
    },
    async ({ params, principal }) => {
      const { user, name } = readParams(params);
      const server = (await servers.get(user, name)) ?? (name === '' ? await neverStarted(identity, user) : undefined);
      if (!server) throw serverNotFound(user, name);
      return json(await modelFor(identity, principal, server));
    },
  );

  frame.route(
    {
      ...place,
      method: 'post',
      summary: 'Start a server',
      access: { anyOf: ['start:servers'] },
      body: startSchema,
      responses: { 201: { description: 'It is ready.' }, 202: { description: 'It is on its way; see its progress.' } },
    },
    async ({ params, body, request, principal, via }) => {
      const { user, name } = readParams(params);
      await identity.authRefresh.beforeStart(user, via === 'cookie' && principal.name === user);
      await servers.start(user, name, readStart(body));
      const server = await servers.settled(user, name, slowMs, request.signal);
      if (server?.failure) throw failedStart(server);
      if (server?.phase === 'ready') return started();
      return empty(202);
    },
  );

  frame.route(
    {
      ...place,
      method: 'put',
      summary: 'Create a named server without starting it',
      access: { anyOf: ['start:servers'] },
      body: choicesSchema.optional(),
      responses: { 201: model },
    },
    async ({ params, body, principal }) => {
      const { user, name } = readParams(params);
      const server = await servers.create(user, name, choicesOf(body ?? {}));
      return json(await modelFor(identity, principal, server), 201);
    },
  );

  frame.route(
    {
      ...place,
      method: 'patch',
      summary: 'Change a stopped server',
      access: { anyOf: ['start:servers'] },
      body: changesSchema.optional(),
      responses: { 200: model },
    },
    async ({ params, body, principal }) => {
      const { user, name } = readParams(params);
      if (!body || Object.keys(body).length === 0)
        throw new AtollError('ATOLL_BAD_REQUEST', 'Must specify at least one field to modify.');
      const server = await servers.change(user, name, { name: body.name, ...choicesOf(body) });
      return json(await modelFor(identity, principal, server));
    },
  );

  frame.route(
    {
      ...place,
      method: 'delete',
      summary: 'Stop a server, or delete it too',
      access: { anyOf: ['delete:servers'] },
      body: removalSchema,
      responses: { 204: { description: 'It is stopped.' }, 202: { description: 'It is on its way down.' } },
    },
    async ({ params, body, request }) => {
      const { user, name } = readParams(params);
      const remove = body?.remove === true;
      if (remove && name === '') throw new AtollError('ATOLL_DEFAULT_SERVER_STAYS', 'Cannot delete the default server');
      if (!(await identity.users.get(user))) throw noSuchUser(user);
      if (name !== '' && !(await servers.get(user, name)))
        throw settings.current.allowNamedServers
          ? serverNotFound(user, name)
          : new AtollError('ATOLL_NAMED_SERVERS_OFF', 'Named servers are not enabled.');
      await (remove ? servers.remove(user, name) : servers.stop(user, name));
      const server = await servers.settled(user, name, slowMs, request.signal);
      return empty(server && pendingOf(server) !== null ? 202 : 204);
    },
  );

  frame.route(
    {
      ...place,
      path: `${place.path}/progress`,
      method: 'get',
      summary: "The progress of a server's start",
      access: { anyOf: ['read:servers'] },
      responses: {
        200: { description: 'Server-sent events.', schema: z.string(), contentType: 'text/event-stream' },
      },
    },
    async ({ params }) => {
      const { user, name } = readParams(params);
      const stop = new AbortController();
      return progressReply(await servers.progress(user, name, stop.signal), stop);
    },
  );
}

function addActivityRoute(frame: ApiFrame, { servers, identity, clock = systemClock }: ServersApiOptions): void {
  frame.route(
    {
      method: 'post',
      path: '/users/{user}/activity',
      summary: 'Tell when a user and their servers were last active',
      access: { anyOf: ['users:activity'] },
      body: z.unknown().optional(),
      responses: { 200: { description: 'Noted.' } },
    },
    async ({ params, body }) => {
      const reported = readActivityPost(body, clock.now());
      if (!(await identity.users.get(params.user))) throw noSuchUser(params.user);
      await servers.recordActivity(params.user, reported);
      return empty(200);
    },
  );
}

/** The default server is there from the beginning, as in JupyterHub: stopped, until it is started for the first time. */
async function neverStarted(identity: Identity, name: string): Promise<Server> {
  const user = await identity.users.get(name);
  if (!user) throw noSuchUser(name);
  return stoppedServer(user);
}

function noSuchUser(name: string): AtollError {
  return new AtollError('ATOLL_NOT_FOUND', `No such user: ${name.slice(0, 255)}`);
}

function readParams(params: Readonly<Record<string, string>>): { user: string; name: string } {
  return { user: params.user ?? '', name: params.server ?? '' };
}

/** An empty body chooses nothing, so that the choices of the last start count. */
function readStart(body: z.output<typeof startSchema>): ServerChoices {
  if (body === undefined || Object.keys(body).length === 0) return {};
  if (!('display_name' in body) && !('user_options' in body)) return { userOptions: body };
  const parsed = choicesSchema.safeParse(body);
  if (!parsed.success)
    throw new AtollError('ATOLL_BAD_REQUEST', 'display_name must be a string, and user_options an object or null.');
  return { ...choicesOf(parsed.data), userOptions: parsed.data.user_options ?? null };
}

function choicesOf(body: z.output<typeof choicesSchema>): ServerChoices {
  return { displayName: body.display_name, userOptions: body.user_options };
}

/** JupyterHub answers a start that is done with an empty text. */
function started(): Response {
  return new Response('', { status: 201, headers: { 'Content-Type': 'text/plain' } });
}

function failedStart({ failure }: Server): AtollError {
  if (!failure) throw new Error('there is no failure to tell');
  return new AtollError(failure.code, `Spawn failed: ${failure.message}`, { status: 500, nextStep: failure.nextStep });
}

/** The model with what this caller may see of it. */
async function modelFor(identity: Identity, principal: Principal, server: Server) {
  const resource = { user: server.user, server: server.name };
  const includeState = await identity.can(principal, 'admin:server_state', resource);
  const owns = principal.kind === 'user' && principal.name === server.user;
  return serverModel(server, identity.urls, { includeState, includeLog: includeState || owns });
}
