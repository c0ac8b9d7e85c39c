import type { AuthenticationSettings } from '../../config/settings.ts';
import type { Clock } from '../../core/clock.ts';
import type { Store } from '../../store/store.ts';
import type { Authenticator } from './contract.ts';
import { createDummyAuthenticator } from './dummy/dummyAuthenticator.ts';
import { linkAuthenticator } from './link/linkAuthenticator.ts';
import { NativeAccounts } from './native/nativeAccounts.ts';
import { createNativeAuthenticator } from './native/nativeAuthenticator.ts';
import { createSharedPasswordAuthenticator } from './sharedpassword/sharedPasswordAuthenticator.ts';

/**
 * The authenticator that the settings choose.
 * @throws AtollError `ATOLL_AUTHENTICATOR_INVALID` when its own settings are not good.
 */
export function createAuthenticator(
  settings: AuthenticationSettings,
  { store, clock }: { store: Store; clock: Clock },
): Authenticator {
  switch (settings.authenticator) {
    case 'link':
      return linkAuthenticator;
    case 'dummy':
      return createDummyAuthenticator(settings.dummyPassword);
    case 'sharedpassword':
      return createSharedPasswordAuthenticator({
        adminUsers: settings.adminUsers,
        ...(settings.sharedUserPassword !== undefined && { userPassword: settings.sharedUserPassword }),
        ...(settings.sharedAdminPassword !== undefined && { adminPassword: settings.sharedAdminPassword }),
      });
    case 'native':
      return createNativeAuthenticator(
        new NativeAccounts(
          {
            openSignup: settings.nativeOpenSignup,
            minimumPasswordLength: settings.nativeMinimumPasswordLength,
            adminUsers: settings.adminUsers,
          },
          store,
          clock,
        ),
      );
  }
}
