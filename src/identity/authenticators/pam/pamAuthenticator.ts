import { pamTraits } from '../../../config/keys/authenticators/formTraits.ts';
import { withDefaults } from '../../../config/keys/authenticators/trait.ts';
import type { AuthenticationSettings } from '../../../config/settings.ts';
import { normalizeName } from '../../names.ts';
import { type Authenticated, type Authenticator, plainAuthenticator } from '../contract.ts';
import { overlaps } from '../oauth/claims.ts';
import { passwordForm } from '../passwordForm.ts';
import { askPam } from './askPam.ts';

/** Longer names and passwords are no accounts' of any system. */
const longestName = 256;
const longestPassword = 1024;

/** The accounts and groups of the machine, by PAM. */
export function createPamAuthenticator({ classes, manageGroups }: AuthenticationSettings): Authenticator {
  const { service, check_account: account, allowed_groups, admin_groups } = withDefaults(pamTraits, classes.pam);

  const personOf = (name: string, groups: readonly string[]): Authenticated => ({
    name,
    admitted: overlaps(groups, allowed_groups),
    ...(admin_groups.length > 0 && { admin: overlaps(groups, admin_groups) }),
    ...(manageGroups && { groups }),
    authState: { account: name },
  });

  return {
    ...plainAuthenticator,
    name: 'pam',
    provider: 'pam',
    service: 'your account on this machine',
    form: passwordForm,
    async authenticate({ fields }) {
      // In the one spelling of the hub: an account `Ada` is not the user `ada`.
      const name = normalizeName((fields.username ?? '').trim());
      const { password = '' } = fields;
      if (name === '' || name.length > longestName || password === '' || password.length > longestPassword)
        return undefined;
      const answer = await askPam({ service, user: name, password, account });
      return answer && personOf(name, answer.groups);
    },
    async refresh({ authState }) {
      if (typeof authState?.account !== 'string') return { kind: 'stale' };
      const answer = await askPam({ service, user: authState.account, account: false });
      return answer ? { kind: 'known', person: personOf(authState.account, answer.groups) } : { kind: 'gone' };
    },
  };
}
