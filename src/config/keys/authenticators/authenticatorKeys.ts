import type { z } from 'zod';
import { quoted } from '../../maskSecrets.ts';
import type { AuthenticationSettings, AuthenticatorName, Settings } from '../../settings.ts';
import { nearest } from '../../suggest.ts';
import { authenticatorNames, chooseAuthenticator } from '../authenticatorNames.ts';
import { none, unsupported } from '../effects.ts';
import { type ApplyContext, inert, key, type Row, section, under } from '../key.ts';
import { anything, count, text } from '../types.ts';
import { type AuthenticatorClass, authenticatorClasses, type ClassName, oauthNames } from './classes.ts';
import { allowedUsersTraits, commonTraits } from './commonTraits.ts';
import { cryptKeys } from './cryptKeys.ts';
import { localTraits } from './formTraits.ts';
import { multiKeys } from './multi.ts';
import { oauthTraits } from './oauthTraits.ts';
import { setTrait } from './setTrait.ts';
import type { OldSpelling, Trait } from './trait.ts';

/** A class that settings files give traits to, and the authenticators that have them. */
interface Holder {
  className: string;
  /** Undefined: every authenticator. */
  names?: readonly AuthenticatorName[];
}

const classes = Object.entries(authenticatorClasses) as [ClassName, AuthenticatorClass][];

const holders: Holder[] = [
  { className: 'Authenticator' },
  { className: 'OAuthenticator', names: oauthNames },
  { className: 'LocalAuthenticator', names: ['pam'] },
  ...classes.map(([name, { className }]) => ({ className, names: [name] })),
  { className: 'MultiAuthenticator', names: ['multi'] },
];

/**
 * `jupyterhub.hub.config.*Authenticator`. Within a class all rows of {@link allowedUsersTraits} come first; a class comes after
 * those that it inherits from, and wins, as in traitlets.
 */
export const authenticatorKeys: Row[] = [
  section('Authenticator', 'Traits that every authenticator has.'),
  section('OAuthenticator', 'Traits that every authenticator has which sends people to a provider.'),
  section('LocalAuthenticator', 'Traits of authenticators that know the accounts of the machine.'),
  section('MultiAuthenticator', 'Several ways to sign in, on one page.'),
  ...classes.map(([, { className, title }]) => section(className, `Traits of the authenticator ${title}.`)),
  ...holders.flatMap((holder) => under(holder.className, commonRows(allowedUsersTraits, holder))),
  ...holders.flatMap((holder) => under(holder.className, commonRows(commonTraits, holder))),
  ...under('OAuthenticator', ownRows(oauthTraits, { className: 'OAuthenticator', names: oauthNames })),
  ...under('LocalAuthenticator', ownRows(localTraits, { className: 'LocalAuthenticator', names: ['pam'] })),
  ...classes.flatMap(([name, { className, traits }]) =>
    under(className, ownRows(traits, { className, names: [name] })),
  ),
  ...under('MultiAuthenticator', multiKeys),
  ...holders.map(({ className }) =>
    inert(`${className}.<trait>`, anything, 'Every other trait.', unsupported('Atoll does not read it.'), {
      secret: true,
    }),
  ),
  section('CryptKeeper', 'How auth state is encrypted.'),
  key(
    'CryptKeeper.keys',
    cryptKeys,
    'Keys for auth state: new state is encrypted with the first, the others still open older state. Default: the variable JUPYTERHUB_CRYPT_KEY, else a key of Atoll itself.',
    ({ authentication }, value) => {
      authentication.cryptKeys = value;
    },
    { secret: true },
  ),
  inert('CryptKeeper.n_threads', count, 'Threads for encrypting.', none('Atoll needs none')),
  section('LTI13LaunchValidator', 'How launches are checked.'),
  inert('LTI13LaunchValidator.time_leeway', count, 'Seconds that clocks may differ.', none('Atoll allows 10 seconds')),
  inert('LTI13LaunchValidator.max_age', count, 'How old a launch may be.', none('Atoll allows 10 minutes')),
  inert('LTI13LaunchValidator.<trait>', anything, 'Every other trait.', none('Atoll checks launches in its own way')),
];

