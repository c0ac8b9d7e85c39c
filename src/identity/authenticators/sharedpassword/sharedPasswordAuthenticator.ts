import type { AuthenticationSettings } from '../../../config/settings.ts';
import { equalInConstantTime } from '../../../core/ids.ts';
import { mapName } from '../../names.ts';
import { Users } from '../../users.ts';
import { type Authenticator, plainAuthenticator } from '../contract.ts';
import type { AuthenticatorDependencies } from '../createAuthenticator.ts';
import { passwordForm } from '../passwordForm.ts';
import { sharedPasswords } from './sharedPasswords.ts';

/**
 * One password for all users, or several for the members of groups, and another one for the administrators, who cannot come in
 * with those.
 * @throws AtollError as {@link sharedPasswords} does
 */
export function createSharedPasswordAuthenticator(
  { adminUsers, usernameMap, manageGroups, classes }: AuthenticationSettings,
  { store, clock, prefix }: AuthenticatorDependencies,
): Authenticator {
  const { user: userPassword, admin: adminPassword, ofGroups } = sharedPasswords({ classes, manageGroups });
  const admins = new Set(adminUsers.map((name) => mapName(name, usernameMap)));
  const users = new Users(store, clock);

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
