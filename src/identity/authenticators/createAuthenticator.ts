import type { AuthenticationSettings, AuthenticatorName } from '../../config/settings.ts';
import type { Clock } from '../../core/clock.ts';
import type { Store } from '../../store/store.ts';
import type { Authenticator } from './contract.ts';
import { createDummyAuthenticator } from './dummy/dummyAuthenticator.ts';
import { linkAuthenticator } from './link/linkAuthenticator.ts';
import { NativeAccounts } from './native/nativeAccounts.ts';
import { createNativeAuthenticator } from './native/nativeAuthenticator.ts';
import { createSharedPasswordAuthenticator } from './sharedpassword/sharedPasswordAuthenticator.ts';

interface Dependencies {
  store: Store;
  clock: Clock;
}

const factories: Record<AuthenticatorName, (settings: AuthenticationSettings, on: Dependencies) => Authenticator> = {
  link: () => linkAuthenticator,
  dummy: ({ dummyPassword }) => createDummyAuthenticator(dummyPassword),
  sharedpassword: ({ adminUsers, sharedUserPassword, sharedAdminPassword }) =>
    createSharedPasswordAuthenticator({
      adminUsers,
      userPassword: sharedUserPassword,
      adminPassword: sharedAdminPassword,
    }),
  native: ({ adminUsers, nativeOpenSignup, nativeMinimumPasswordLength }, { store, clock }) =>
    createNativeAuthenticator(
      new NativeAccounts(
        { openSignup: nativeOpenSignup, minimumPasswordLength: nativeMinimumPasswordLength, adminUsers },
        store,
        clock,
      ),
    ),
};

/**
 * The authenticator that the settings choose.
 * @throws AtollError `ATOLL_AUTHENTICATOR_INVALID` when its own settings are not good.
 */
export function createAuthenticator(settings: AuthenticationSettings, dependencies: Dependencies): Authenticator {
  return factories[settings.authenticator](settings, dependencies);
}
