import { quoted } from '../maskSecrets.ts';
import type { AuthenticatorName, Settings } from '../settings.ts';
import { nearest } from '../suggest.ts';
import { addGroups, addRoles, roleTypes } from './access.ts';
import { authenticatorNames, chooseAuthenticator } from './authenticatorNames.ts';
import { none, unsupported } from './effects.ts';
import { type ApplyContext, inert, key, type Row, section, under } from './key.ts';
import { podTraits } from './podTraits.ts';
import { serverTraits } from './serverTraits.ts';
import { applyTemplateVariables } from './templateVariables.ts';
import { anything, count, flag, freeMap, secretText, text, textList, textMap } from './types.ts';

const unread = unsupported('Atoll does not read it.');

/** The hub itself. */
const hubTraits: Row[] = [
  section('JupyterHub', 'Traits of JupyterHub itself.'),
  ...under('JupyterHub', [
    key('authenticator_class', text, 'How people sign in: link, dummy, shared-password or native.', setAuthenticator, {
      default: 'link',
    }),
    key('allow_named_servers', flag, 'See hub.allowNamedServers.', (settings, value) => {
      settings.servers.allowNamedServers = value;
    }),
    key('named_server_limit_per_user', count, 'See hub.namedServerLimitPerUser.', (settings, value) => {
      settings.servers.namedServerLimit = value;
    }),
    key('concurrent_spawn_limit', count, 'See hub.concurrentSpawnLimit.', (settings, value) => {
      settings.servers.concurrentStartLimit = value;
    }),
    key('active_server_limit', count, 'See hub.activeServerLimit.', (settings, value) => {
      settings.servers.activeServerLimit = value;
    }),
    key('redirect_to_server', flag, 'See hub.redirectToServer.', (settings, value) => {
      settings.servers.redirectToServer = value;
    }),
    key('load_groups', roleTypes.groups, 'See hub.loadGroups.', addGroups),
    key('load_roles', roleTypes.roles, 'See hub.loadRoles.', addRoles),
    inert(
      'admin_access',
      flag,
      'Old switch of what administrators may do.',
      none('what administrators may do follows from their role'),
      { satisfiedBy: true },
    ),
    inert('services', anything, 'Services.', none('zero-to-jupyterhub drops it too; write hub.services'), {
      secret: true,
    }),
    key('authenticate_prometheus', flag, 'See hub.authenticatePrometheus.', (settings, value) => {
      settings.operations.authenticateMetrics = value;
    }),
    key('template_vars', freeMap, 'See hub.templateVars.', applyTemplateVariables),
    key('logo_file', text, 'A picture (SVG, PNG, JPEG, WebP) at the top of the pages.', (settings, value) => {
      settings.pages.logoFile = value;
    }),
    inert('spawner_class', text, 'The class that starts servers.', none('Atoll starts servers itself')),
    inert(
      'cookie_secret',
      secretText,
      'Key with which session cookies are signed.',
      none('Atoll makes its own key and keeps it'),
      { secret: true },
    ),
    inert('<trait>', anything, 'Every other trait.', unread),
  ]),
];

/**
 * Applies a trait that every authenticator has. Under the name of a class (`DummyAuthenticator`) it counts when that one
 * is in use, and wins over the same trait of `Authenticator`, as in traitlets.
 */
function forAuthenticator<T>(
  { className, only }: AuthenticatorClass,
  apply: (settings: Settings, value: T) => void,
): (settings: Settings, value: T, context: ApplyContext) => void {
  return (settings, value, context) => {
    if (only === undefined || settings.authentication.authenticator === only) apply(settings, value);
    else context.warn('ATOLL_SETTINGS_NO_EFFECT', `This has no effect: ${className} is not the authenticator in use.`);
  };
}

interface AuthenticatorClass {
  className: string;
  /** Undefined for the class above all others. */
  only?: AuthenticatorName;
}

const authenticatorClasses: AuthenticatorClass[] = [
  { className: 'Authenticator' },
  { className: 'DummyAuthenticator', only: 'dummy' },
  { className: 'SharedPasswordAuthenticator', only: 'sharedpassword' },
  { className: 'NativeAuthenticator', only: 'native' },
];

/**
 * Who may sign in, which also decides the default of `allow_existing_users`: these rows stand before those of
 * {@link authenticatorTraits} for all classes, so that what is written there wins.
 */
function allowedUsersTraits(of: AuthenticatorClass): Row[] {
  const apply = forAuthenticator<string[]>(of, ({ authentication }, value) => {
    authentication.allowedUsers = value;
    authentication.allowExistingUsers = value.length > 0;
  });
  return under(of.className, [
    key('whitelist', textList, 'Old spelling of allowed_users.', apply),
    key('allowed_users', textList, 'Who may sign in.', apply, { default: [] }),
  ]);
}

