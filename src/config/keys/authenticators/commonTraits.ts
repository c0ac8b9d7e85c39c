import type { z } from 'zod';
import type { AuthenticationSettings } from '../../settings.ts';
import { flag, seconds, text, textList, textMap } from '../types.ts';
import { oauthNames } from './classes.ts';
import { functionOnly, type InertTrait, inertTrait } from './trait.ts';

/** A trait that every authenticator has. */
interface CommonTrait<Z extends z.ZodType = z.ZodType> {
  kind: 'common';
  type: Z;
  doc: string;
  default?: unknown;
  apply: (authentication: AuthenticationSettings, value: never) => void;
}

function common<Z extends z.ZodType>(
  type: Z,
  doc: string,
  apply: (authentication: AuthenticationSettings, value: z.output<Z>) => void,
  fallback?: unknown,
): CommonTrait<Z> {
  return { kind: 'common', type, doc, apply, ...(fallback !== undefined && { default: fallback }) };
}

const usernamePattern = text.refine(isPattern, 'is no regular expression').meta({ title: 'a regular expression' });

function isPattern(value: string): boolean {
  try {
    return Boolean(new RegExp(`^(?:${value})$`, 'u'));
  } catch {
    return false;
  }
}

function allowUsers(authentication: AuthenticationSettings, names: string[]): void {
  authentication.allowedUsers = names;
  // In oauthenticator, naming some lets nobody else in.
  const isOAuth = (oauthNames as readonly string[]).includes(authentication.authenticator);
  authentication.allowExistingUsers = names.length > 0 && !isOAuth;
}

function blockUsers(authentication: AuthenticationSettings, names: string[]): void {
  authentication.blockedUsers = names;
}

/**
 * Who may sign in, which also decides the default of `allow_existing_users`: applied for all classes before
 * {@link commonTraits}, so that what is written there wins.
 */
export const allowedUsersTraits: Record<string, CommonTrait> = {
  whitelist: common(textList, 'Old spelling of allowed_users.', allowUsers),
  allowed_users: common(textList, 'Who may sign in.', allowUsers, []),
};

/** All other traits that every authenticator has. */
export const commonTraits: Record<string, CommonTrait | InertTrait> = {
  admin_users: common(textList, 'Who is an administrator.', (to, value) => (to.adminUsers = value), []),
  blacklist: common(textList, 'Old spelling of blocked_users.', blockUsers),
  blocked_users: common(textList, 'Who may not sign in, whatever else is said.', blockUsers, []),
  allow_all: common(flag, 'Whether everybody who signs in is let in.', (to, value) => (to.allowAll = value), false),
  allow_existing_users: common(
    flag,
    'Whether whoever is a user already is let in. Default: whether allowed_users names anybody; false for OAuthenticators.',
    (to, value) => (to.allowExistingUsers = value),
  ),
  username_pattern: common(
    usernamePattern,
    'Regular expression that a whole user name must match.',
    (to, value) => (to.usernamePattern = value),
  ),
  delete_invalid_users: common(
    flag,
    'Whether users whose name does not match username_pattern any more are deleted when the hub starts, if nothing runs for them.',
    (to, value) => (to.deleteInvalidUsers = value),
    false,
  ),
  username_map: common(
    textMap,
    'Other names for people: as the authenticator says it, and as it shall be here.',
    (to, value) => (to.usernameMap = value),
    {},
  ),
  manage_groups: common(
    flag,
    "Whether the authenticator says who is in which group: at sign-in and whenever people's state is refreshed.",
    (to, value) => (to.manageGroups = value),
    false,
  ),
  enable_auth_state: common(
    flag,
    'Whether what the provider says (tokens, groups) is kept, encrypted, for servers and administrators to read; people whose state can no longer be refreshed sign in again.',
    (to, value) => (to.enableAuthState = value),
  ),
  auth_refresh_age: common(
    seconds,
    "Seconds after which people's groups and right to be here are looked up again; 0: at sign-in only.",
    (to, value) => (to.authRefreshAgeSeconds = value),
    300,
  ),
  auth_refresh_strict: common(
    flag,
    'Whether who has to sign in again is refused everything until then: requests with their tokens, and starts by administrators.',
    (to, value) => (to.authRefreshStrict = value),
    false,
  ),
  refresh_pre_spawn: common(
    flag,
    'Whether they are looked up at every start of a server. Default: whether auth state is enabled.',
    (to, value) => (to.refreshPreSpawn = value),
  ),
  auto_login: common(
    flag,
    'Whether people who must sign in are sent on at once, without a page to click on.',
    (to, value) => (to.autoLogin = value),
  ),
  login_service: common(text, 'What the button for signing in says.', (to, value) => (to.loginService = value)),
  logout_redirect_url: common(
    text.regex(/^(?:https?:\/\/|\/(?!\/)|$)/, 'is no address'),
    'Where people go when they have signed out, such as to sign out of the provider too.',
    (to, value) => (to.logoutRedirectUrl = value),
  ),
  any_allow_config: inertTrait(flag, 'Whether an allow rule exists.', 'Atoll finds out by itself'),
  post_auth_hook: inertTrait(text, 'Python that runs at sign-in.', functionOnly),
  request_otp: inertTrait(flag, 'Whether a one-time code is asked for.', 'no authenticator here takes one'),
  otp_prompt: inertTrait(text, 'How it is asked for.', 'no authenticator here takes one'),
  custom_html: inertTrait(text, 'HTML instead of the form.', 'the sign-in page has a form of its own'),
  refresh_pre_stop: inertTrait(flag, 'The same before each stop.', 'a stop needs nothing from a provider'),
  manage_roles: inertTrait(flag, 'Whether the authenticator says who has which role.', 'no authenticator here says so'),
  reset_managed_roles_on_startup: inertTrait(flag, 'Whether these start anew.', 'no authenticator here gives roles'),
  reconcile_auth_state_hook: inertTrait(
    text,
    'Python that keeps a part of the auth state.',
    'it is Python, which is not run',
  ),
  auto_login_oauth2_authorize: inertTrait(flag, 'The same on the way to a server only.', 'auto_login holds there too'),
};
