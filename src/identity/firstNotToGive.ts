import type { Identity } from './identity.ts';
import { firstBeyond } from './scopes/firstBeyond.ts';
import { resolveScopes } from './scopes/resolveScopes.ts';
import { ScopeSet } from './scopes/scopeSet.ts';

/**
 * The first of `scopes` that somebody who holds `held` may not give away: what they do not hold themselves. Custom scopes,
 * which mean something to a service alone and which the role `admin` does not hold, may be given by whoever holds all of
 * that role: they could not make a token for, or put into a group, anybody who has one.
 */
export async function firstNotToGive(
  scopes: ScopeSet,
  held: ScopeSet,
  identity: Identity,
  isExempt: (scope: string) => boolean = () => false,
): Promise<string | undefined> {
  const beyond = await firstBeyond(scopes, held, identity, isExempt);
  if (beyond === undefined || !isCustom(beyond)) return beyond;
  const ofAdmin = ScopeSet.of(resolveScopes(identity.roles.scopesOf(['admin']), {}, identity.catalogue));
  const holdsAll = (await firstBeyond(ofAdmin, held, identity)) === undefined;
  return holdsAll ? firstBeyond(scopes, held, identity, (scope) => isExempt(scope) || isCustom(scope)) : beyond;
}

function isCustom(scope: string): boolean {
  return scope.startsWith('custom:');
}
