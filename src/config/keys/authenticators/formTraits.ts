import { z } from 'zod';
import { count, flag, freeMap, list, secretText, text, textList, withSecretNames } from '../types.ts';
import { inertTrait, type TraitTable, trait, traitWithDefault } from './trait.ts';

const slowed = 'Atoll slows guessing down by itself';
const noMail = 'Atoll sends no mail';
const nothingToTakeOver = 'there is nothing to take over';

/** DummyAuthenticator: for trying things out. */
export const dummyTraits = {
  password: trait(secretText, 'The one password of everybody. Without it, any password will do.', { secret: true }),
} satisfies TraitTable;

const userPassword = secretText.min(8, 'has fewer than 8 characters');

/** SharedPasswordAuthenticator: one password for all. */
export const sharedPasswordTraits = {
  user_password: trait(userPassword, 'The password of people, 8 characters or more.', { secret: true }),
  admin_password: trait(
    secretText.min(32, 'has fewer than 32 characters'),
    'The password of administrators, 32 characters or more.',
    { secret: true },
  ),
  password_groups: {
    ...traitWithDefault(
      withSecretNames(z.record(userPassword, textList)),
      'More passwords of people, and the groups that whoever uses one is in; needs manage_groups.',
      {},
    ),
    secret: true,
  },
} satisfies TraitTable;

/** NativeAuthenticator: accounts of the hub's own. */
export const nativeTraits = {
  enable_signup: traitWithDefault(flag, 'Whether people may make accounts themselves.', true),
  open_signup: traitWithDefault(flag, 'Whether new accounts need no approval by an administrator.', false),
  minimum_password_length: traitWithDefault(count, 'Characters that a password must have.', 8),
  check_common_password: traitWithDefault(flag, 'Whether passwords that everybody tries first are refused.', false),
  allowed_failed_logins: inertTrait(count, 'Failures after which somebody must wait.', slowed),
  seconds_before_next_try: inertTrait(count, 'How long they wait.', slowed),
  ask_email_on_signup: inertTrait(flag, 'Whether a mail address is asked for.', noMail),
  allow_self_approval_for: inertTrait(text, 'Mail addresses that approve themselves.', noMail),
  secret_key: inertTrait(secretText, 'Key of the links in such mails.', noMail, true),
  self_approval_server: inertTrait(freeMap, 'The server for such mails.', noMail, true),
  self_approval_email: inertTrait(list, 'Their sender, subject and text.', noMail),
  recaptcha_key: inertTrait(text, 'Key of a riddle for machines.', slowed),
  recaptcha_secret: inertTrait(secretText, 'The secret for it.', slowed, true),
  allow_2fa: inertTrait(flag, 'Whether a one-time code can be asked for.', 'Atoll asks for a password only'),
  tos: inertTrait(text, 'Terms of service to agree to.', 'the page of sign-up shows none'),
  import_from_firstuse: inertTrait(flag, 'Whether accounts are taken over.', nothingToTakeOver),
  firstuse_db_path: inertTrait(text, 'From which file.', nothingToTakeOver),
  delete_firstuse_db_after_import: inertTrait(flag, 'Whether that is deleted then.', nothingToTakeOver),
} satisfies TraitTable;

/** TmpAuthenticator: everybody is somebody new each time. */
export const tmpTraits = {
  force_new_server: inertTrait(flag, 'Whether who is signed in gets a new name.', 'signing out does that'),
  process_user: inertTrait(text, 'Python that names people.', 'Atoll names them itself'),
} satisfies TraitTable;

/** RemoteUserAuthenticator: a proxy in front says who somebody is. */
export const remoteUserTraits = {
  header_name: traitWithDefault(
    text.regex(/^[\w-]+$/, 'is no name of a header'),
    'The header in which the proxy says who somebody is.',
    'REMOTE_USER',
  ),
  trusted_proxies: traitWithDefault(
    textList,
    'Addresses (10.1.2.3) and networks (10.1.0.0/16) of the proxies that are believed. Nobody else is.',
    [],
  ),
  proxy_secret: trait(
    secretText.min(16, 'has fewer than 16 characters'),
    'What the proxy must send as the header X-Atoll-Proxy-Secret; needed when the proxy runs on this machine, or trusted_proxies has a network.',
    { secret: true },
  ),
} satisfies TraitTable;

/** LocalAuthenticator: what authenticators have that know the accounts of the machine. */
export const localTraits = {
  allowed_groups: traitWithDefault(textList, 'Lets in members of these groups of the machine.', []),
  group_whitelist: { kind: 'old', of: 'allowed_groups' },
  create_system_users: inertTrait(flag, 'Whether accounts are made.', 'Atoll makes none at sign-in'),
  add_user_cmd: inertTrait(textList, 'How accounts are made.', 'Atoll makes none at sign-in'),
  uids: inertTrait(freeMap, 'The numbers of such accounts.', 'Atoll makes none at sign-in'),
} satisfies TraitTable;

/** PAMAuthenticator: the accounts of the machine. */
export const pamTraits = {
  ...localTraits,
  service: traitWithDefault(text.regex(/^[\w-]+$/, 'is no name of a PAM service'), 'The PAM service.', 'login'),
  check_account: traitWithDefault(flag, 'Whether the account must be in order too (not expired, not locked).', true),
  admin_groups: traitWithDefault(
    textList,
    'Members of these groups of the machine are administrators, other people are not, unless admin_users names them.',
    [],
  ),
  open_sessions: inertTrait(flag, 'Whether a PAM session is opened.', 'servers have no PAM session'),
  encoding: inertTrait(text, 'Encoding of names and passwords.', 'they are UTF-8'),
  pam_normalize_username: inertTrait(
    flag,
    'Whether PAM may change the name.',
    'PAM says only whether the password is right',
  ),
  executor_threads: inertTrait(count, 'Threads for PAM.', 'each sign-in has a process of its own'),
} satisfies TraitTable;
