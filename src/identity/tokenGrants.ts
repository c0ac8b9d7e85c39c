import { AtollError } from '../core/errors.ts';
import { firstNotToGive } from './firstNotToGive.ts';
import type { Identity } from './identity.ts';
import type { Principal } from './principal.ts';
import { requestedScopes } from './scopes/effectiveScopes.ts';
import { firstBeyond } from './scopes/firstBeyond.ts';
import type { ScopeSet } from './scopes/scopeSet.ts';

/** What a new token shall be able to do; at most one of the two. Neither: everything its owner can. */
export interface TokenWish {
  scopes?: readonly string[] | undefined;
  roles?: readonly string[] | undefined;
}

/**
 * The scopes to keep with a new token. It gets no more than its owner holds, and nobody makes one that can do more than
 * they can themselves.
 * @throws AtollError `ATOLL_BAD_REQUEST`, or `ATOLL_FORBIDDEN` when the requester holds less than the token would
 */
export async function scopesForToken(
  wish: TokenWish,
  owner: Principal,
  requester: Principal,
  identity: Identity,
): Promise<string[]> {
  const scopes = scopesOf(wish, identity);
  const requestedBy = (list: readonly string[]): ScopeSet | undefined =>
    requestedScopes({ scopes: list, holder: { user: owner.name }, oauth: false }, identity.catalogue);
  for (const scope of scopes) {
    const wanted = requestedBy([scope]);
    if (wanted && (await firstBeyond(wanted, owner.scopes, identity)) !== undefined)
      throw new AtollError(
        'ATOLL_BAD_REQUEST',
        `Not assigning requested scopes ${scope} not held by User ${owner.name}`,
      );
  }
  const beyondRequester = await firstNotToGive(
    requestedBy(scopes) ?? owner.scopes,
    requester.scopes,
    identity,
    isIdentifyScope,
  );
  if (beyondRequester !== undefined)
    throw new AtollError(
      'ATOLL_FORBIDDEN',
      `Not assigning requested scopes ${beyondRequester} not held by ${requester.kind} ${requester.name}`,
    );
  return scopes;
}

/**
 * Seconds that a new API token lasts; undefined: for ever. Without a wish it is as long as the settings allow.
 * @throws AtollError `ATOLL_BAD_REQUEST` for longer than the settings allow
 */
export function lifetimeForToken(wished: number | undefined, { settings }: Identity): number | undefined {
  const { longestSeconds } = settings.tokens;
  if (longestSeconds === 0) return wished;
  if (wished !== undefined && wished > longestSeconds)
    throw new AtollError(
      'ATOLL_BAD_REQUEST',
      `token expires_in must be at most ${longestSeconds} seconds, not ${wished}`,
    );
  return wished ?? longestSeconds;
}

function scopesOf({ scopes, roles }: TokenWish, identity: Identity): string[] {
  if (scopes && roles) throw new AtollError('ATOLL_BAD_REQUEST', 'Specify either roles or scopes, not both');
  if (scopes) {
    const unknown = scopes.find((scope) => !identity.catalogue.knows(scope));
    if (unknown !== undefined)
      throw new AtollError('ATOLL_BAD_REQUEST', `Scope '${unknown.slice(0, 100)}' for token does not exist`);
    return [...scopes];
  }
  const names = roles ?? ['token'];
  const unknown = names.find((name) => !identity.roles.get(name));
  if (unknown !== undefined) throw new AtollError('ATOLL_BAD_REQUEST', `No such role: ${unknown.slice(0, 100)}`);
  return identity.roles.scopesOf(names);
}

/** Every token can say whose it is, so giving that away gives nothing away. */
function isIdentifyScope(scope: string): boolean {
  return scope.startsWith('read:users:name!') || scope.startsWith('read:users:groups!');
}
