import { cilogonTraits } from './cilogonTraits.ts';
import {
  dummyTraits,
  nativeTraits,
  pamTraits,
  remoteUserTraits,
  sharedPasswordTraits,
  tmpTraits,
} from './formTraits.ts';
import { githubTraits } from './githubTraits.ts';
import { gitlabTraits } from './gitlabTraits.ts';
import { globusTraits } from './globusTraits.ts';
import { googleTraits } from './googleTraits.ts';
import { ldapTraits } from './ldapTraits.ts';
import { lti13Traits } from './lti13Traits.ts';
import {
  auth0Traits,
  azureAdTraits,
  bitbucketTraits,
  genericTraits,
  mediawikiTraits,
  oktaTraits,
  openshiftTraits,
} from './otherOauthTraits.ts';
import type { TraitTable, WrittenTraits } from './trait.ts';

/** A class of authenticators that settings files name. */
export interface AuthenticatorClass {
  /** The class whose traits count, as settings files spell it. */
  className: string;
  /** How people call it. */
  title: string;
  /** The names of `authenticator_class`, without dashes and underscores, besides that of the class. */
  shortNames: readonly string[];
  /** The Python packages whose class of this name is the one that Atoll stands in for. */
  packages: readonly string[];
  traits: TraitTable;
}

function oauthenticator<T extends TraitTable>(
  className: string,
  title: string,
  shortNames: string[],
  traits: T,
): Omit<AuthenticatorClass, 'traits'> & { traits: T } {
  return { className, title, shortNames, packages: ['oauthenticator'], traits };
}

/** Every authenticator that has traits of its own, by its name here. */
export const authenticatorClasses = {
  dummy: {
    className: 'DummyAuthenticator',
    title: 'Dummy',
    shortNames: ['dummy'],
    packages: ['jupyterhub', 'dummyauthenticator'],
    traits: dummyTraits,
  },
  sharedpassword: {
    className: 'SharedPasswordAuthenticator',
    title: 'Shared-password',
    shortNames: ['sharedpassword'],
    packages: ['jupyterhub'],
    traits: sharedPasswordTraits,
  },
  native: {
    className: 'NativeAuthenticator',
    title: 'Native',
    shortNames: ['native'],
    packages: ['nativeauthenticator'],
    traits: nativeTraits,
  },
  tmp: {
    className: 'TmpAuthenticator',
    title: 'Temporary-user',
    shortNames: ['tmp'],
    packages: ['tmpauthenticator'],
    traits: tmpTraits,
  },
  remoteuser: {
    className: 'RemoteUserAuthenticator',
    title: 'Proxy-header',
    shortNames: ['remoteuser', 'remoteuserlocal'],
    packages: ['jhub_remote_user_authenticator'],
    traits: remoteUserTraits,
  },
  pam: {
    className: 'PAMAuthenticator',
    title: 'PAM',
    shortNames: ['pam', 'default', 'local'],
    packages: ['jupyterhub'],
    traits: pamTraits,
  },
  ldap: {
    className: 'LDAPAuthenticator',
    title: 'LDAP',
    shortNames: ['ldap'],
    packages: ['ldapauthenticator'],
    traits: ldapTraits,
  },
  lti13: {
    className: 'LTI13Authenticator',
    title: 'LTI 1.3',
    shortNames: ['lti13'],
    packages: ['ltiauthenticator'],
    traits: lti13Traits,
  },
  generic: oauthenticator('GenericOAuthenticator', 'OpenID Connect', ['generic', 'genericoauth'], genericTraits),
  github: oauthenticator('GitHubOAuthenticator', 'GitHub', ['github'], githubTraits),
  gitlab: oauthenticator('GitLabOAuthenticator', 'GitLab', ['gitlab'], gitlabTraits),
  google: oauthenticator('GoogleOAuthenticator', 'Google', ['google'], googleTraits),
  globus: oauthenticator('GlobusOAuthenticator', 'Globus', ['globus'], globusTraits),
  cilogon: oauthenticator('CILogonOAuthenticator', 'CILogon', ['cilogon'], cilogonTraits),
  auth0: oauthenticator('Auth0OAuthenticator', 'Auth0', ['auth0'], auth0Traits),
  okta: oauthenticator('OktaOAuthenticator', 'Okta', ['okta'], oktaTraits),
  azuread: oauthenticator('AzureAdOAuthenticator', 'Azure AD', ['azuread', 'entra'], azureAdTraits),
  bitbucket: oauthenticator('BitbucketOAuthenticator', 'Bitbucket', ['bitbucket'], bitbucketTraits),
  openshift: oauthenticator('OpenShiftOAuthenticator', 'OpenShift', ['openshift'], openshiftTraits),
  mediawiki: oauthenticator('MWOAuthenticator', 'MediaWiki', ['mediawiki', 'mw'], mediawikiTraits),
} as const satisfies Record<string, AuthenticatorClass>;

type Classes = typeof authenticatorClasses;

/** An authenticator that has traits. */
export type ClassName = keyof Classes;

/** The authenticators of oauthenticator, which all have the traits of OAuthenticator. */
export const oauthNames: readonly ClassName[] = (
  Object.entries(authenticatorClasses) as [ClassName, AuthenticatorClass][]
)
  .filter(([, { packages }]) => packages.includes('oauthenticator'))
  .map(([name]) => name);

/** What settings files say about authenticators' own traits, by authenticator. */
export type WrittenClasses = { [K in ClassName]?: WrittenTraits<Classes[K]['traits']> };
