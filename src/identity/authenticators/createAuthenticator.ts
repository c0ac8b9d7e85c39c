import type { AuthenticationSettings, AuthenticatorName } from '../../config/settings.ts';
import { type Clock, systemClock } from '../../core/clock.ts';
import type { Logger } from '../../observability/logger.ts';
import type { Store } from '../../store/store.ts';
import { normalizeName } from '../names.ts';
import type { Authenticator } from './contract.ts';

/** What an authenticator may build on. */
export interface AuthenticatorDependencies {
  store: Store;
  clock: Clock;
  log: Pick<Logger, 'warn'>;
  /** What stands before the names of its people. */
  prefix: string;
}

/** What an authenticator may build on that keeps nothing in the store. */
type PlainDependencies = Pick<AuthenticatorDependencies, 'clock' | 'log'>;

type Factory<On> = (settings: AuthenticationSettings, on: On) => Promise<Authenticator>;

/** Each loads its folder when it is needed: a hub has the code of the authenticators in memory that it uses. */
const keepingFactories = {
  sharedpassword: async (settings, on) =>
    (await import('./sharedpassword/sharedPasswordAuthenticator.ts')).createSharedPasswordAuthenticator(settings, on),
  native: async (settings, on) =>
    (await import('./native/nativeAuthenticator.ts')).createNativeAuthenticator(settings, on),
} satisfies Partial<Record<AuthenticatorName, Factory<AuthenticatorDependencies>>>;

type KeepingName = keyof typeof keepingFactories;

const factories: Record<Exclude<AuthenticatorName, 'multi' | KeepingName>, Factory<PlainDependencies>> = {
  link: async () => (await import('./link/linkAuthenticator.ts')).linkAuthenticator,
  null: async () => (await import('./null/nullAuthenticator.ts')).nullAuthenticator,
  dummy: async ({ classes }) =>
    (await import('./dummy/dummyAuthenticator.ts')).createDummyAuthenticator(classes.dummy?.password),
  tmp: async () => (await import('./tmp/tmpAuthenticator.ts')).tmpAuthenticator,
  remoteuser: async (settings) =>
    (await import('./remoteuser/remoteUserAuthenticator.ts')).createRemoteUserAuthenticator(settings),
  pam: async (settings) => (await import('./pam/pamAuthenticator.ts')).createPamAuthenticator(settings),
  ldap: async (settings, { log }) =>
    (await import('./ldap/ldapAuthenticator.ts')).createLdapAuthenticator(settings, log),
  lti13: async (settings, { clock }) =>
    (await import('./lti13/lti13Authenticator.ts')).createLti13Authenticator(settings, clock),
  generic: async (settings) => (await import('./generic/genericAuthenticator.ts')).createGenericAuthenticator(settings),
  github: async (settings) => (await import('./github/githubAuthenticator.ts')).createGitHubAuthenticator(settings),
  gitlab: async (settings) => (await import('./gitlab/gitlabAuthenticator.ts')).createGitLabAuthenticator(settings),
  google: async (settings) => (await import('./google/googleAuthenticator.ts')).createGoogleAuthenticator(settings),
  globus: async (settings) => (await import('./globus/globusAuthenticator.ts')).createGlobusAuthenticator(settings),
  cilogon: async (settings) => (await import('./cilogon/cilogonAuthenticator.ts')).createCILogonAuthenticator(settings),
  auth0: async (settings) => (await import('./auth0/auth0Authenticator.ts')).createAuth0Authenticator(settings),
  okta: async (settings) => (await import('./okta/oktaAuthenticator.ts')).createOktaAuthenticator(settings),
  azuread: async (settings) => (await import('./azuread/azureAdAuthenticator.ts')).createAzureAdAuthenticator(settings),
  bitbucket: async (settings) =>
    (await import('./bitbucket/bitbucketAuthenticator.ts')).createBitbucketAuthenticator(settings),
  openshift: async (settings) =>
    (await import('./openshift/openShiftAuthenticator.ts')).createOpenShiftAuthenticator(settings),
  mediawiki: async (settings) =>
    (await import('./mediawiki/mediaWikiAuthenticator.ts')).createMediaWikiAuthenticator(settings),
};

/** One way to sign in. */
export interface SignInMethod {
  /** Its pages are below `/hub/PATH/`; empty when it is the only one: then below `/hub/`. */
  path: string;
  /** What stands before the names of its people. */
  prefix: string;
  settings: AuthenticationSettings;
  authenticator: Authenticator;
}

/**
 * The ways to sign in that the settings choose, in the order of the sign-in page.
 * @throws AtollError `ATOLL_AUTHENTICATOR_INVALID`, `ATOLL_AUTHENTICATOR_INCOMPLETE` when the settings of one are not good.
 */
export async function createSignInMethods(
  settings: AuthenticationSettings,
  dependencies: Omit<AuthenticatorDependencies, 'prefix'>,
): Promise<SignInMethod[]> {
  if (settings.authenticator !== 'multi') {
    // As in JupyterHub: platforms are registered with this address.
    const path = settings.authenticator === 'lti13' ? 'lti13' : '';
    const authenticator = await createAuthenticator(settings, { ...dependencies, prefix: '' });
    return [{ path, prefix: '', settings, authenticator }];
  }
  return Promise.all(
    settings.members.map(async (member) => {
      const prefix = normalizeName(member.prefix);
      const authenticator = await createAuthenticator(member.authentication, { ...dependencies, prefix });
      return { path: member.path, prefix, settings: member.authentication, authenticator };
    }),
  );
}

/**
 * Throws what {@link createSignInMethods} would throw for one way to sign in. Needs no store.
 * @throws AtollError `ATOLL_AUTHENTICATOR_INVALID`, `ATOLL_AUTHENTICATOR_INCOMPLETE`
 */
export async function checkAuthenticator(settings: AuthenticationSettings): Promise<void> {
  const { authenticator: name } = settings;
  if (name === 'sharedpassword') (await import('./sharedpassword/sharedPasswords.ts')).sharedPasswords(settings);
  else if (name !== 'multi' && name !== 'native')
    await factories[name](settings, { clock: systemClock, log: { warn: () => undefined } });
}

async function createAuthenticator(
  settings: AuthenticationSettings,
  dependencies: AuthenticatorDependencies,
): Promise<Authenticator> {
  const { authenticator: name } = settings;
  if (name === 'multi') throw new TypeError('several ways to sign in cannot be one of several');
  const isKeeping = name === 'native' || name === 'sharedpassword';
  const authenticator = await (isKeeping ? keepingFactories[name] : factories[name])(settings, dependencies);
  return settings.loginService === undefined ? authenticator : { ...authenticator, service: settings.loginService };
}
