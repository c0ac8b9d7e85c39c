import { nativeTraits } from '../../../config/keys/authenticators/formTraits.ts';
import { withDefaults } from '../../../config/keys/authenticators/trait.ts';
import type { AuthenticationSettings } from '../../../config/settings.ts';
import { AtollError } from '../../../core/errors.ts';
import { type Authenticator, plainAuthenticator } from '../contract.ts';
import type { AuthenticatorDependencies } from '../createAuthenticator.ts';
import { passwordForm } from '../passwordForm.ts';
import { NativeAccounts } from './nativeAccounts.ts';

/** Accounts with passwords that the hub keeps itself. An approved account lets its owner in. */
export function createNativeAuthenticator(
  { adminUsers, classes }: AuthenticationSettings,
  { store, clock, prefix }: AuthenticatorDependencies,
): Authenticator {
  const traits = withDefaults(nativeTraits, classes.native);
  const accounts = new NativeAccounts(
    {
      prefix,
      adminUsers: adminUsers.map((name) => prefix + name),
      enableSignup: traits.enable_signup,
      openSignup: traits.open_signup,
      refuseCommon: traits.check_common_password,
      minimumPasswordLength: traits.minimum_password_length,
    },
    store,
    clock,
  );
  return {
    ...plainAuthenticator,
    name: 'native',
    provider: 'native',
    service: 'an account of this hub',
    form: passwordForm,
    accounts,
    async authenticate({ username, fields }) {
      const verdict = await accounts.check(prefix + username, fields.password ?? '');
      if (verdict === 'pending')
        throw new AtollError('ATOLL_ACCOUNT_PENDING', 'Your account waits for an administrator to approve it.');
      return verdict === 'approved' ? { name: username, admitted: true } : undefined;
    },
  };
}
