import { type Context, Hono } from 'hono';
import type { Cluster } from '../../clusters/cluster.ts';
import { type GatewayPrincipal, maySee, maySeeAll, mayUseGateway, owns } from '../../clusters/clusterAccess.ts';
import type { Clusters, ScalingResult } from '../../clusters/clusters.ts';
import { specificationOf } from '../../clusters/optionFields.ts';
import type { PythonValue } from '../../clusters/pythonJson.ts';
import { AtollError } from '../../core/errors.ts';
import { hostAndPort } from '../../core/hostAndPort.ts';
import type { Logger } from '../../observability/logger.ts';
import { ClusterListCache } from './clusterListCache.ts';
import { clusterModelOf } from './clusterModel.ts';
import { explanationOf } from './explanation.ts';
import { phasesFrom, waitFrom } from './queryParameters.ts';
import { readHeartbeat, readRequest } from './readBody.ts';
import { csvAnswer, usageModelOf, usageQuestionFrom } from './usageAnswer.ts';

/** What {@link createGatewayApi} needs. */
export interface GatewayDependencies {
  clusters: Clusters;
  /** Who sent a request, or undefined: {@link authenticateGatewayRequest}. */
  authenticate: (request: Request) => Promise<GatewayPrincipal | undefined>;
  /** Shown under `/api/version`. */
  version: string;
  log: Logger;
}

/** As long as dask-gateway's own server lets a client wait; proven behind other proxies. */
const longestWaitMs = 20_000;
/** Sent by Atoll's own addition to the client only. */
const shownHeader = 'Atoll-Shown';

/**
 * The REST API of dask-gateway, to be mounted at `/services/dask-gateway`. Paths are exact,
 * final slashes included. Clusters of others look like none at all, except to administrators, who see and may stop them.
 *
 * No cookie is set: the client repeats each request with its token, which on one connection costs about a millisecond,
 * and a token that is revoked is good for nothing at once.
 */
