/** What the name of dask-gateway's service is in scopes and URLs. */
export const gatewayServiceName = 'dask-gateway';

/**
 * Lets somebody make and use Dask clusters. Every user holds it beside the `user` role: settings that redefine the role, as
 * JupyterHub's documentation advises for sharing, shall not take Dask clusters away. Settings that say so leave it to roles
 * (`accessByRole`).
 */
export const gatewayAccessScope = `access:services!service=${gatewayServiceName}`;

/** A named set of scopes. */
export interface Role {
  name: string;
  description: string;
  scopes: readonly string[];
}

/** The roles that exist without being configured. `admin` cannot be redefined. */
export const defaultRoles: readonly Role[] = [
  { name: 'user', description: 'What every user may do.', scopes: ['self'] },
  {
    name: 'admin',
    description: 'Everything.',
    scopes: [
      'admin-ui',
      'admin:users',
      'admin:servers',
      'admin:services',
      'tokens',
      'admin:groups',
      'list:services',
      'read:services',
      'read:hub',
      'proxy',
      'shutdown',
      'access:services',
      'access:servers',
      'read:roles',
      'read:metrics',
      'read:audit',
      'shares',
    ],
  },
  {
    name: 'server',
    description: "What a server's own token may do.",
    scopes: ['users:activity!user', 'access:servers!server', gatewayAccessScope],
  },
  { name: 'token', description: 'What a token may do when no scopes were asked for.', scopes: ['inherit'] },
];
