import type { Authenticator } from '../contract.ts';

/** Nobody signs in with a form; only login links do, which every authenticator accepts. */
export const linkAuthenticator: Authenticator = {
  name: 'link',
  form: [],
  allowsAllByDefault: false,
  authenticate: () => Promise.resolve(undefined),
};
