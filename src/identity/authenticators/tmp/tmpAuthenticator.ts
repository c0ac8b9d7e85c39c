import { randomUUID } from 'node:crypto';
import { type Authenticator, plainAuthenticator } from '../contract.ts';

/** Everybody who comes is somebody new, and nobody comes back: for trial hubs. */
export const tmpAuthenticator: Authenticator = {
  ...plainAuthenticator,
  name: 'tmp',
  provider: 'tmp',
  service: 'a temporary name',
  autoLogin: true,
  instant: { makesUsers: true, identify: () => Promise.resolve({ name: randomUUID(), admitted: true }) },
};
