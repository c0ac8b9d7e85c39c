/** The token of the service `tests`, which may do everything on a hub under test. */
export const adminToken = 'token-of-the-test-service-0123456789';

/** Settings of a hub where everybody may sign in, with the service `tests`. */
export const adminSettings = `
jupyterhub:
  hub:
    config:
      JupyterHub: { authenticator_class: dummy }
      Authenticator: { allow_all: true }
    services:
      tests: { apiToken: ${adminToken}, admin: true }
`;
