import type { AuthenticatorName } from '../settings.ts';

/** What a value of `authenticator_class` means here. */
export type AuthenticatorChoice =
  | { kind: 'built'; name: AuthenticatorName }
  /** A real one that Atoll does not have yet; `title` is how people call it. */
  | { kind: 'not-built'; title: string }
  | { kind: 'unknown' };

// Short names, and class names of the packages that they come from, without "Authenticator".
const built: Record<string, AuthenticatorName> = {
  link: 'link',
  none: 'link',
  null: 'link',
  dummy: 'dummy',
  sharedpassword: 'sharedpassword',
  native: 'native',
};

const notBuilt: Record<string, string> = {
  auth0: 'Auth0',
  azuread: 'Azure AD',
  bitbucket: 'Bitbucket',
  cilogon: 'CILogon',
  default: 'PAM',
  firstuse: 'first-use',
  generic: 'OpenID Connect',
  github: 'GitHub',
  gitlab: 'GitLab',
  globus: 'Globus',
  google: 'Google',
  hash: 'hash',
  ldap: 'LDAP',
  localgithub: 'GitHub',
  localgoogle: 'Google',
  lti: 'LTI',
  lti11: 'LTI 1.1',
  lti13: 'LTI 1.3',
  mediawiki: 'MediaWiki',
  okpy: 'OKpy',
  openshift: 'OpenShift',
  pam: 'PAM',
  tmp: 'temporary-user',
};

/** Python packages whose classes of these names are the ones that Atoll stands in for. */
const knownModules = /^(?:jupyterhub|dummyauthenticator|nativeauthenticator)(?:\.|$)/;

/**
 * Reads `authenticator_class`: a short name (`github`, `shared-password`) or the full name of a Python class
 * (`oauthenticator.github.GitHubOAuthenticator`).
 */
export function chooseAuthenticator(value: string): AuthenticatorChoice {
  const className = value.slice(value.lastIndexOf('.') + 1);
  const module = value.slice(0, Math.max(value.lastIndexOf('.'), 0));
  const short = className
    .toLowerCase()
    .replace(/[-_]/g, '')
    .replace(/(?:o?authenticator|oauth)$/, '');
  if (module === '' || knownModules.test(module)) {
    const name = Object.hasOwn(built, short) ? built[short] : undefined;
    if (name) return { kind: 'built', name };
  }
  const title = Object.hasOwn(notBuilt, short) ? notBuilt[short] : undefined;
  if (title) return { kind: 'not-built', title };
  return module === '' ? { kind: 'unknown' } : { kind: 'not-built', title: className };
}

/** Names to suggest for a misspelt one. */
export const authenticatorNames: readonly string[] = [
  'link',
  'dummy',
  'shared-password',
  'native',
  'null',
  'auth0',
  'azuread',
  'bitbucket',
  'cilogon',
  'generic-oauth',
  'github',
  'gitlab',
  'globus',
  'google',
  'ldap',
  'lti13',
  'mediawiki',
  'openshift',
  'pam',
  'tmp',
];