export function createGatewayApi(dependencies: GatewayDependencies): Hono {
  const { clusters, log } = dependencies;
  const lists = new ClusterListCache(clusters, {
    list: (owner, phases) => clusters.list(owner, phases),
    modelOf: (cluster) => ownModelOf(clusters, cluster),
  });
  const app = new Hono();

  app.get('/api/health', (context) => context.json({ status: 'pass' }));
  app.get('/api/version', (context) => context.json({ version: dependencies.version }));

  app.get('/api/v1/options', async (context) => {
    const user = await authenticated(context, dependencies);
    const { fields } = await clusters.options(user);
    return context.json({ cluster_options: fields.map(specificationOf) });
  });

  app.get('/api/v1/clusters/', async (context) => {
    const user = await authenticated(context, dependencies);
    const phases = phasesFrom(context.req.query('status'));
    // Services own none: one could have the name of a person.
    if (user.kind !== 'user') return context.json({});
    const list = await lists.get(user.name, phases);
    return new Response(list, { headers: { 'content-type': 'application/json' } });
  });

  app.post('/api/v1/clusters/', async (context) => {
    const user = await authenticated(context, dependencies);
    if (user.kind !== 'user')
      throw new AtollError(
        'ATOLL_GATEWAY_FORBIDDEN',
        `Clusters belong to people; the service ${user.name} cannot make one`,
      );
    const body = await readRequest(context.req.raw);
    const { name } = await clusters.create(user, orDefault(body.cluster_options), user.tokenId);
    return context.json({ name }, 201);
  });

  app.get('/api/v1/clusters/:name', async (context) => {
    const user = await authenticated(context, dependencies);
    const name = context.req.param('name');
    const before = await visible(clusters, user, name);
    const waits = waitFrom(context.req.query('wait'));
    const { cluster = before, waitsFor } = waits ? await waited(context, clusters, name) : {};
    // The client shows the text of a 409, but for the status FAILED only a sentence of its own that says nothing.
    if (waits && cluster.phase === 'failed') throw failedError(cluster);
    // Whoever says what it shows is Atoll's own addition to the client, which takes the direct way (python/client/atoll_direct.py).
    if (context.req.header(shownHeader) !== undefined && owns(user, cluster))
      context.header('Atoll-Scheduler', directAddressOf(cluster));
    if (waitsFor !== undefined) context.header('Atoll-Waiting', encodeURIComponent(waitsFor));
    return context.json(await modelFor(clusters, user, cluster));
  });

  app.get('/api/v1/clusters/:name/explanation', async (context) => {
    const user = await authenticated(context, dependencies);
    const cluster = await visible(clusters, user, context.req.param('name'));
    return context.json(explanationOf(cluster, await clusters.progress(cluster)));
  });

  app.delete('/api/v1/clusters/:name', async (context) => {
    const name = context.req.param('name');
    if (await isScheduler(context, clusters, name)) {
      await clusters.stopIdle(name);
    } else {
      const user = await authenticated(context, dependencies);
      const cluster = await clusters.get(name);
      if (cluster && maySee(user, cluster)) await clusters.stop(name, `Stopped by ${user.name}.`);
    }
    return context.body(null, 204);
  });

  app.post('/api/v1/clusters/:name/scale', async (context) => {
    const user = await authenticated(context, dependencies);
    const cluster = await own(clusters, user, context.req.param('name'));
    const { count = null } = await readRequest(context.req.raw);
    return context.json(scalingAnswer(await clusters.scale(cluster.name, count)));
  });

  app.post('/api/v1/clusters/:name/adapt', async (context) => {
    const user = await authenticated(context, dependencies);
    const cluster = await own(clusters, user, context.req.param('name'));
    const { minimum = null, maximum = null, active = true } = await readRequest(context.req.raw);
    const result = isTrue(active)
      ? await clusters.adapt(cluster.name, { minimum, maximum })
      : await clusters.stopAdapting(cluster.name);
    return context.json(scalingAnswer(result));
  });

  app.post('/api/v1/clusters/:name/heartbeat', async (context) => {
    const name = context.req.param('name');
    if (!(await isScheduler(context, clusters, name)))
      return context.json({ error: 'Unauthorized' }, 401, { 'WWW-Authenticate': 'token' });
    await clusters.heartbeat(name, await readHeartbeat(context.req.raw));
    return context.body(null, 200);
  });

  app.post('/api/v1/clusters/:name/report', async (context) => {
    const name = context.req.param('name');
    if (!(await isScheduler(context, clusters, name)))
      return context.json({ error: 'Unauthorized' }, 401, { 'WWW-Authenticate': 'token' });
    return context.json({ warnings: await clusters.report(name, await readHeartbeat(context.req.raw)) });
  });

  app.get('/api/v1/usage', async (context) => {
    const user = await authenticated(context, dependencies);
    const { question, format } = usageQuestionFrom(context.req.query(), new Date());
    const everybody = maySeeAll(user);
    if (!everybody && question.by === 'group')
      throw new AtollError(
        'ATOLL_GATEWAY_FORBIDDEN',
        `User ${user.name} may see their own usage only, not that of groups`,
      );
    const usage = await clusters.usage(everybody ? question : { ...question, owner: user.name });
    return format === 'csv' ? csvAnswer(usage) : context.json({ usage: usage.map(usageModelOf) });
  });

  for (const [path, methods] of Object.entries(methodsOf))
    app.all(path, (context) => context.json({ error: 'Method Not Allowed' }, 405, { Allow: methods }));
  app.notFound((context) => context.json({ error: 'Not Found', code: 'ATOLL_NOT_FOUND' }, 404));
  app.onError((error, context) => {
    if (error instanceof AtollError) return answerTo(error);
    log.error({ err: error, path: context.req.path }, 'a gateway request failed');
    return answerTo(new AtollError('ATOLL_INTERNAL', 'The hub could not do this. Its log says why.'));
  });
  return app;
}

/** What each path takes, for who tries something else. */
const methodsOf = {
  '/api/health': 'GET, HEAD',
  '/api/version': 'GET, HEAD',
  '/api/v1/options': 'GET, HEAD',
  '/api/v1/clusters/': 'GET, HEAD, POST',
  '/api/v1/clusters/:name': 'GET, HEAD, DELETE',
  '/api/v1/clusters/:name/explanation': 'GET, HEAD',
  '/api/v1/clusters/:name/scale': 'POST',
  '/api/v1/clusters/:name/adapt': 'POST',
  '/api/v1/clusters/:name/heartbeat': 'POST',
  '/api/v1/clusters/:name/report': 'POST',
  '/api/v1/usage': 'GET, HEAD',
};

/** @throws AtollError `ATOLL_GATEWAY_SIGN_IN`, `ATOLL_GATEWAY_FORBIDDEN` */
async function authenticated(context: Context, { authenticate }: GatewayDependencies): Promise<GatewayPrincipal> {
  const principal = await authenticate(context.req.raw);
  if (!principal) throw new AtollError('ATOLL_GATEWAY_SIGN_IN', 'Authentication required');
  if (!mayUseGateway(principal))
    throw new AtollError('ATOLL_GATEWAY_FORBIDDEN', `User ${principal.name} may not use Dask clusters with this token`);
  return principal;
}

