import { stringify } from 'yaml';
import type { HubRole } from './readJupyterHub.ts';

/** Roles that every hub has with the same scopes. */
const builtIn = new Set(['admin', 'server', 'token']);

/**
 * A settings file with the roles of a JupyterHub; undefined when it has none of its own. Roles are settings here as they are
 * there: a role that the settings do not name is none.
 */
export function rolesSettings(roles: readonly HubRole[]): string | undefined {
  const own = roles.filter(({ name, scopes }) => !builtIn.has(name) && !(name === 'user' && isSelf(scopes)));
  if (own.length === 0) return undefined;
  const loadRoles = Object.fromEntries(
    own.map(({ name, description, scopes, users, groups, services }) => [
      name,
      {
        ...(description !== '' && { description }),
        scopes,
        // Everybody has this one anyway.
        ...(name !== 'user' && users.length > 0 && { users }),
        ...(groups.length > 0 && { groups }),
        ...(services.length > 0 && { services }),
      },
    ]),
  );
  const text = stringify({ jupyterhub: { hub: { loadRoles } } });
  return `# Roles of the JupyterHub that was imported. Give this file to atoll with -f, beside your other settings.\n${text}`;
}

function isSelf(scopes: readonly string[]): boolean {
  return scopes.length === 1 && scopes[0] === 'self';
}