/** All other traits that every authenticator has. */
function authenticatorTraits(of: AuthenticatorClass): Row[] {
  const set = <T>(apply: (settings: Settings, value: T) => void) => forAuthenticator(of, apply);
  const blockedUsers = set<string[]>(({ authentication }, value) => {
    authentication.blockedUsers = value;
  });
  return under(of.className, [
    key(
      'admin_users',
      textList,
      'Who is an administrator.',
      set(({ authentication }, value) => {
        authentication.adminUsers = value;
      }),
      { default: [] },
    ),
    key('blacklist', textList, 'Old spelling of blocked_users.', blockedUsers),
    key('blocked_users', textList, 'Who may not sign in, whatever else is said.', blockedUsers, { default: [] }),
    key(
      'allow_all',
      flag,
      'Whether everybody who signs in is let in.',
      set(({ authentication }, value) => {
        authentication.allowAll = value;
      }),
      { default: false },
    ),
    key(
      'allow_existing_users',
      flag,
      'Whether whoever is a user already is let in. Default: whether allowed_users names anybody.',
      set(({ authentication }, value) => {
        authentication.allowExistingUsers = value;
      }),
    ),
    key(
      'username_pattern',
      usernamePattern,
      'Regular expression that a whole user name must match.',
      set(({ authentication }, value) => {
        authentication.usernamePattern = value;
      }),
    ),
    key(
      'username_map',
      textMap,
      'Other names for people: as the authenticator says it, and as it shall be here.',
      set(({ authentication }, value) => {
        authentication.usernameMap = value;
      }),
      { default: {} },
    ),
    inert('<trait>', anything, 'Every other trait.', unread),
  ]);
}

const usernamePattern = text.refine(isPattern, 'is no regular expression').meta({ title: 'a regular expression' });

function isPattern(value: string): boolean {
  try {
    return Boolean(new RegExp(`^(?:${value})$`, 'u'));
  } catch {
    return false;
  }
}

const dummyTraits: Row[] = [
  section('DummyAuthenticator', 'Traits of the authenticator for trying things out.'),
  ...under('DummyAuthenticator', [
    key(
      'password',
      secretText,
      'The one password of everybody. Without it, any password will do.',
      (settings, value) => {
        settings.authentication.dummyPassword = value;
      },
      { secret: true },
    ),
  ]),
];

const sharedPasswordTraits: Row[] = [
  section('SharedPasswordAuthenticator', 'Traits of the authenticator with one password for all.'),
  ...under('SharedPasswordAuthenticator', [
    key(
      'user_password',
      secretText.min(8, 'has fewer than 8 characters'),
      'The password of people, 8 characters or more.',
      (settings, value) => {
        settings.authentication.sharedUserPassword = value;
      },
      { secret: true },
    ),
    key(
      'admin_password',
      secretText.min(32, 'has fewer than 32 characters'),
      'The password of administrators, 32 characters or more.',
      (settings, value) => {
        settings.authentication.sharedAdminPassword = value;
      },
      { secret: true },
    ),
  ]),
];

const nativeTraits: Row[] = [
  section('NativeAuthenticator', 'Traits of the authenticator with accounts of its own.'),
  ...under('NativeAuthenticator', [
    key(
      'open_signup',
      flag,
      'Whether new accounts need no approval by an administrator.',
      (settings, value) => {
        settings.authentication.nativeOpenSignup = value;
      },
      { default: false },
    ),
    key(
      'minimum_password_length',
      count,
      'Characters that a password must have.',
      (settings, value) => {
        settings.authentication.nativeMinimumPasswordLength = value;
      },
      { default: 8 },
    ),
  ]),
];

/** `jupyterhub.hub.config.*`: traits of JupyterHub's classes. */
export const hubConfigKeys: Row[] = [
  section('jupyterhub.hub', 'The hub: sign-in, rights, services, limits.'),
  section('jupyterhub.hub.config', "Traits of JupyterHub's classes, by class name."),
  ...under('jupyterhub.hub.config', [
    ...hubTraits,
    section('Authenticator', 'Traits that every authenticator has.'),
    ...dummyTraits,
    ...sharedPasswordTraits,
    ...nativeTraits,
    ...authenticatorClasses.flatMap(allowedUsersTraits),
    ...authenticatorClasses.flatMap(authenticatorTraits),
    section('Spawner', 'Traits of whatever starts servers.'),
    ...under('Spawner', serverTraits),
    section('KubeSpawner', 'Traits of what starts servers on Kubernetes; they win over those of Spawner.'),
    ...under('KubeSpawner', [...serverTraits, ...podTraits]),
    inert('<Class>', freeMap, 'Traits of any other class.', unsupported('Atoll does not read the traits of this class.'), {
      secret: true,
    }),
  ]),
];

function setAuthenticator(settings: Settings, value: string, context: ApplyContext): void {
  const choice = chooseAuthenticator(value);
  if (choice.kind === 'built') {
    settings.authentication.authenticator = choice.name;
    settings.authentication.configured = true;
  } else if (choice.kind === 'not-built') {
    context.warn(
      'ATOLL_SETTINGS_AUTHENTICATOR',
      `${choice.title} sign-in is not built yet: nobody can sign in that way, and administrators sign in by the one-time link.`,
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