/**
 * Waits for a start. Atoll's own addition to the client (python/client/atoll_gateway.py) shows what a cluster waits for, and
 * says in the header {@link shownHeader} what that was last; it is answered as soon as there is something else to show.
 */
async function waited(
  context: Context,
  clusters: Clusters,
  name: string,
): Promise<{ cluster?: Cluster | undefined; waitsFor?: string | undefined }> {
  const { signal } = context.req.raw;
  const shown = context.req.header(shownHeader);
  if (shown === undefined) return { cluster: await clusters.waitForChange(name, longestWaitMs, signal) };
  return clusters.waitForNews(name, longestWaitMs, decoded(shown), signal);
}

/**
 * Where clients may connect to a scheduler without the edge: on this machine. Between pods, networks let only the edge
 * through, and drop without an answer what else comes.
 */
function directAddressOf({ address }: Cluster): string | undefined {
  return address?.host.startsWith('127.') ? hostAndPort(address.host, address.ports.scheduler) : undefined;
}

/** Percent-encoded text; whatever is none was shown to nobody. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

/** Whether the request carries the API token of that very cluster. */
async function isScheduler(context: Context, clusters: Clusters, name: string): Promise<boolean> {
  const [, token] = /^token +(\S+)$/i.exec(context.req.header('authorization') ?? '') ?? [];
  return token !== undefined && (await clusters.hasToken(name, token));
}

/** @throws AtollError `ATOLL_CLUSTER_NOT_FOUND` also when it is somebody else's. */
async function visible(clusters: Clusters, user: GatewayPrincipal, name: string): Promise<Cluster> {
  const cluster = await clusters.get(name);
  if (!cluster || !maySee(user, cluster)) throw new AtollError('ATOLL_CLUSTER_NOT_FOUND', `Cluster ${name} not found`);
  return cluster;
}

/** @throws AtollError `ATOLL_CLUSTER_NOT_FOUND`; `ATOLL_CLUSTER_NOT_YOURS` to an administrator who is not its owner. */
async function own(clusters: Clusters, user: GatewayPrincipal, name: string): Promise<Cluster> {
  const cluster = await visible(clusters, user, name);
  if (!owns(user, cluster))
    throw new AtollError('ATOLL_CLUSTER_NOT_YOURS', `User ${user.name} lacks permissions to scale cluster ${name}`);
  return cluster;
}

/** Whoever has the key of a cluster runs code in its owner's name; administrators look at it without. */
function modelFor(clusters: Clusters, user: GatewayPrincipal, cluster: Cluster): ReturnType<typeof ownModelOf> {
  return owns(user, cluster) ? ownModelOf(clusters, cluster) : Promise.resolve(clusterModelOf(cluster, undefined));
}

async function ownModelOf(clusters: Clusters, cluster: Cluster): Promise<ReturnType<typeof clusterModelOf>> {
  const credentials = cluster.phase === 'running' ? await clusters.credentials(cluster.name) : undefined;
  return clusterModelOf(cluster, credentials);
}

function failedError(cluster: Cluster): AtollError {
  const what = cluster.runningAt === undefined ? 'failed to start' : 'has failed';
  return new AtollError('ATOLL_CLUSTER_FAILED', `Cluster ${cluster.name} ${what}. ${cluster.reason ?? ''}`.trim());
}

function scalingAnswer({ warning }: ScalingResult): { ok: boolean; msg: string | null } {
  return { ok: warning === undefined, msg: warning ?? null };
}

/** What Python's `value or {}` gives. */
function orDefault(value: PythonValue | undefined): PythonValue {
  return value !== undefined && isTrue(value) ? value : {};
}

/** What Python's `bool(value)` gives. */
function isTrue(value: PythonValue): boolean {
  if (value === null || typeof value !== 'object') return Boolean(value);
  if ('value' in value && typeof value.value === 'number') return value.value !== 0;
  return Object.keys(value).length > 0;
}

function answerTo(error: AtollError): Response {
  const text = error.evidence === undefined ? error.message : `${error.message} (${error.evidence})`;
  const headers = error.status === 401 ? { 'WWW-Authenticate': 'jupyterhub' } : undefined;
  return Response.json({ error: text, code: error.code }, { status: error.status, ...(headers ? { headers } : {}) });
}
