import type { AuthenticatorName } from '../settings.ts';
import { type AuthenticatorClass, authenticatorClasses, type ClassName } from './authenticators/classes.ts';

/** What a value of `authenticator_class` means here. */
export type AuthenticatorChoice =
  | { kind: 'built'; name: AuthenticatorName }
  /** A real one that Atoll does not have; `title` is how people call it. */
  | { kind: 'not-built'; title: string }
  | { kind: 'unknown' };

const withoutTraits: Record<string, AuthenticatorName> = {
  link: 'link',
  none: 'link',
  null: 'null',
  multi: 'multi',
};

const notBuilt: Record<string, string> = { firstuse: 'first-use', hash: 'hash', lti11: 'LTI 1.1', okpy: 'OKpy' };

/** Packages of the authenticators that have no traits of their own. */
const packagesWithoutTraits = ['jupyterhub', 'nullauthenticator', 'multiauthenticator'];

/**
 * Reads `authenticator_class`: a short name (`github`, `shared-password`) or the full name of a Python class
 * (`oauthenticator.github.GitHubOAuthenticator`). A class of a known name in another package may do anything.
 */
export function chooseAuthenticator(value: string): AuthenticatorChoice {
  const className = value.slice(value.lastIndexOf('.') + 1);
  const module = value.slice(0, Math.max(value.lastIndexOf('.'), 0));
  const short = shortNameOf(className);
  const isFrom = (packages: readonly string[]): boolean =>
    module === '' || packages.some((name) => module === name || module.startsWith(`${name}.`));
  for (const [name, { shortNames, className: own, packages }] of Object.entries<AuthenticatorClass>(
    authenticatorClasses,
  ))
    if ((shortNames.includes(short) || shortNameOf(own) === short) && isFrom(packages))
      return { kind: 'built', name: name as ClassName };
  const plain = Object.hasOwn(withoutTraits, short) ? withoutTraits[short] : undefined;
  if (plain && isFrom(packagesWithoutTraits)) return { kind: 'built', name: plain };
  const title = Object.hasOwn(notBuilt, short) ? notBuilt[short] : undefined;
  if (title) return { kind: 'not-built', title };
  return module === '' ? { kind: 'unknown' } : { kind: 'not-built', title: className };
}

/** `LocalGitHubOAuthenticator`, `github-oauth` and `github`: all `github`. (Local ones make accounts too, which Atoll does not.) */
function shortNameOf(name: string): string {
  return name
    .toLowerCase()
    .replace(/[-_]/g, '')
    .replace(/(?:o?authenticator|oauth)$/, '')
    .replace(/^local(?=.)/, '');
}

/** Names to suggest for a misspelt one. */
export const authenticatorNames: readonly string[] = [
  'link',
  'null',
  'multi',
  'shared-password',
  'generic-oauth',
  'azuread',
  ...Object.keys(authenticatorClasses),
];
