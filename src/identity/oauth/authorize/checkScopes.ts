import type { Principal } from '../../principal.ts';
import type { Rights } from '../../rights.ts';
import { accessScopesOf, identifyScopesOf } from '../../scopes/effectiveScopes.ts';
import { firstBeyond } from '../../scopes/firstBeyond.ts';
import { resolveScopes } from '../../scopes/resolveScopes.ts';
import { ScopeSet } from '../../scopes/scopeSet.ts';
import type { OAuthClient } from '../clients.ts';
import { OAuthError } from '../oauthError.ts';

/** What a client will be granted. */
export interface GrantedScopes {
  /** As they are kept with the code and the token: expanded, or `inherit`. Without what every client gets. */
  scopes: readonly string[];
  /** The same and what every client gets: to open the client's own server or service, and to say who the person is. */
  effective: ScopeSet;
}

/**
 * What is granted: the scopes (or roles) that the request names, or all that the client may have, as far as the person
 * holds them.
 * @throws OAuthError `invalid_scope` for an unknown scope, or one that the client may not have.
 */
export async function checkScopes(
  scopeParameter: string | undefined,
  client: OAuthClient,
  principal: Principal,
  identity: Rights,
): Promise<GrantedScopes> {
  const { catalogue, roles } = identity;
  const holder = { user: principal.name, ...client.holder };
  const always = [...accessScopesOf(client.holder), ...identifyScopesOf(principal.name)];
  const named = (scopeParameter ?? '').split(' ').filter((scope) => scope !== '' && scope !== 'identify');
  const allowed = roles.scopesIn(client.allowedScopes);
  const asked = roles.scopesIn(named);
  const wanted = named.length > 0 ? asked : allowed;
  const allowsAll = allowed.includes('inherit');

  // The client may have one that the settings do not have any more: that is left out.
  const unknown = asked.find((scope) => !catalogue.knows(scope));
  if (unknown !== undefined) throw new OAuthError('invalid_scope', `Unknown scope: ${unknown}`);
  if (wanted.includes('inherit')) {
    if (!allowsAll) throw new OAuthError('invalid_scope', 'The client may not have the scope inherit');
    return { scopes: ['inherit'], effective: principal.scopes };
  }
  const requested = ScopeSet.of(resolveScopes(wanted, holder, catalogue));
  const limit = ScopeSet.of([...resolveScopes(allowed, holder, catalogue), ...always]);
  const excess = allowsAll ? undefined : await firstBeyond(requested, limit, identity);
  if (excess !== undefined) throw new OAuthError('invalid_scope', `The client may not have the scope ${excess}`);

  const granted = await identity.intersect(requested, principal.scopes);
  const effective = await identity.intersect(granted.union(ScopeSet.of(always)), principal.scopes);
  return { scopes: granted.toList(), effective };
}
