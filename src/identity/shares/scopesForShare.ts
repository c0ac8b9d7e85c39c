import { AtollError } from '../../core/errors.ts';
import type { Identity } from '../identity.ts';
import type { Principal } from '../principal.ts';
import { firstBeyond } from '../scopes/firstBeyond.ts';
import { parseScope } from '../scopes/parseScope.ts';
import { resolveScopes } from '../scopes/resolveScopes.ts';
import { ScopeSet } from '../scopes/scopeSet.ts';

/** What a share gives when nobody says what: to open the server. */
const defaultScopes = ['access:servers'];

/** These stand for other scopes, and mean nothing on a server. */
const metascopes = new Set(['self', 'inherit']);

/**
 * The names of the scopes that a share of a server gives; all count for that server only. Nobody shares what they do not
 * hold themselves.
 * @param requested undefined or none: access only
 * @throws AtollError `ATOLL_BAD_REQUEST` for an unknown scope or one with another filter, `ATOLL_FORBIDDEN` for one that the
 * requester does not hold.
 */
export async function scopesForShare(
  requested: readonly string[] | undefined,
  server: { user: string; name: string },
  requester: Principal,
  identity: Identity,
): Promise<string[]> {
  const names = shareScopeNames(requested, server, identity) ?? defaultScopes;
  const filtered = names.map((name) => `${name}!server=${server.user}/${server.name}`);
  const given = ScopeSet.of(resolveScopes(filtered, {}, identity.catalogue));
  const excess = await firstBeyond(given, requester.scopes, identity);
  if (excess !== undefined)
    throw new AtollError('ATOLL_FORBIDDEN', `Do not have permission to grant share with scope ${excess}`);
  return names;
}

/**
 * The names of scopes in a request that is about a share of this server; undefined when it names none.
 * @throws AtollError `ATOLL_BAD_REQUEST` for an unknown scope or one with another filter.
 */
export function shareScopeNames(
  requested: readonly string[] | undefined,
  server: { user: string; name: string },
  { catalogue }: Identity,
): string[] | undefined {
  if (!requested || requested.length === 0) return undefined;
  const own = `server=${server.user}/${server.name}`;
  return requested.map((scope) => {
    const parsed = parseScope(scope);
    if (!parsed || !catalogue.has(parsed.name) || metascopes.has(parsed.name))
      throw new AtollError('ATOLL_BAD_REQUEST', `Scope '${scope.slice(0, 100)}' for share does not exist`);
    const { name, filter } = parsed;
    if (!filter || `${filter.kind}=${filter.value ?? ''}` === own) return name;
    const shown = `!${filter.kind}=${filter.value ?? ''}`.slice(0, 100);
    throw new AtollError(
      'ATOLL_BAD_REQUEST',
      `${shown} not allowed on sharing ${scope.slice(0, 100)}, only !${own.slice(0, 300)}`,
    );
  });
}
