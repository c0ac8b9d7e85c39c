import type { AuthenticationSettings } from '../../../config/settings.ts';
import { AtollError } from '../../../core/errors.ts';
import { equalInConstantTime } from '../../../core/ids.ts';
import { mapName } from '../../names.ts';
import { Users } from '../../users.ts';
import { type Authenticator, plainAuthenticator } from '../contract.ts';
import type { AuthenticatorDependencies } from '../createAuthenticator.ts';
import { passwordForm } from '../passwordForm.ts';

const minimumUserPassword = 8;
const minimumAdminPassword = 32;

/**
 * One password for all users, and another one for the administrators, who cannot come in with the first.
 * @throws AtollError `ATOLL_AUTHENTICATOR_INVALID` when no password is set, one is too short, or both are the same.
 */
export function createSharedPasswordAuthenticator(
  { adminUsers, usernameMap, classes }: AuthenticationSettings,
  { store, clock, prefix }: AuthenticatorDependencies,
): Authenticator {
  const { user_password: userPassword, admin_password: adminPassword } = classes.sharedpassword ?? {};
  const admins = new Set(adminUsers.map((name) => mapName(name, usernameMap)));
  const users = new Users(store, clock);
  if (userPassword === undefined && adminPassword === undefined) throw unfit('No shared password is set.');
  if (userPassword !== undefined && userPassword.length < minimumUserPassword)
    throw unfit(`The shared user password has fewer than ${minimumUserPassword} characters.`);
  if (adminPassword !== undefined && adminPassword.length < minimumAdminPassword)
    throw unfit(`The shared administrator password has fewer than ${minimumAdminPassword} characters.`);
  if (userPassword === adminPassword) throw unfit('Users and administrators have the same shared password.');
  return {
    ...plainAuthenticator,
    name: 'sharedpassword',
    provider: 'sharedpassword',
    service: 'the shared password',
    form: passwordForm,
    async authenticate({ username, fields }) {
      const admin = admins.has(username);
      // Whoever was made an administrator here is one too: everybody could pose as them.
      const powerful = admin || (await users.get(prefix + username))?.admin === true;
      const expected = powerful ? adminPassword : userPassword;
      const right = expected !== undefined && equalInConstantTime(fields.password ?? '', expected);
      return right ? { name: username, ...(admin && { admin }) } : undefined;
    },
  };
}

function unfit(message: string): AtollError {
  return new AtollError('ATOLL_AUTHENTICATOR_INVALID', message);
}
