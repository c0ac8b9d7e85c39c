import { AtollError } from '../core/errors.ts';
import type { Identity } from './identity.ts';
import type { Principal } from './principal.ts';
import { firstBeyond } from './scopes/firstBeyond.ts';
import { resolveScopes } from './scopes/resolveScopes.ts';
import { ScopeSet } from './scopes/scopeSet.ts';

/**
 * May the principal put somebody into this group? Not when the group gives a right that the principal lacks: they could
 * give it to themselves that way.
 * @throws AtollError `ATOLL_FORBIDDEN`
 */
export async function checkMayJoin(group: string, principal: Principal, identity: Identity): Promise<void> {
  const scopes = identity.roles.scopesOf(identity.roles.ofGroup(group));
  const given = ScopeSet.of(resolveScopes(scopes, { user: principal.name }, identity.catalogue));
  const excess = await firstBeyond(given, principal.scopes, identity);
  if (excess !== undefined)
    throw new AtollError('ATOLL_FORBIDDEN', `The group ${group} gives the right ${excess}, which you do not have`);
}
