import { addCustomScopes, addGroups, addRoles, roleTypes } from './access.ts';
import { authenticatorClassKeys, authenticatorKeys } from './authenticators/authenticatorKeys.ts';
import { none, unsupported } from './effects.ts';
import { inert, key, type Row, section, under } from './key.ts';
import { podTraits } from './podTraits.ts';
import { profileKey } from './profiles.ts';
import { serverTraits } from './serverTraits.ts';
import { applyTemplateVariables } from './templateVariables.ts';
import {
  anything,
  basePath,
  count,
  days,
  flag,
  freeMap,
  httpUrl,
  networks,
  pageLength,
  secretText,
  text,
  textList,
  webOrigin,
} from './types.ts';

const unread = unsupported('Atoll does not read it.');

/** The hub itself. */
const hubTraits: Row[] = [
  section('JupyterHub', 'Traits of JupyterHub itself.'),
  ...under('JupyterHub', [
    ...authenticatorClassKeys,
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
    key(
      'default_url',
      text,
      'Where people land who asked for no page in particular, such as /hub/home.',
      (settings, value) => {
        settings.servers.landingUrl = value;
      },
    ),
    key('base_url', basePath, 'See hub.baseUrl.', (settings, value) => {
      settings.addresses.baseUrl = value;
    }),
    key('public_url', httpUrl, "The hub's address for people, which programs are told.", (settings, value) => {
      settings.addresses.publicUrl = value;
    }),
    key(
      'subdomain_host',
      webOrigin,
      "The hub's own host; each user and each service gets a host of its own below it (which DNS must lead here), so that no page of theirs can read another's, or the hub's.",
      (settings, value) => {
        settings.addresses.subdomainHost = value;
      },
    ),
    inert('subdomain_hook', text, 'How names become hosts.', unsupported('Names become hosts as with idna, always.'), {
      default: 'idna',
      satisfiedBy: 'idna',
    }),
    key(
      'cookie_max_age_days',
      days,
      'Days that a login lasts.',
      (settings, value) => {
        settings.cookies.loginDays = value;
      },
      { default: 14 },
    ),
    key(
      'cookie_host_prefix_enabled',
      flag,
      'Whether the login cookie is named __Host-…, which browsers take from the host itself only, over https; those of servers and services too where they have hosts of their own.',
      (settings, value) => {
        settings.cookies.hostPrefix = value;
      },
      { default: false },
    ),
    key(
      'api_page_default_limit',
      pageLength,
      'How many entries a page of a list has, for clients of the API that do not say.',
      (settings, value) => {
        settings.operations.defaultPageLength = value;
      },
      { default: 50 },
    ),
    key(
      'api_page_max_limit',
      pageLength,
      'How many entries of a list the API gives at once, at most.',
      (settings, value) => {
        settings.operations.longestPageLength = value;
      },
      { default: 200 },
    ),
    key('trusted_downstream_ips', networks, 'See atoll.edge.trustedProxies.', (settings, value) => {
      settings.edge.trustedProxies = value;
    }),
    key('load_groups', roleTypes.groups, 'See hub.loadGroups.', addGroups),
    key('load_roles', roleTypes.roles, 'See hub.loadRoles.', addRoles),
    key('custom_scopes', roleTypes.customScopes, "Scopes for services' own use, by name.", addCustomScopes),
    key('extra_user_scopes', textList, 'Scopes that everybody holds beside the role user.', (settings, value) => {
      settings.extraUserScopes = value;
    }),
    key(
      'token_expires_in_max_seconds',
      count,
      'Seconds that an API token may last at most; 0: for ever.',
      (settings, value) => {
        settings.tokens.longestSeconds = value;
      },
      { default: 0 },
    ),
    key(
      'oauth_token_expires_in',
      count,
      'Seconds that a token of an OAuth client lasts, its login at most.',
      (settings, value) => {
        settings.tokens.oauthSeconds = value;
      },
      { default: 14 * 24 * 3600 },
    ),
    key(
      'oauth_require_pkce',
      flag,
      'Whether OAuth clients must use PKCE.',
      (settings, value) => {
        settings.tokens.requirePkce = value;
      },
      { default: false },
    ),
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

/** `jupyterhub.hub.config.*`: traits of JupyterHub's classes. */
export const hubConfigKeys: Row[] = [
  section('jupyterhub.hub', 'The hub: sign-in, rights, services, limits.'),
  section('jupyterhub.hub.config', "Traits of JupyterHub's classes, by class name."),
  ...under('jupyterhub.hub.config', [
    ...hubTraits,
    ...authenticatorKeys,
    section('Spawner', 'Traits of whatever starts servers.'),
    ...under('Spawner', serverTraits),
    section('KubeSpawner', 'Traits of what starts servers on Kubernetes; they win over those of Spawner.'),
    ...under('KubeSpawner', [...serverTraits, ...podTraits, profileKey('profile_list', 'See singleuser.profileList.')]),
    inert(
      '<Class>',
      freeMap,
      'Traits of any other class.',
      unsupported('Atoll does not read the traits of this class.'),
      {
        secret: true,
      },
    ),
  ]),
];
