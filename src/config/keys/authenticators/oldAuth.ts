import { z } from 'zod';
import type { Path } from '../../problem.ts';
import type { AuthenticationSettings, Settings } from '../../settings.ts';
import { chooseAuthenticator } from '../authenticatorNames.ts';
import { type ApplyContext, key, type Row } from '../key.ts';
import { closedMap, flag, freeMap, secretText, text, textList } from '../types.ts';
import { applyMemberConfig } from './applyMemberConfig.ts';
import { authenticatorClasses } from './classes.ts';

const names = closedMap({ users: textList.optional(), access: flag.optional() });

/** `auth`, as zero-to-jupyterhub had it before 0.11: what is particular to a type stands below its name. */
const auth = z.looseObject({
  type: text.optional(),
  whitelist: names.optional(),
  blacklist: names.optional(),
  admin: names.optional(),
  scopes: textList.optional(),
  state: closedMap({ enabled: flag.optional(), cryptoKey: secretText.optional() }).optional(),
  custom: closedMap({ className: text.optional(), config: freeMap.optional() }).optional(),
});

/** Old names of traits, where the new one is not the same in other letters (`clientId` is `client_id`). */
const renamed: Record<string, string> = {
  callbackUrl: 'oauth_callback_url',
  orgWhitelist: 'allowed_organizations',
  gitlabGroupWhitelist: 'allowed_gitlab_groups',
  gitlabProjectIdWhitelist: 'allowed_project_ids',
  googleGroupWhitelist: 'allowed_google_groups',
  indexUrl: 'mw_index_url',
};

/** Where the values for LDAP stood, and which traits they are. */
const ldapTraits: Record<string, string> = {
  'server.address': 'server_address',
  'server.port': 'server_port',
  'server.ssl': 'use_ssl',
  'dn.lookup': 'lookup_dn',
  'dn.templates': 'bind_dn_template',
  'dn.search.filter': 'lookup_dn_search_filter',
  'dn.search.user': 'lookup_dn_search_user',
  'dn.search.password': 'lookup_dn_search_password',
  'dn.user.dnAttribute': 'lookup_dn_user_dn_attribute',
  'dn.user.useLookupName': 'use_lookup_dn_username',
  'dn.user.searchBase': 'user_search_base',
  'dn.user.attribute': 'user_attribute',
  'dn.user.validRegex': 'valid_username_regex',
  allowedGroups: 'allowed_groups',
};

/** `jupyterhub.auth`, which `hub.config` replaced; what stands there wins. */
export const oldAuthKeys: Row[] = [
  key('jupyterhub.auth', auth, 'Sign-in, as zero-to-jupyterhub spelt it before 0.11; see hub.config.', applyOldAuth, {
    secret: true,
  }),
];

function applyOldAuth({ authentication }: Settings, value: z.output<typeof auth>, context: ApplyContext): void {
  const { type = 'dummy', custom } = value;
  const wanted = type === 'custom' ? (custom?.className ?? '') : type;
  const choice = chooseAuthenticator(wanted);
  if (choice.kind === 'built' && choice.name in authenticatorClasses) {
    authentication.authenticator = choice.name;
    authentication.configured = true;
    const own =
      type === 'custom'
        ? writtenTraits(custom?.config ?? {}, ['custom', 'config'])
        : type === 'ldap'
          ? ldapTraitsIn(value.ldap)
          : writtenTraits(freeMap.safeParse(value[type]).data ?? {}, [type]);
    const traits = new Map([...commonTraitsIn(value), ...own].map((trait) => [trait.name, trait]));
    const config = Object.fromEntries([...traits].map(([name, trait]) => [name, trait.value]));
    applyMemberConfig(authentication, config, context, (name) => traits.get(name)?.at ?? []);
  } else {
    context.warn(
      'ATOLL_SETTINGS_AUTHENTICATOR',
      `Sign-in of the type ${type} is not part of Atoll: nobody can sign in that way, and administrators sign in by the one-time link.`,
      { at: ['type'] },
    );
  }
  applyState(authentication, value);
}

/** A trait, as today's classes call it, and where it was written. */
interface OldTrait {
  name: string;
  value: unknown;
  at: Path;
}

/** What held for every type. Whom no rule lets in stays outside, unlike then. */
function commonTraitsIn({ whitelist, blacklist, admin, scopes }: z.output<typeof auth>): OldTrait[] {
  const traits: OldTrait[] = [
    { name: 'allowed_users', value: whitelist?.users, at: ['whitelist', 'users'] },
    { name: 'blocked_users', value: blacklist?.users, at: ['blacklist', 'users'] },
    { name: 'admin_users', value: admin?.users, at: ['admin', 'users'] },
    { name: 'scope', value: scopes, at: ['scopes'] },
  ];
  return traits.filter(({ value }) => value !== undefined);
}

function applyState(authentication: AuthenticationSettings, { state }: z.output<typeof auth>): void {
  if (state?.enabled !== undefined) authentication.enableAuthState = state.enabled;
  if (state?.cryptoKey !== undefined) authentication.cryptKeys = [state.cryptoKey];
}

function writtenTraits(map: Record<string, unknown>, section: Path): OldTrait[] {
  return Object.entries(map).map(([name, value]) => ({
    name: renamed[name] ?? snakeCase(name),
    value,
    at: [...section, name],
  }));
}

function ldapTraitsIn(map: unknown): OldTrait[] {
  return Object.entries(ldapTraits)
    .map(([path, name]) => {
      const at = path.split('.');
      return { name, value: at.reduce<unknown>(inside, map), at: ['ldap', ...at] };
    })
    .filter(({ value }) => value !== undefined);
}

function inside(value: unknown, name: string): unknown {
  return freeMap.safeParse(value).data?.[name];
}

/** `clientId` is `client_id`. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
