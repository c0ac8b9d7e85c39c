import { type FilterKind, parseScope } from './parseScope.ts';
import type { ScopeCatalogue } from './scopeCatalogue.ts';
import { selfScopes } from './scopeTree.ts';

/** Whom the self-references `self`, `!user`, `!server` and `!service` in a list of scopes mean. */
export interface ScopeHolder {
  /** The user who holds them. */
  user?: string;
  /** The service that holds them, or that owns the OAuth client they were issued to. */
  service?: string;
  /** The server (`USER/SERVER`) that owns the OAuth client they were issued to. */
  server?: string;
}

/**
 * Expands scopes and resolves their self-references. Unknown scopes, and references to something that the holder is or
 * has not, are left out. `inherit` is left as it is: only a token can have it.
 */
export function resolveScopes(scopes: Iterable<string>, holder: ScopeHolder, catalogue: ScopeCatalogue): Set<string> {
  const resolved = new Set<string>();
  for (const text of scopes) {
    const parsed = parseScope(text);
    if (!parsed || !catalogue.has(parsed.name)) continue;
    const { name, filter } = parsed;
    if (name === 'self') {
      const user = filter && filter.kind !== 'user' ? undefined : (filter?.value ?? holder.user);
      if (user === undefined || user !== holder.user) continue;
      for (const scope of selfScopes) addExpanded(resolved, scope, { kind: 'user', value: user }, catalogue);
    } else if (!filter) addExpanded(resolved, name, undefined, catalogue);
    else {
      const value = filter.value ?? referenceOf(filter.kind, holder);
      if (value !== undefined) addExpanded(resolved, name, { kind: filter.kind, value }, catalogue);
    }
  }
  return resolved;
}

/** Adds a scope and all it implies under one filter. What says something about a user has no meaning per server. */
function addExpanded(
  target: Set<string>,
  scope: string,
  filter: { kind: FilterKind; value: string } | undefined,
  catalogue: ScopeCatalogue,
): void {
  for (const name of catalogue.expand(scope)) {
    if (!filter) target.add(name);
    else if (filter.kind !== 'server' || !name.startsWith('read:user'))
      target.add(`${name}!${filter.kind}=${filter.value}`);
  }
}

function referenceOf(kind: FilterKind, holder: ScopeHolder): string | undefined {
  return kind === 'group' ? undefined : holder[kind];
}
