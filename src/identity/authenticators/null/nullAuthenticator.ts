import { type Authenticator, plainAuthenticator } from '../contract.ts';

/** Nobody signs in: a hub for programs with tokens. (Login links still work, for administrators.) */
export const nullAuthenticator: Authenticator = {
  ...plainAuthenticator,
  name: 'null',
  provider: 'null',
  service: 'nothing',
};
