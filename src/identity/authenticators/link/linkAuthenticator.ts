import { type Authenticator, plainAuthenticator } from '../contract.ts';

/** Nobody signs in with a form; only login links do, which every authenticator accepts. */
export const linkAuthenticator: Authenticator = {
  ...plainAuthenticator,
  name: 'link',
  provider: 'link',
  service: 'a link',
};
