import { AtollError } from '../core/errors.ts';
import type { Principal } from './principal.ts';
import type { User } from './users.ts';

/**
 * May the principal make somebody an administrator? The admin flag counts here, not a scope alone: otherwise whoever may
 * change users could make themselves administrator. And a token counts for no more than its scopes: one for some users
 * only is not enough.
 * @throws AtollError `ATOLL_FORBIDDEN`
 */
export function checkMayGrantAdmin({ admin, scopes }: Principal): void {
  if (!admin || !scopes.hasUnfiltered('admin:users'))
    throw new AtollError('ATOLL_FORBIDDEN', 'Only admins can grant admin permissions');
}

/**
 * May the principal change this user, or how they sign in? Administrators only by administrators.
 * @throws AtollError `ATOLL_FORBIDDEN`
 */
export function checkMayTouchAdmin(principal: Principal, user: Pick<User, 'admin'>): void {
  if (user.admin && !principal.admin) throw new AtollError('ATOLL_FORBIDDEN', 'Only admins can modify other admins');
}
