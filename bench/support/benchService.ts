/** The token of the service `bench`, which may do everything on a hub under test. */
export const benchToken = 'bench-token-of-atoll-0123456789';

/** Settings of a hub where everybody may sign in, with the service `bench`. */
export const benchSettings = `
jupyterhub:
  hub:
    config:
      JupyterHub: { authenticator_class: dummy }
      Authenticator: { allow_all: true }
    services:
      bench: { apiToken: ${benchToken}, admin: true }
`;
