import type { RoleBook } from '../roles/roleBook.ts';
import { resolveScopes, type ScopeHolder } from './resolveScopes.ts';
import type { ScopeCatalogue } from './scopeCatalogue.ts';
import { ScopeSet } from './scopeSet.ts';

/** The roles and scopes that exist: what the functions below look things up in. */
export interface ScopeRules {
  catalogue: ScopeCatalogue;
  roles: RoleBook;
  /** What every user holds beside their roles, by the settings. Undefined: nothing. */
  extraUserScopes?: readonly string[];
}

/**
 * What a user holds: the scopes of their roles, of their groups' roles, and of what others share with them or their groups.
 */
export function scopesOfUser(
  user: { name: string; admin: boolean; groups: readonly string[]; shared?: readonly string[] },
  { catalogue, roles, extraUserScopes = [] }: ScopeRules,
): ScopeSet {
  const names = new Set([...roles.ofUser(user), ...user.groups.flatMap((group) => roles.ofGroup(group))]);
  const scopes = [...roles.scopesOf(names), ...extraUserScopes, ...(user.shared ?? [])];
  return ScopeSet.of(resolveScopes(scopes, { user: user.name }, catalogue));
}

/** What a service holds: the scopes of its roles. */
export function scopesOfService(service: { name: string; admin: boolean }, { catalogue, roles }: ScopeRules): ScopeSet {
  const scopes = roles.scopesOf(roles.ofService(service));
  return ScopeSet.of(resolveScopes(scopes, { service: service.name }, catalogue));
}

/** What was asked for when a token was made. */
export interface TokenGrant {
  scopes: readonly string[];
  /** Whom self-references mean: the owner, and the server or service that owns the OAuth client it was issued to. */
  holder: ScopeHolder;
  /** Whether it was issued to an OAuth client: it may then open that client's server or service. */
  oauth: boolean;
}

/**
 * What a token asks for, before the owner's scopes limit it; undefined for a token that inherits whatever its owner holds.
 * The token may always identify its owner.
 */
export function requestedScopes(
  { scopes, holder, oauth }: TokenGrant,
  catalogue: ScopeCatalogue,
): ScopeSet | undefined {
  if (scopes.includes('inherit')) return undefined;
  return ScopeSet.of([
    ...resolveScopes(scopes, holder, catalogue),
    ...(oauth ? accessScopesOf(holder) : []),
    ...identifyScopesOf(holder.user ?? ''),
  ]);
}

/** The scope that opens the server or service which owns an OAuth client. */
export function accessScopesOf({ server, service }: ScopeHolder): string[] {
  return [
    ...(server === undefined ? [] : [`access:servers!server=${server}`]),
    ...(service === undefined ? [] : [`access:services!service=${service}`]),
  ];
}

/** What lets any credential of a user say whose it is. */
export function identifyScopesOf(user: string): string[] {
  return [`read:users:name!user=${user}`, `read:users:groups!user=${user}`];
}
