import { AtollError } from '../../core/errors.ts';
import type { UserQuery } from '../users.ts';
import type { ScopeSet } from './scopeSet.ts';

/**
 * The part of the users that `list:users` reaches.
 * @throws AtollError `ATOLL_SCOPE_MISSING` when it reaches nobody by a filter that lists know
 */
export function listableUsers(scopes: ScopeSet): Pick<UserQuery, 'within'> {
  if (scopes.hasUnfiltered('list:users')) return {};
  const named = [...scopes.filterValues('list:users', 'user')];
  const groups = [...scopes.filterValues('list:users', 'group')];
  if (named.length + groups.length === 0)
    throw new AtollError(
      'ATOLL_SCOPE_MISSING',
      'Action is not authorized with current scopes; requires any of [list:users]',
    );
  return { within: { users: named, groups } };
}
