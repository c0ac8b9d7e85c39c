import { sharedPasswordTraits } from '../../../config/keys/authenticators/formTraits.ts';
import { withDefaults } from '../../../config/keys/authenticators/trait.ts';
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
 * One password for all users, or several for the members of groups, and another one for the administrators, who cannot come in
 * with those.
 * @throws AtollError `ATOLL_AUTHENTICATOR_INVALID` when no password is set, one is too short, or both are the same.
 */
export function createSharedPasswordAuthenticator(
  { adminUsers, usernameMap, manageGroups, classes }: AuthenticationSettings,
  { store, clock, prefix }: AuthenticatorDependencies,
): Authenticator {
  const {
    user_password: userPassword,
    admin_password: adminPassword,
    password_groups: passwordGroups,
  } = withDefaults(sharedPasswordTraits, classes.sharedpassword);
  const admins = new Set(adminUsers.map((name) => mapName(name, usernameMap)));
  const users = new Users(store, clock);
  const ofGroups = Object.entries(passwordGroups);
  if (ofGroups.length > 0 && !manageGroups) throw unfit('password_groups needs manage_groups.');
  if (ofGroups.some(([password]) => password === adminPassword))
    throw unfit('The administrators have a password of password_groups.');
  if (userPassword === undefined && adminPassword === undefined && ofGroups.length === 0)
    throw unfit('No shared password is set.');
  if (userPassword !== undefined && userPassword.length < minimumUserPassword)
    throw unfit(`The shared user password has fewer than ${minimumUserPassword} characters.`);
  if (adminPassword !== undefined && adminPassword.length < minimumAdminPassword)
    throw unfit(`The shared administrator password has fewer than ${minimumAdminPassword} characters.`);
  if (userPassword === adminPassword) throw unfit('Users and administrators have the same shared password.');

  /** The groups of whom a password of people lets in; undefined: it is none. Looks at all of them, however early one fits. */
  function groupsFor(password: string): readonly string[] | undefined {
    const all: [string | undefined, readonly string[]][] = [[userPassword, []], ...ofGroups];
    const fitting = all.filter(([expected]) => expected !== undefined && equalInConstantTime(password, expected));
    return fitting[0]?.[1];
  }

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
      const password = fields.password ?? '';
      if (powerful) {
        const right = adminPassword !== undefined && equalInConstantTime(password, adminPassword);
        return right ? { name: username, ...(admin && { admin }), ...(manageGroups && { groups: [] }) } : undefined;
      }
      const groups = groupsFor(password);
      return groups && { name: username, ...(manageGroups && { groups }) };
    },
  };
}

function unfit(message: string): AtollError {
  return new AtollError('ATOLL_AUTHENTICATOR_INVALID', message);
}
