import type { Settings } from '../config/settings.ts';
import { compileUsernamePattern, mapName, type NameRules, normalizeName } from './names.ts';
import { gatewayAccessScope } from './roles/defaultRoles.ts';
import { RoleBook } from './roles/roleBook.ts';
import { checkScopesExist } from './scopes/checkScopesExist.ts';
import type { ScopeRules } from './scopes/effectiveScopes.ts';
import { ScopeCatalogue } from './scopes/scopeCatalogue.ts';

/** What one snapshot of the settings says about people and their rights, worked out once. Never changes. */
export class IdentityPolicy {
  readonly settings: Settings;
  readonly catalogue: ScopeCatalogue;
  readonly roles: RoleBook;
  readonly scopeRules: ScopeRules;
  readonly nameRules: NameRules;
  /** Who may not sign in, whatever else is said. All these sets hold names as users have them. */
  readonly blocked: ReadonlySet<string>;
  readonly allowed: ReadonlySet<string>;
  readonly admins: ReadonlySet<string>;

  /** @throws AtollError `ATOLL_ROLE_INVALID` and others when roles or scopes are configured wrongly */
  constructor(settings: Settings) {
    const { usernameMap, usernamePattern, blockedUsers, allowedUsers, adminUsers } = settings.authentication;
    const { extraUserScopes = [], servers } = settings;
    this.settings = settings;
    this.catalogue = new ScopeCatalogue(settings.customScopes);
    this.roles = new RoleBook(settings.roles, this.catalogue);
    checkScopesExist('extra_user_scopes', extraUserScopes, this.catalogue);
    checkScopesExist('server_token_scopes', servers.tokenScopes ?? [], this.catalogue);
    checkScopesExist('oauth_client_allowed_scopes', servers.oauthClientAllowedScopes ?? [], this.catalogue);
    this.scopeRules = {
      catalogue: this.catalogue,
      roles: this.roles,
      extraUserScopes: [...(settings.clusters.accessByRole ? [] : [gatewayAccessScope]), ...extraUserScopes],
    };
    this.nameRules = {
      map: usernameMap,
      ...(usernamePattern !== undefined && { pattern: compileUsernamePattern(usernamePattern) }),
    };
    // Lists name people as their authenticator does, as in JupyterHub. Who is blocked is so by either name.
    const mapped = (names: readonly string[]): string[] => names.map((name) => mapName(name, usernameMap));
    this.blocked = new Set([...blockedUsers.map(normalizeName), ...mapped(blockedUsers)]);
    this.allowed = new Set(mapped(allowedUsers));
    this.admins = new Set(mapped(adminUsers));
  }
}
