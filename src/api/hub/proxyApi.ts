import { z } from '@hono/zod-openapi';
import { AtollError } from '../../core/errors.ts';
import { hostAndPort } from '../../core/hostAndPort.ts';
import type { HttpRoute, Route, RouteTarget } from '../../edge/protocol.ts';
import type { Client } from '../../identity/http/client.ts';
import type { PublicUrls } from '../../identity/publicUrls.ts';
import { hubPrefix } from '../../identity/urls.ts';
import { serverOfRouteId } from '../../servers/serverPath.ts';
import type { Servers } from '../../servers/servers.ts';
import type { ApiClient } from '../frame/apiClient.ts';
import type { ApiModule } from '../frame/apiModule.ts';
import { pagedReply, pageQuery, readPage } from '../frame/pagination.ts';
import { empty, json } from '../frame/replies.ts';
import { timestamp } from '../frame/timestamp.ts';

/** What {@link proxyApi} needs. */
export interface ProxyApiOptions {
  /** The hub's route table. */
  routes: { list(): readonly Route[] };
  servers: Pick<Servers, 'list' | 'recheck'>;
  urls: PublicUrls;
}

const routeSchema = z
  .object({ routespec: z.string(), target: z.string(), data: z.record(z.string(), z.unknown()) })
  .openapi('ProxyRoute');

type RouteModel = z.infer<typeof routeSchema>;

/** The edge's route table, as JupyterHub shows that of its proxy. */
export function proxyApi({ routes, servers, urls }: ProxyApiOptions): ApiModule {
  return (frame) => {
    frame.route(
      {
        method: 'get',
        path: '/proxy',
        summary: 'The routes, by path prefix',
        access: { anyOf: ['proxy'] },
        query: z.object(pageQuery),
        responses: { 200: { description: 'The routes.', schema: z.record(z.string(), routeSchema) } },
      },
      async ({ query, request, client }) => {
        const page = readPage(query, request, client);
        const lastActivity = await lastActivities();
        const models = [
          hubRoute(client, urls),
          ...routes
            .list()
            .filter((route) => route.kind === 'http')
            .filter(({ target }) => !isHubItself(target))
            .map((route) => routeModel(route, lastActivity, client)),
        ].sort((a, b) => (a.routespec < b.routespec ? -1 : 1));
        const shown = models.slice(page.offset, page.offset + page.limit);
        const byPrefix = Object.fromEntries(shown.map((model) => [model.routespec, model]));
        return page.paged ? pagedReply(byPrefix, models.length, page, request, client) : json(byPrefix);
      },
    );

    frame.route(
      {
        method: 'post',
        path: '/proxy',
        summary: 'Looks at every server now, and mends the routes that are not as they should be',
        access: { anyOf: ['proxy'] },
        responses: { 200: { description: 'It is looked at.' } },
      },
      async () => {
        await servers.recheck();
        return empty(200);
      },
    );

    frame.route(
      {
        method: 'patch',
        path: '/proxy',
        summary: 'Names another proxy, in JupyterHub; Atoll has no other than its own edge',
        access: { anyOf: ['proxy'] },
        body: z.record(z.string(), z.unknown()),
        responses: {},
      },
      () => {
        throw new AtollError('ATOLL_BAD_REQUEST', 'The edge is the proxy of this hub, and cannot be replaced.', {
          nextStep: 'Nothing: an edge finds the hub by itself, and gets its routes from there.',
        });
      },
    );
  };

  async function lastActivities(): Promise<ReadonlyMap<string, number | null>> {
    const ready = await servers.list({ phases: ['ready'] });
    return new Map(ready.map(({ user, name, lastActivity }) => [`${user}/${name}`, lastActivity]));
  }
}

/** Routes of which the hub's own says it all: such as those of servers that do not run. */
function isHubItself(target: RouteTarget): boolean {
  return target.kind === 'hub' && target.port === undefined;
}

/** Whatever no other route claims is the hub's. */
function hubRoute(client: ApiClient, { base, hasSubdomains }: PublicUrls): RouteModel {
  return { routespec: hasSubdomains ? '/' : base, target: client.addressOf(hubPrefix), data: { hub: true } };
}

function routeModel(
  { id, host = '', prefix, target }: HttpRoute,
  lastActivity: ReadonlyMap<string, number | null>,
  client: Client,
): RouteModel {
  const server = serverOfRouteId(id);
  const [kind = '', name = ''] = id.split(/:(.*)/s);
  const data = server
    ? {
        user: server.user,
        server_name: server.name,
        last_activity: timestamp(lastActivity.get(`${server.user}/${server.name}`) ?? null),
      }
    : { [kind]: name };
  return { routespec: `${host}${prefix}`, target: urlOf(target, client), data };
}

function urlOf(target: RouteTarget, { scheme, host }: Client): string {
  if (target.kind === 'hub') return `${scheme}://${host}`;
  return target.kind === 'tcp'
    ? `http://${hostAndPort(target.host, target.port)}`
    : `http+unix://${encodeURIComponent(target.path)}`;
}
