import type { OAuthClient } from './oauth/clients.ts';
import type { Principal } from './principal.ts';
import type { RoleBook } from './roles/roleBook.ts';
import type { ScopeCatalogue } from './scopes/scopeCatalogue.ts';
import type { Resource, ScopeSet } from './scopes/scopeSet.ts';
import type { Token, Tokens } from './tokens.ts';

/** What the steps of the OAuth provider ask of identity about rights. */
export interface Rights {
  readonly roles: RoleBook;
  readonly catalogue: ScopeCatalogue;
  readonly tokens: Tokens;
  /** May the principal do this? */
  can(principal: Principal, scope: string, resource?: Resource): Promise<boolean>;
  /** What both sets hold, group filters resolved by today's memberships. */
  intersect(a: ScopeSet, b: ScopeSet): Promise<ScopeSet>;
  /** What a token permits now: what it asked for, as far as its owner holds it. */
  scopesOfToken(token: Token, owner: Principal, known?: OAuthClient): Promise<ScopeSet>;
}
