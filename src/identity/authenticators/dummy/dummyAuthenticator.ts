import { equalInConstantTime } from '../../../core/ids.ts';
import { type Authenticator, plainAuthenticator } from '../contract.ts';
import { passwordForm } from '../passwordForm.ts';

/** Believes any name, with one password for everybody or with any at all. For trying things out, never for strangers. */
export function createDummyAuthenticator(password: string | undefined): Authenticator {
  return {
    ...plainAuthenticator,
    name: 'dummy',
    provider: 'dummy',
    service: 'any name',
    form: passwordForm,
    allowsAllByDefault: true,
    authenticate: ({ username, fields }) =>
      Promise.resolve(
        password === undefined || equalInConstantTime(fields.password ?? '', password) ? { name: username } : undefined,
      ),
  };
}
