import { AtollError } from '../core/errors.ts';
import { firstNotToGive } from './firstNotToGive.ts';
import type { Identity } from './identity.ts';
import type { Principal } from './principal.ts';
import { resolveScopes } from './scopes/resolveScopes.ts';
import { ScopeSet } from './scopes/scopeSet.ts';

/**
 * May the principal give these roles away? Not when one of them holds a right that the principal lacks.
 * @param giver what the roles come with, for the message: `The group staff`
 * @throws AtollError `ATOLL_FORBIDDEN`
 */
export async function checkMayGiveRoles(
  roles: readonly string[],
  giver: string,
  principal: Principal,
  identity: Identity,
): Promise<void> {
  const scopes = identity.roles.scopesOf(roles);
  const given = ScopeSet.of(resolveScopes(scopes, { user: principal.name }, identity.catalogue));
  const excess = await firstNotToGive(given, principal.scopes, identity);
  if (excess !== undefined)
    throw new AtollError('ATOLL_FORBIDDEN', `${giver} gives the right ${excess}, which you do not have`);
}
