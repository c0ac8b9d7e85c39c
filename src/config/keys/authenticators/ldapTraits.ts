import { z } from 'zod';
import { flag, secretText, text, textList } from '../types.ts';
import { inertTrait, type TraitTable, trait, traitWithDefault } from './trait.ts';

const templates = z
  .union([text, textList])
  .transform((value) => (typeof value === 'string' ? [value] : value).filter((entry) => entry !== ''))
  .meta({ title: 'text or a list of text' });

/** LDAPAuthenticator: names and passwords of a directory. */
export const ldapTraits = {
  server_address: trait(text, 'Host of the directory, or an address such as ldaps://ldap.example.org.'),
  server_port: trait(z.int().min(1).max(65535), 'Its port. Default: 389; 636 with tls_strategy on_connect.'),
  tls_strategy: traitWithDefault(
    z.enum(['before_bind', 'on_connect', 'insecure', '1', '2', '3']),
    'How passwords are protected: before_bind (StartTLS), on_connect (ldaps), or insecure: not at all.',
    'before_bind',
  ),
  tls_kwargs: traitWithDefault(
    z.looseObject({ ca_certs_file: text.optional(), validate: z.unknown().optional() }),
    'A file of certificates to trust (ca_certs_file), and whether the certificate must be good (validate: 0 takes any). Nothing else of it is read.',
    {},
  ),
  use_ssl: trait(flag, 'Old spelling of tls_strategy on_connect.'),
  bind_dn_template: traitWithDefault(templates, "People's DN: {username} is the name that was typed.", []),
  lookup_dn: traitWithDefault(flag, "Whether people's DN is looked up.", false),
  lookup_dn_search_filter: traitWithDefault(
    text,
    'How: {login_attr} is user_attribute, {login} the name that was typed.',
    '({login_attr}={login})',
  ),
  lookup_dn_search_user: trait(text, 'DN that looks it up.'),
  lookup_dn_search_password: trait(secretText, 'Its password.', { secret: true }),
  lookup_dn_user_dn_attribute: traitWithDefault(text, 'Attribute that becomes {username} of bind_dn_template.', ''),
  use_lookup_dn_username: traitWithDefault(flag, 'Whether that attribute is the name in the hub too.', false),
  user_search_base: traitWithDefault(text, 'Where people are.', ''),
  user_attribute: traitWithDefault(text, 'The attribute that holds the name that people type.', ''),
  search_filter: traitWithDefault(text, 'A filter that must find exactly one entry: {userattr}, {username}.', ''),
  attributes: inertTrait(textList, 'Attributes to read with search_filter.', 'only whether it finds an entry matters'),
  allowed_groups: traitWithDefault(
    z
      .array(text)
      .nullable()
      .transform((groups) => groups ?? []),
    'Lets in members of these groups, by their DN.',
    [],
  ),
  admin_groups: traitWithDefault(
    textList,
    'Members of these groups, by their DN, are administrators, other people are not, unless admin_users names them.',
    [],
  ),
  group_search_filter: traitWithDefault(
    text,
    'What an entry of a group must match: {userdn}, {uid}.',
    '(|(member={userdn})(uniqueMember={userdn})(memberUid={uid}))',
  ),
  group_attributes: inertTrait(textList, 'Attributes to read of groups.', 'only whether the filter fits matters'),
  auth_state_attributes: traitWithDefault(textList, 'Attributes of people to keep in the auth state.', []),
  valid_username_regex: traitWithDefault(
    text.refine(isPattern, 'is no regular expression').meta({ title: 'a regular expression' }),
    'What a name that people type must match from its beginning.',
    '^[a-z][.a-z0-9_-]*$',
  ),
  escape_userdn: inertTrait(flag, 'Whether names are escaped.', 'they always are'),
} satisfies TraitTable;

function isPattern(value: string): boolean {
  try {
    return Boolean(new RegExp(value, 'u'));
  } catch {
    return false;
  }
}