/** `authenticator_class`. */
export const authenticatorClassKeys: Row[] = [
  key(
    'authenticator_class',
    text,
    'How people sign in: link, dummy, shared-password, native, github, generic-oauth, google, cilogon, ldap, pam, multi and others.',
    setAuthenticator,
    { default: 'link' },
  ),
];

function commonRows(table: typeof commonTraits, holder: Holder): Row[] {
  return Object.entries(table).map(([name, entry]) => {
    if (entry.kind === 'inert') return inertRow(name, entry);
    const options = {
      ...('default' in entry && { default: entry.default }),
      ...(holder.names && { inherited: true as const }),
    };
    const apply = (authentication: AuthenticationSettings, value: unknown): void =>
      entry.apply(authentication, value as never);
    return key(name, entry.type, entry.doc, whenInUse(holder, apply), options);
  });
}

function ownRows(table: AuthenticatorClass['traits'], holder: Holder): Row[] {
  const isOwn = holder.className === 'OAuthenticator' ? () => true : (name: string) => !inherits(table, name);
  const targets = Object.entries(table).filter(([, { kind }]) => kind !== 'old');
  const spellings = Object.entries(table).filter(([, { kind }]) => kind === 'old') as [string, OldSpelling][];
  return [
    // An old spelling comes first, so that today's wins.
    ...spellings.map(([name, { of }]) =>
      traitRow(name, of, table[of] as Trait, holder, `Old spelling of ${of}.`, true),
    ),
    ...targets.map(([name, entry]) =>
      entry.kind === 'trait'
        ? traitRow(name, name, entry, holder, entry.doc, isOwn(name))
        : inertRow(name, entry as Extract<typeof entry, { kind: 'inert' }>),
    ),
  ];
}

function inherits(table: AuthenticatorClass['traits'], name: string): boolean {
  return Object.hasOwn(oauthTraits, name) && oauthTraits[name as keyof typeof oauthTraits] === table[name];
}

function inertRow(
  name: string,
  { type, doc, because, secret }: { type: z.ZodType; doc: string; because: string; secret?: boolean },
): Row {
  return inert(name, type, doc, none(because), { secret: secret ?? false });
}

function traitRow(name: string, target: string, entry: Trait, holder: Holder, doc: string, own: boolean): Row {
  return key(
    name,
    entry.type,
    doc,
    whenInUse(holder, (authentication, value: unknown) => setTrait(authentication, target, value)),
    {
      ...(name === target && entry.default !== undefined && { default: entry.default }),
      secret: entry.secret,
      ...(!own && { inherited: true as const }),
    },
  );
}

/** Traits of a class count when an authenticator is in use that has them; else it is told. */
function whenInUse<T>(
  { className, names }: Holder,
  apply: (authentication: AuthenticationSettings, value: T) => void,
): (settings: Settings, value: T, context: ApplyContext) => void {
  return ({ authentication }, value, context) => {
    if (!names || names.includes(authentication.authenticator)) apply(authentication, value);
    else context.warn('ATOLL_SETTINGS_NO_EFFECT', `This has no effect: ${className} is not the authenticator in use.`);
  };
}

function setAuthenticator({ authentication }: Settings, value: string, context: ApplyContext): void {
  const choice = chooseAuthenticator(value);
  if (choice.kind === 'built') {
    authentication.authenticator = choice.name;
    authentication.configured = true;
  } else if (choice.kind === 'not-built') {
    context.warn(
      'ATOLL_SETTINGS_AUTHENTICATOR',
      `${choice.title} sign-in is not part of Atoll: nobody can sign in that way, and administrators sign in by the one-time link.`,
    );
  } else {
    const suggestion = nearest(value, authenticatorNames);
    context.refuse(
      'ATOLL_SETTINGS_VALUE',
      `There is no authenticator named ${quoted(value)}.`,
      suggestion ? { suggestion } : {},
    );
  }
}
