import { sharedPasswordTraits } from '../../../config/keys/authenticators/formTraits.ts';
import { withDefaults } from '../../../config/keys/authenticators/trait.ts';
import type { AuthenticationSettings } from '../../../config/settings.ts';
import { AtollError } from '../../../core/errors.ts';

const minimumUserPassword = 8;
const minimumAdminPassword = 32;

/** The passwords that people share. */
export interface SharedPasswords {
  /** Undefined: users who are no administrators have none, but those of groups. */
  user: string | undefined;
  /** Undefined: administrators cannot come in. */
  admin: string | undefined;
  /** Passwords of groups, each with the groups into which it puts somebody. */
  ofGroups: [password: string, groups: string[]][];
}

/**
 * The shared passwords of the settings.
 * @throws AtollError `ATOLL_AUTHENTICATOR_INCOMPLETE` when there are none, `ATOLL_AUTHENTICATOR_INVALID` when one is too short,
 * or that of the administrators is one of others too.
 */
export function sharedPasswords({
  classes,
  manageGroups,
}: Pick<AuthenticationSettings, 'classes' | 'manageGroups'>): SharedPasswords {
  const traits = withDefaults(sharedPasswordTraits, classes.sharedpassword);
  const { user_password: user, admin_password: admin } = traits;
  const ofGroups = Object.entries(traits.password_groups);
  if (ofGroups.length > 0 && !manageGroups) throw unfit('password_groups needs manage_groups.');
  if (ofGroups.some(([password]) => password === admin))
    throw unfit('The administrators have a password of password_groups.');
  if (user === undefined && admin === undefined && ofGroups.length === 0)
    throw new AtollError(
      'ATOLL_AUTHENTICATOR_INCOMPLETE',
      'SharedPasswordAuthenticator needs user_password, admin_password or password_groups.',
    );
  if (user !== undefined && user.length < minimumUserPassword)
    throw unfit(`The shared user password has fewer than ${minimumUserPassword} characters.`);
  if (admin !== undefined && admin.length < minimumAdminPassword)
    throw unfit(`The shared administrator password has fewer than ${minimumAdminPassword} characters.`);
  if (user !== undefined && user === admin) throw unfit('Users and administrators have the same shared password.');
  return { user, admin, ofGroups };
}

function unfit(message: string): AtollError {
  return new AtollError('ATOLL_AUTHENTICATOR_INVALID', message);
}
