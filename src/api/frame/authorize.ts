import { AtollError } from '../../core/errors.ts';
import { type RequestIdentity, readAuthorization } from '../../identity/http/authenticateRequest.ts';
import { judgeXsrf } from '../../identity/http/judgeXsrf.ts';
import type { Identity } from '../../identity/identity.ts';
import type { Principal } from '../../identity/principal.ts';
import type { Resource } from '../../identity/scopes/scopeSet.ts';
import type { Access } from './route.ts';

/**
 * Who makes an API request. A cookie is believed only together with its XSRF token; with a POST, only when the body
 * cannot have come from an HTML form.
 * @throws AtollError `ATOLL_UNAUTHENTICATED`, `ATOLL_XSRF`
 */
export async function identify(
  request: Request,
  identity: Identity,
): Promise<Exclude<RequestIdentity, { via: 'none' }>> {
  const caller = await identity.fromRequest(request);
  if (caller.via === 'none' || (caller.via === 'cookie' && couldBeForm(request)))
    throw new AtollError('ATOLL_UNAUTHENTICATED', 'Missing or invalid credentials.');
  if (caller.via === 'cookie') {
    const verdict = judgeXsrf(request, caller.session, identity.xsrf);
    if (!verdict.ok) throw new AtollError('ATOLL_XSRF', verdict.message);
  }
  return caller;
}

/** Whether a request carries no credential of any kind, good or bad. */
export function isAnonymous(request: Request): boolean {
  return readAuthorization(request.headers.get('authorization')) === undefined && !request.headers.has('cookie');
}

function couldBeForm(request: Request): boolean {
  const type = request.headers.get('content-type');
  return request.method === 'POST' && type !== null && !/^application\/json\b/i.test(type.trim());
}

/**
 * Lets a request pass, or not.
 * @throws AtollError `ATOLL_SCOPE_MISSING` (403) when none of the scopes is held, `ATOLL_NOT_FOUND` (or `ATOLL_FORBIDDEN`, as
 * the route says) when they are held, but for other resources: whether this one exists is then nobody's business.
 */
export async function checkScopes(
  access: Access,
  principal: Principal,
  params: Readonly<Record<string, string>>,
  identity: Identity,
): Promise<void> {
  if (access === 'open' || access === 'identified') return;
  const resource = access.unfiltered ? undefined : resourceOf(params);
  const held = access.anyOf.filter((scope) => principal.scopes.has(scope));
  for (const scope of held) if (await identity.can(principal, scope, resource)) return;
  if (held.length > 0 && access.filtered) return;
  if (held.length > 0 && resource)
    throw new AtollError(
      access.outOfReach === 403 ? 'ATOLL_FORBIDDEN' : 'ATOLL_NOT_FOUND',
      'No access to resources or resources not found',
    );
  throw new AtollError(
    'ATOLL_SCOPE_MISSING',
    `Action is not authorized with current scopes; requires any of [${access.anyOf.join(', ')}]`,
  );
}

function resourceOf({ user, server, group, service }: Readonly<Record<string, string>>): Resource | undefined {
  if (user !== undefined) return { user, ...(server !== undefined && { server }) };
  if (group !== undefined) return { group };
  return service === undefined ? undefined : { service };
}
