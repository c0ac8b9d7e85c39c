import { z } from 'zod';
import { quoted } from '../../maskSecrets.ts';
import type { AuthenticationSettings, Settings } from '../../settings.ts';
import { nearest } from '../../suggest.ts';
import { authenticatorNames, chooseAuthenticator } from '../authenticatorNames.ts';
import { type ApplyContext, key, type Row } from '../key.ts';
import { closedMap, freeMap, text } from '../types.ts';
import { applyMemberConfig } from './applyMemberConfig.ts';
import { authenticatorClasses, type ClassName } from './classes.ts';

const entry = closedMap({
  authenticator_class: text,
  url_prefix: text
    .regex(/^\/?[a-z][a-z\d-]*$/, 'is no path of small letters, digits and dashes, such as /github')
    .meta({ title: 'a path (/github)' }),
  config: freeMap.optional(),
});

/** Paths below /hub/ that the hub needs itself. */
const taken = new Set([
  'api',
  'login',
  'logout',
  'home',
  'spawn',
  'token',
  'admin',
  'static',
  'user',
  'health',
  'metrics',
]);

/** Traits of MultiAuthenticator; in this order, since each entry takes the prefix. */
export const multiKeys: Row[] = [
  key(
    'username_prefix',
    text,
    "What stands before everybody's name. Default: the login_service of each way to sign in, and a colon.",
    ({ authentication }, value) => {
      authentication.memberPrefix = value;
    },
  ),
  key(
    'authenticators',
    z.array(entry).min(1),
    'The ways to sign in: authenticator_class, url_prefix (/github), and config with traits of that class.',
    addMembers,
    { secret: true },
  ),
];

function addMembers({ authentication }: Settings, entries: z.output<typeof entry>[], context: ApplyContext): void {
  if (authentication.authenticator !== 'multi') {
    context.warn('ATOLL_SETTINGS_NO_EFFECT', 'This has no effect: MultiAuthenticator is not the authenticator in use.');
    return;
  }
  for (const [index, { authenticator_class, url_prefix, config = {} }] of entries.entries()) {
    const path = url_prefix.replace(/^\//, '');
    if (taken.has(path) || authentication.members.some((other) => other.path === path))
      context.refuse('ATOLL_SETTINGS_VALUE', `The path /${path} is taken.`, { at: [index, 'url_prefix'] });
    const choice = chooseAuthenticator(authenticator_class);
    if (choice.kind === 'built' && choice.name in authenticatorClasses) {
      const member = memberSettings(authentication, choice.name as ClassName);
      applyMemberConfig(member, config, context, (trait) => [index, 'config', trait]);
      addMember(authentication, path, member);
    } else {
      const suggestion = nearest(authenticator_class, authenticatorNames);
      context.refuse('ATOLL_SETTINGS_VALUE', `There is no such authenticator: ${quoted(authenticator_class)}.`, {
        at: [index, 'authenticator_class'],
        ...(suggestion && { suggestion }),
      });
    }
  }
}

/** What a way to sign in begins with: the flags of all, and no names. */
function memberSettings(all: AuthenticationSettings, authenticator: ClassName): AuthenticationSettings {
  return {
    ...all,
    authenticator,
    adminUsers: [],
    allowedUsers: [],
    blockedUsers: [],
    usernameMap: {},
    classes: {},
    members: [],
  };
}

/** Keeps a way to sign in. The names in its settings are without its prefix; in the settings of all they have it. */
function addMember(all: AuthenticationSettings, path: string, member: AuthenticationSettings): void {
  const { title } = authenticatorClasses[member.authenticator as ClassName];
  const prefix = all.memberPrefix ?? `${member.loginService ?? title}:`;
  const prefixed = (names: readonly string[]): string[] => names.map((name) => prefix + name);
  all.adminUsers = [...all.adminUsers, ...prefixed(member.adminUsers)];
  all.allowedUsers = [...all.allowedUsers, ...prefixed(member.allowedUsers)];
  all.blockedUsers = [...all.blockedUsers, ...prefixed(member.blockedUsers)];
  all.members = [...all.members, { path, prefix, authentication: member }];
}
