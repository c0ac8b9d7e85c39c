import type { RoleSettings } from '../../config/settings.ts';
import { AtollError } from '../../core/errors.ts';
import { normalizeName } from '../names.ts';
import type { ScopeCatalogue } from '../scopes/scopeCatalogue.ts';
import { defaultRoles, type Role } from './defaultRoles.ts';

const roleName = /^[a-z][a-z0-9\-_~.]{1,253}[a-z0-9]$/;

/** All roles, and who has which by configuration. Users have `user`; administrators `admin` too. */
export class RoleBook {
  readonly #roles = new Map<string, Role>(defaultRoles.map((role) => [role.name, role]));
  readonly #ofUser = new Map<string, Set<string>>();
  readonly #ofGroup = new Map<string, Set<string>>();
  readonly #ofService = new Map<string, Set<string>>();

  /** @throws AtollError `ATOLL_ROLE_INVALID` for a malformed name, an unknown scope, or other scopes for `admin`. */
  constructor(settings: readonly RoleSettings[], catalogue: ScopeCatalogue) {
    for (const { name, description, scopes, users, groups, services } of settings) {
      const builtIn = this.#roles.get(name);
      if (!roleName.test(name)) throw new AtollError('ATOLL_ROLE_INVALID', `"${name}" is not a valid role name.`);
      if (name === 'admin' && scopes.length > 0 && !sameMembers(scopes, builtIn?.scopes ?? []))
        throw new AtollError('ATOLL_ROLE_INVALID', 'The scopes of the role "admin" cannot be changed.');
      for (const scope of scopes)
        if (!catalogue.knows(scope))
          throw new AtollError('ATOLL_ROLE_INVALID', `The role "${name}" has the unknown scope "${scope}".`);
      const keepsScopes = name === 'admin' || (builtIn !== undefined && scopes.length === 0);
      this.#roles.set(name, {
        name,
        description: description || (builtIn?.description ?? ''),
        scopes: keepsScopes ? (builtIn?.scopes ?? []) : scopes,
      });
      for (const user of users) assign(this.#ofUser, normalizeName(user), name);
      for (const group of groups) assign(this.#ofGroup, group, name);
      for (const service of services) assign(this.#ofService, service, name);
    }
  }

  /** The role of that name. */
  get(name: string): Role | undefined {
    return this.#roles.get(name);
  }

  /** Names of the roles a user has directly, sorted. */
  ofUser(user: { name: string; admin: boolean }): string[] {
    const given = this.#ofUser.get(user.name);
    if (!given) return user.admin ? ['admin', 'user'] : ['user'];
    const names = new Set(given).add('user');
    // The admin flag is what counts: it may have been taken away from a user whom the settings once named.
    if (user.admin) names.add('admin');
    else names.delete('admin');
    return [...names].sort();
  }

  /** Names of the roles a group gives to its members, sorted. */
  ofGroup(group: string): string[] {
    return [...(this.#ofGroup.get(group) ?? [])].sort();
  }

  /** Names of the roles a service has, sorted. */
  ofService(service: { name: string; admin: boolean }): string[] {
    const names = new Set(this.#ofService.get(service.name));
    if (service.admin) names.add('admin');
    return [...names].sort();
  }

  /** The users whom the settings give a role by name. */
  usersIn(role: string): string[] {
    return [...this.#ofUser].filter(([, roles]) => roles.has(role)).map(([user]) => user);
  }

  /** The scopes (unexpanded) of several roles. */
  scopesOf(roles: Iterable<string>): string[] {
    return [...roles].flatMap((role) => this.#roles.get(role)?.scopes ?? []);
  }

  /** The scopes (unexpanded) of a list in which the name of a role stands for its scopes. */
  scopesIn(list: readonly string[]): string[] {
    return list.flatMap((name) => this.#roles.get(name)?.scopes ?? [name]);
  }
}

function assign(roles: Map<string, Set<string>>, holder: string, role: string): void {
  roles.set(holder, (roles.get(holder) ?? new Set()).add(role));
}

function sameMembers(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((member) => b.includes(member));
}
