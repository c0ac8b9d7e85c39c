import type { ScopeSet } from './scopeSet.ts';

/** The first of `scopes` that `limit` does not cover and that is not exempt. */
export async function firstBeyond(
  scopes: ScopeSet,
  limit: ScopeSet,
  identity: { intersect(a: ScopeSet, b: ScopeSet): Promise<ScopeSet> },
  isExempt: (scope: string) => boolean = () => false,
): Promise<string | undefined> {
  const covered = new Set((await identity.intersect(scopes, limit)).toList());
  return scopes.toList().find((scope) => !covered.has(scope) && !isExempt(scope));
}
