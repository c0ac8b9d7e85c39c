import { OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { AtollError } from '../../core/errors.ts';
import { commonContentSecurityPolicy, hubHeaders, jupyterHubVersion } from '../../identity/http/hubHeaders.ts';
import type { Identity } from '../../identity/identity.ts';
import { apiPrefix } from '../../identity/urls.ts';
import type { Logger } from '../../observability/logger.ts';
import { noteRoute } from '../../observability/requestRoutes.ts';
import { apiClientOf } from './apiClient.ts';
import { checkScopes, identify, isAnonymous } from './authorize.ts';
import { readJson, readUrlencoded } from './readBody.ts';
import { renderError } from './renderError.ts';
import { empty, json } from './replies.ts';
import type { Access, RouteContext, RouteSpec } from './route.ts';
import { validate } from './validate.ts';

/** What the frame needs to know who calls. */
export interface ApiFrameOptions {
  identity: Identity;
  log: Logger;
}

/** The body of every error. */
const errorSchema = z
  .object({
    status: z.int(),
    message: z.string(),
    code: z.string(),
    evidence: z.string().optional(),
    next_step: z.string(),
  })
  .openapi('Error');

const contentSecurityPolicy = `${commonContentSecurityPolicy}; default-src 'none'`;

/**
 * The one way by which routes come into the hub's REST API. A route declares everything about itself ({@link RouteSpec});
 * for each request the frame then, in this order: finds out who calls, checks XSRF, decides the scopes, reads and checks
 * query and body, calls the handler, and renders what it returns or throws.
 */
export class ApiFrame {
  readonly #app = new OpenAPIHono();
  readonly #identity: Identity;
  readonly #log: Logger;
  readonly #methods = new Map<string, Set<string>>();
  readonly #routes: { method: string; path: string; access: Access }[] = [];

  constructor({ identity, log }: ApiFrameOptions) {
    this.#identity = identity;
    this.#log = log;
    this.#app.openAPIRegistry.registerComponent('securitySchemes', 'token', {
      type: 'apiKey',
      in: 'header',
      name: 'Authorization',
      description: '`token` (or `bearer`), a space, and an API token.',
    });
    this.#app.onError((error) => finish(renderError(error, log)));
  }

  /** Every route: for tests that walk over all of them. */
  get routes(): readonly { method: string; path: string; access: Access }[] {
    return this.#routes;
  }

  /** Adds a route. */
  route<
    const Path extends string,
    const A extends Access,
    Query extends z.ZodObject | undefined = undefined,
    Body extends z.ZodType | undefined = undefined,
  >(
    spec: RouteSpec<Path, A, Query, Body>,
    handler: (context: RouteContext<Path, A, Query, Body>) => Promise<Response> | Response,
  ): void {
    const path = `${apiPrefix}${spec.path.replace(/\{(\w+)\}/g, ':$1')}`;
    const method = spec.method.toUpperCase();
    this.#routes.push({ method, path: spec.path, access: spec.access });
    this.#describe(spec);
    // The root is the only path that may be written with and without its final slash.
    for (const spelling of spec.path === '/' ? [apiPrefix, path] : [path]) {
      this.#methods.set(spelling, (this.#methods.get(spelling) ?? new Set()).add(method));
      this.#app.on(method, spelling, async (c) => finish(ifChanged(c.req.raw, await this.#handle(c, spec, handler))));
    }
  }

  /** The finished application: with the OpenAPI document, OPTIONS, and 404 and 405 in JSON. No routes can be added then. */
  finish(): OpenAPIHono {
    const app = this.#app;
    app.get(`${apiPrefix}/openapi.json`, (c) => finish(ifChanged(c.req.raw, json(this.document()))));
    for (const [path, methods] of this.#methods) {
      const allow = [...methods, ...(methods.has('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
      app.options(path, () => finish(empty(200), { Allow: allow }));
      app.all(path, (c) => {
        const error = new AtollError('ATOLL_METHOD_NOT_ALLOWED', `${c.req.method} is not possible here.`);
        return finish(renderError(error, this.#log), { Allow: allow });
      });
    }
    const notFound = (c: Context): Response =>
      finish(renderError(new AtollError('ATOLL_NOT_FOUND', `There is no ${c.req.path} in this API.`), this.#log));
    app.all(`${apiPrefix}/*`, notFound);
    return app;
  }

  /** The OpenAPI 3.1 document of all routes. */
  document(): object {
    return this.#app.getOpenAPI31Document({
      openapi: '3.1.0',
      info: {
        title: 'Atoll hub',
        version: jupyterHubVersion,
        description: "JupyterHub's REST API, as Atoll speaks it.",
      },
      servers: [{ url: this.#identity.urls.path(apiPrefix) }],
    });
  }

  async #handle<
    Path extends string,
    A extends Access,
    Query extends z.ZodObject | undefined,
    Body extends z.ZodType | undefined,
  >(
    c: Context,
    spec: RouteSpec<Path, A, Query, Body>,
    handler: (context: RouteContext<Path, A, Query, Body>) => Promise<Response> | Response,
  ): Promise<Response> {
    const request = c.req.raw;
    const identity = this.#identity;
    checkPath(request);
    noteRoute(request, `${apiPrefix}${spec.path}`);
    const params: Record<string, string> = { ...spec.implied, ...(c.req.param() as Record<string, string>) };
    const { access } = spec;
    const anonymous = access === 'open' || (typeof access === 'object' && access.orAnonymous && isAnonymous(request));
    const caller = anonymous ? undefined : await identify(request, this.#identity);
    if (caller) await checkScopes(spec.access, caller.principal, params, this.#identity);
    const query = spec.query && validate(spec.query, Object.fromEntries(searchParametersOf(request)), 'query');
    const read = spec.bodyType === 'form' ? readUrlencoded : readJson;
    const body = spec.body && validate(spec.body, await read(request), 'body');
    const context = {
      request,
      // Most handlers do not ask.
      get client() {
        return apiClientOf(request, identity);
      },
      principal: caller?.principal,
      via: caller?.via ?? 'none',
      params,
      query,
      body,
    };
    return handler(context as unknown as RouteContext<Path, A, Query, Body>);
  }

  #describe(spec: RouteSpec<string, Access, z.ZodObject | undefined, z.ZodType | undefined>): void {
    const parameters = [...spec.path.matchAll(/\{(\w+)\}/g)].map((match) => [match[1] ?? '', z.string()] as const);
    const responses = Object.entries(spec.responses).map(([status, { description, schema, contentType }]) => [
      status,
      { description, ...(schema && { content: { [contentType ?? 'application/json']: { schema } } }) },
    ]);
    const bodyType = spec.bodyType === 'form' ? 'application/x-www-form-urlencoded' : 'application/json';
    this.#app.openAPIRegistry.registerPath({
      method: spec.method,
      path: spec.path,
      summary: spec.summary,
      ...(spec.deprecated && { deprecated: true }),
      ...(typeof spec.access === 'object' && { description: `Needs any of: ${spec.access.anyOf.join(', ')}.` }),
      ...(spec.access !== 'open' && { security: [{ token: [] }] }),
      request: {
        ...(parameters.length > 0 && { params: z.object(Object.fromEntries(parameters)) }),
        ...(spec.query && { query: spec.query }),
        ...(spec.body && { body: { content: { [bodyType]: { schema: spec.body } } } }),
      },
      responses: {
        ...Object.fromEntries(responses),
        default: { description: 'An error.', content: { 'application/json': { schema: errorSchema } } },
      },
    });
  }
}

/** @throws AtollError `ATOLL_BAD_REQUEST` for a path that says nothing when it is percent-decoded. */
function checkPath({ url }: Request): void {
  if (!url.includes('%')) return;
  try {
    decodeURIComponent(url.split('?', 1)[0] ?? '');
  } catch {
    throw new AtollError('ATOLL_BAD_REQUEST', 'The address is not percent-encoded UTF-8.');
  }
}

function searchParametersOf({ url }: Request): URLSearchParams {
  const question = url.indexOf('?');
  return new URLSearchParams(question === -1 ? '' : url.slice(question));
}

/** Adds what every answer carries. */
function finish(response: Response, more: Record<string, string> = {}): Response {
  const headers = {
    ...hubHeaders,
    'Content-Security-Policy': contentSecurityPolicy,
    'Cache-Control': 'private, no-cache',
  };
  for (const [name, value] of Object.entries(headers))
    if (!response.headers.has(name)) response.headers.set(name, value);
  for (const [name, value] of Object.entries(more)) response.headers.set(name, value);
  return response;
}

/** Answers 304 to a client that has this very answer already. */
function ifChanged(request: Request, response: Response): Response {
  const etag = response.headers.get('etag');
  if (etag === null) return response;
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.headers.delete('etag');
    return response;
  }
  const known = request.headers.get('if-none-match');
  if (known === null || !tagsIn(known).includes(etag)) return response;
  const headers = new Headers(response.headers);
  headers.delete('Content-Type');
  return new Response(null, { status: 304, headers });
}

function tagsIn(header: string): string[] {
  return header.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
}
