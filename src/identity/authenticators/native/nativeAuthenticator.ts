import { AtollError } from '../../../core/errors.ts';
import type { Authenticator } from '../contract.ts';
import { passwordForm } from '../passwordForm.ts';
import type { NativeAccounts } from './nativeAccounts.ts';

/** Accounts with passwords that the hub keeps itself. An approved account lets its owner in. */
export function createNativeAuthenticator(accounts: NativeAccounts): Authenticator {
  return {
    name: 'native',
    form: passwordForm,
    allowsAllByDefault: false,
    accounts,
    async authenticate({ username, fields }) {
      const verdict = await accounts.check(username, fields.password ?? '');
      if (verdict === 'pending')
        throw new AtollError('ATOLL_ACCOUNT_PENDING', 'Your account waits for an administrator to approve it.');
      return verdict === 'approved' ? { name: username, admitted: true } : undefined;
    },
  };
}
