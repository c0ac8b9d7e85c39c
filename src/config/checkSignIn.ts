import type { ErrorCode } from '../core/errorTable.ts';
import type { AddProblem, Path } from './problem.ts';
import type { AuthenticationSettings } from './settings.ts';

const traitsOf = (className: string): Path => ['jupyterhub', 'hub', 'config', className];

/** Where the authenticator is chosen. */
export const authenticatorClass: Path = [...traitsOf('JupyterHub'), 'authenticator_class'];

/** Authenticators that let in whom no rule names, or whose people an administrator approves or a proxy chooses. */
const needNoRule = new Set(['link', 'null', 'native', 'tmp']);

/** Sign-in that lets everybody in, or nobody. */
export function checkSignIn(authentication: AuthenticationSettings, add: AddProblem): void {
  for (const member of authentication.members) checkSignIn(member.authentication, add);
  const { authenticator, classes, manageGroups } = authentication;
  const warn = (code: ErrorCode, message: string): void => add(code, 'warning', [authenticatorClass], message);
  if (authenticator === 'sharedpassword') {
    const { user_password, admin_password, password_groups } = classes.sharedpassword ?? {};
    if (user_password !== undefined && user_password === admin_password)
      add(
        'ATOLL_SETTINGS_CONFLICT',
        'error',
        [[...traitsOf('SharedPasswordAuthenticator'), 'admin_password']],
        'The password of administrators is that of everybody.',
      );
    if (isGiven(password_groups) && !manageGroups)
      add(
        'ATOLL_SETTINGS_CONFLICT',
        'error',
        [[...traitsOf('SharedPasswordAuthenticator'), 'password_groups']],
        'password_groups needs manage_groups: true, else nobody is put into these groups.',
      );
  }
  if (authenticator === 'dummy' && classes.dummy?.password === undefined)
    warn(
      'ATOLL_SETTINGS_WEAK_SECRET',
      'Whoever reaches Atoll can sign in as anybody, administrators too: DummyAuthenticator has no password.',
    );
  const traits: Record<string, unknown> = Object.assign({}, ...Object.values(classes));
  const byGroup = ['allowed_groups', 'admin_groups'].filter((name) => isGiven(traits[name]));
  const hubGroups = authenticator !== 'ldap' && authenticator !== 'pam';
  if (hubGroups && !manageGroups && byGroup.length > 0)
    warn('ATOLL_SETTINGS_NO_EFFECT', `Without manage_groups, ${byGroup.join(' and ')} lets nobody in.`);
  if (authenticator !== 'multi' && !needNoRule.has(authenticator) && !hasRule(authentication, traits))
    warn(
      'ATOLL_SETTINGS_NOBODY_MAY_SIGN_IN',
      'Nobody may sign in: neither allow_all, allowed_users nor admin_users is set, nor another rule that lets people in.',
    );
}

function hasRule(authentication: AuthenticationSettings, traits: Record<string, unknown>): boolean {
  const { allowAll, allowExistingUsers, allowedUsers, adminUsers, classes } = authentication;
  if (allowAll || allowExistingUsers || allowedUsers.length > 0 || adminUsers.length > 0) return true;
  const providers = Object.values(classes.cilogon?.idps ?? {});
  if (providers.some(({ allow_all, allowed_domains = [] }) => allow_all === true || allowed_domains.length > 0))
    return true;
  return Object.entries(traits).some(([name, value]) => /^(?:allowed|admin)_/.test(name) && isGiven(value));
}

function isGiven(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}
