import type { Settings } from '../config/settings.ts';
import { AtollError } from '../core/errors.ts';
import { compileUsernamePattern, mapName, type NameRules, normalizeName } from './names.ts';
import { gatewayAccessScope } from './roles/defaultRoles.ts';
import { RoleBook } from './roles/roleBook.ts';
import type { ScopeRules } from './scopes/effectiveScopes.ts';
import { parseScope } from './scopes/parseScope.ts';
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
    this.settings = settings;
    this.catalogue = new ScopeCatalogue(settings.customScopes);
    this.roles = new RoleBook(settings.roles, this.catalogue);
    this.scopeRules = {
      catalogue: this.catalogue,
      roles: this.roles,
      extraUserScopes: [
        ...(settings.clusters.accessByRole ? [] : [gatewayAccessScope]),
        ...knownScopes(settings.extraUserScopes ?? [], this.catalogue),
      ],
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

/** @throws AtollError `ATOLL_SCOPE_INVALID` */
function knownScopes(scopes: readonly string[], catalogue: ScopeCatalogue): readonly string[] {
  const unknown = scopes.find((scope) => !catalogue.has(parseScope(scope)?.name ?? ''));
  if (unknown !== undefined)
    throw new AtollError('ATOLL_SCOPE_INVALID', `extra_user_scopes has the unknown scope "${unknown}".`, {
      nextStep: 'Correct extra_user_scopes.',
    });
  return scopes;
}
