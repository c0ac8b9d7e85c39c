import { AtollError } from '../../../core/errors.ts';
import { equalInConstantTime } from '../../../core/ids.ts';
import { normalizeName } from '../../names.ts';
import { type Authenticator, plainAuthenticator } from '../contract.ts';
import { passwordForm } from '../passwordForm.ts';

/** What the settings say about the shared passwords. */
export interface SharedPasswords {
  userPassword: string | undefined;
  adminPassword: string | undefined;
  adminUsers: readonly string[];
}

const minimumUserPassword = 8;
const minimumAdminPassword = 32;

/**
 * One password for all users, and another one for the administrators, who cannot come in with the first.
 * @throws AtollError `ATOLL_AUTHENTICATOR_INVALID` when no password is set, one is too short, or both are the same.
 */
export function createSharedPasswordAuthenticator(passwords: SharedPasswords): Authenticator {
  const { userPassword, adminPassword } = passwords;
  const admins = new Set(passwords.adminUsers.map(normalizeName));
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
    authenticate({ username, fields }) {
      const admin = admins.has(username);
      const expected = admin ? adminPassword : userPassword;
      const right = expected !== undefined && equalInConstantTime(fields.password ?? '', expected);
      return Promise.resolve(right ? { name: username, ...(admin && { admin }) } : undefined);
    },
  };
}

function unfit(message: string): AtollError {
  return new AtollError('ATOLL_AUTHENTICATOR_INVALID', message);
}
