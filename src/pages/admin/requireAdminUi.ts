import { AtollError } from '../../core/errors.ts';
import type { Identity } from '../../identity/identity.ts';
import type { Principal } from '../../identity/principal.ts';
import type { Resource } from '../../identity/scopes/scopeSet.ts';

/**
 * Lets administrators pass.
 * @throws AtollError `ATOLL_FORBIDDEN`
 */
export function requireAdminUi({ scopes }: Principal): void {
  if (!scopes.hasUnfiltered('admin-ui'))
    throw new AtollError('ATOLL_FORBIDDEN', 'Only administrators may look at this page.');
}

/**
 * Lets those pass who hold a scope.
 * @throws AtollError `ATOLL_SCOPE_MISSING`
 */
export async function requireRight(
  identity: Identity,
  principal: Principal,
  scope: string,
  resource?: Resource,
): Promise<void> {
  if (!(await identity.can(principal, scope, resource)))
    throw new AtollError('ATOLL_SCOPE_MISSING', `This takes the scope ${scope}.`);
}
