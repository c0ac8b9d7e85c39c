/** What a scope permits, in words for the consent page, and the scopes that it brings along. */
export interface ScopeEntry {
  description: string;
  includes: readonly string[];
}

function entry(description: string, ...includes: string[]): ScopeEntry {
  return { description, includes };
}

/**
 * Every scope of JupyterHub's RBAC, with the scopes each one implies directly. `self` and `inherit` are metascopes: they
 * stand for others, and are resolved by `resolveScopes` and `requestedScopes`.
 */
export const scopeTree: Readonly<Record<string, ScopeEntry>> = {
  self: entry('Everything that a person may do with their own account and servers.'),
  inherit: entry('Everything that the owner of the token may do.'),

  'admin-ui': entry('Open the administration page.'),
  'admin:users': entry(
    'Create, change and delete users; the same as full control of the hub.',
    'admin:auth_state',
    'users',
    'read:roles:users',
    'delete:users',
  ),
  'admin:auth_state': entry("Read what the sign-in service keeps about a user, including the user's tokens there."),
  users: entry('Read and change users.', 'read:users', 'list:users', 'users:activity'),
  'delete:users': entry('Delete users.'),
  'read:users': entry('Read user models.', 'read:users:name', 'read:users:groups', 'read:users:activity'),
  'list:users': entry('List users.', 'read:users:name'),
  'read:users:name': entry('Read the names of users.'),
  'read:users:groups': entry('Read the groups of users.'),
  'read:users:activity': entry('Read when users were last active.'),
  'users:activity': entry('Report when users were last active.', 'read:users:activity'),

  'read:roles': entry('Read role assignments.', 'read:roles:users', 'read:roles:services', 'read:roles:groups'),
  'read:roles:users': entry('Read the roles of users.'),
  'read:roles:services': entry('Read the roles of services.'),
  'read:roles:groups': entry('Read the roles of groups.'),

  'admin:servers': entry('Start, stop and read servers, with their internal state.', 'admin:server_state', 'servers'),
  'admin:server_state': entry('Read and change the internal state of servers.'),
  servers: entry('Start and stop servers.', 'read:servers', 'start:servers', 'delete:servers'),
  'read:servers': entry('Read server models.', 'read:users:name'),
  'start:servers': entry('Start servers.'),
  'delete:servers': entry('Stop and delete servers.'),

  tokens: entry('Create, read and revoke API tokens.', 'read:tokens'),
  'read:tokens': entry('Read what API tokens exist.'),

  'admin:groups': entry('Create, change and delete groups.', 'groups', 'read:roles:groups', 'delete:groups'),
  groups: entry('Read and change groups, including their members.', 'read:groups', 'list:groups'),
  'read:groups': entry('Read group models.', 'read:groups:name'),
  'list:groups': entry('List groups.', 'read:groups:name'),
  'read:groups:name': entry('Read the names of groups.'),
  'delete:groups': entry('Delete groups.'),

  'admin:services': entry(
    'Create, change and delete services.',
    'list:services',
    'read:services',
    'read:roles:services',
  ),
  'list:services': entry('List services.', 'read:services:name'),
  'read:services': entry('Read service models.', 'read:services:name'),
  'read:services:name': entry('Read the names of services.'),

  shares: entry('Share servers.', 'access:servers', 'read:shares', 'users:shares', 'groups:shares'),
  'read:shares': entry('Read what servers are shared.'),
  'users:shares': entry('Read and leave shares with a user.', 'read:users:shares'),
  'read:users:shares': entry('Read what is shared with a user.'),
  'groups:shares': entry('Read and leave shares with a group.', 'read:groups:shares'),
  'read:groups:shares': entry('Read what is shared with a group.'),

  'access:servers': entry('Open servers.'),
  'access:services': entry('Open services.'),
  'read:hub': entry('Read detailed information about the hub.'),
  proxy: entry('Read and change the routing table.'),
  shutdown: entry('Shut down the hub.'),
  'read:metrics': entry('Read metrics.'),
  // Not one of JupyterHub's.
  'read:audit': entry('Read who did what to whom.'),
};

/** What `self` stands for; each is filtered to its user. */
export const selfScopes: readonly string[] = [
  'read:users',
  'users:shares',
  'read:shares',
  'users:activity',
  'servers',
  'tokens',
  'access:servers',
];
