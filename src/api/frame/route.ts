import type { z } from '@hono/zod-openapi';
import type { Principal } from '../../identity/principal.ts';
import type { ApiClient } from './apiClient.ts';

/**
 * Who may call a route.
 * * `open`: everybody; credentials are not even looked at.
 * * `identified`: whoever presents a valid credential, whatever its scopes.
 * * `anyOf`: whoever holds one of these scopes. The path parameters `user`, `server`, `group` and `service` are the resource
 *   that a filtered scope must reach; on a route without them a filtered scope is not enough, unless `filtered` is true:
 *   then the handler answers for the part that the scopes reach. With `unfiltered` (creating something) no filtered scope is
 *   enough, whatever the path. With `orAnonymous` a request without any credential reaches the handler too. What is out of
 *   reach is not found (404), or forbidden with `outOfReach: 403`, as JupyterHub has it for a few routes.
 */
export type Access = 'open' | 'identified' | ScopedAccess;

/** See {@link Access}. */
export interface ScopedAccess {
  anyOf: readonly string[];
  filtered?: true;
  unfiltered?: true;
  orAnonymous?: true;
  outOfReach?: 403;
}

/** The names in braces of a path. */
export type ParameterNames<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParameterNames<Rest>
  : never;

/** One response in the OpenAPI document. */
export interface ResponseSpec {
  description: string;
  /** JSON, unless `contentType` says otherwise. Undefined: no body. */
  schema?: z.ZodType;
  contentType?: string;
}

/** Everything that a route declares. The frame enforces it, and the OpenAPI document is made from it. */
export interface RouteSpec<
  Path extends string,
  A extends Access,
  Query extends z.ZodObject | undefined,
  Body extends z.ZodType | undefined,
> {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** Below `/hub/api`, with parameters in braces: `/users/{user}/tokens/{token}`. */
  path: Path;
  /**
   * Parameters that every request to this path has without naming them, for the scopes: `{ server: '' }` where the path
   * means the default server.
   */
  implied?: Readonly<Record<string, string>>;
  summary: string;
  access: A;
  query?: Query;
  /** The body. An empty one is `undefined` to the schema. */
  body?: Body;
  /** Default `json`. A `form` is the urlencoded one of OAuth; of a field that is repeated, the last one counts. */
  bodyType?: 'json' | 'form';
  responses: Readonly<Record<number, ResponseSpec>>;
  deprecated?: true;
}

/** What a handler gets. Everything in it has been checked. */
export interface RouteContext<
  Path extends string = string,
  A extends Access = Access,
  Query extends z.ZodObject | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
> {
  request: Request;
  client: ApiClient;
  /** Who calls. */
  principal: A extends 'open' ? undefined : A extends { orAnonymous: true } ? Principal | undefined : Principal;
  /** By which kind of credential. */
  via: 'token' | 'cookie' | 'none';
  /** Path parameters, percent-decoded. */
  params: Record<ParameterNames<Path>, string>;
  query: Query extends z.ZodObject ? z.output<Query> : undefined;
  body: Body extends z.ZodType ? z.output<Body> : undefined;
}
