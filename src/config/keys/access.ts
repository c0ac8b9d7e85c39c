import { z } from 'zod';
import type { ServiceSettings, Settings } from '../settings.ts';
import { type ApplyContext, key, type Row } from './key.ts';
import {
  anything,
  closedMap,
  command,
  count,
  flag,
  freeMap,
  httpUrl,
  secretText,
  text,
  textList,
  textMap,
} from './types.ts';

const roleName = text.regex(
  /^[a-z][a-z0-9\-_~.]{1,253}[a-z0-9]$/,
  'is no name of a role: 3 to 255 lower-case letters, digits and -_~., a letter first, a letter or digit last',
);

const role = closedMap({
  name: roleName.optional(),
  description: text.optional(),
  scopes: textList.optional(),
  users: textList.optional(),
  groups: textList.optional(),
  services: textList.optional(),
});

/** `load_roles` as a map from name to role (z2jh) or as a list (JupyterHub). */
const roles = z.union([z.record(roleName, role), z.array(role.required({ name: true }))]);

/** `custom_scopes`: a map from name to description and further custom scopes. */
const customScopes = z.record(
  text.regex(
    /^custom:[a-z0-9][a-z0-9_\-*:]+[a-z0-9_*]$/,
    'is no name of a custom scope: custom: and then lower-case letters, digits and _-*:',
  ),
  closedMap({ description: text, subscopes: textList.optional() }),
);

/** `load_groups`: a map from name to members, or to members and properties. */
const groups = z.record(
  text,
  z.union([textList, closedMap({ users: textList.optional(), properties: freeMap.optional() })]),
);

// The shortest token that JupyterHub takes.
const shortestToken = 8;

const service = closedMap({
  name: text.optional(),
  admin: flag.optional(),
  url: httpUrl.optional(),
  apiToken: secretText.optional(),
  api_token: secretText.optional(),
  display: flag.optional(),
  info: freeMap.optional(),
  oauth_no_confirm: flag.optional(),
  oauth_client_id: text.optional(),
  oauth_redirect_uri: text.optional(),
  oauth_client_allowed_scopes: textList.optional(),
  oauth_roles: textList.optional(),
  command: command.optional(),
  cwd: text.optional(),
  environment: textMap.optional(),
  user: text.optional(),
  timeout: count.optional(),
  managed: anything.optional(),
});

type Service = z.output<typeof service>;

/** `services` as a map from name to service (z2jh) or as a list (JupyterHub). */
const services = z.union([z.record(text, service), z.array(service.required({ name: true }))]);

/** Parts of a service that mean nothing without a command. */
const partsOfManaged = ['cwd', 'environment', 'user'] as const;

/** Roles, groups and services, under `hub` and under `hub.config.JupyterHub`. */
export const accessKeys: Row[] = [
  key('jupyterhub.hub.loadRoles', roles, 'Roles: scopes, and the users, groups and services that hold them.', addRoles),
  key('jupyterhub.hub.loadGroups', groups, 'Groups to make, with their members and properties.', addGroups),
  key('jupyterhub.hub.services', services, 'Services: programs with a token of their own, by name.', addServices),
];

/** Adds `load_roles` to the settings; a role of the same name is replaced. */
export function addRoles(settings: Settings, value: z.output<typeof roles>): void {
  const byName = new Map(settings.roles.map((role) => [role.name, role]));
  for (const [name, role] of named(value))
    byName.set(name, {
      name,
      description: role.description ?? '',
      scopes: role.scopes ?? [],
      users: role.users ?? [],
      groups: role.groups ?? [],
      services: role.services ?? [],
    });
  settings.roles = [...byName.values()];
}

/** Adds `load_groups` to the settings. */
export function addGroups(settings: Settings, value: z.output<typeof groups>): void {
  for (const [name, group] of Object.entries(value)) {
    const { users = [], properties = {} } = Array.isArray(group) ? { users: group } : group;
    settings.groups[name] = { users, properties };
  }
}

/** Declares scopes for services' own use. */
export function addCustomScopes(settings: Settings, value: z.output<typeof customScopes>): void {
  const declared = Object.entries(value).map(
    ([name, { description, subscopes = [] }]) => [name, { description, scopes: subscopes }] as const,
  );
  settings.customScopes = { ...settings.customScopes, ...Object.fromEntries(declared) };
}

/** Types of `load_roles` and `load_groups`, for their other spelling under `hub.config.JupyterHub`, and of `custom_scopes`. */
export const roleTypes = { roles, groups, customScopes };

function addServices(settings: Settings, value: z.output<typeof services>, context: ApplyContext): void {
  for (const [name, service, at] of named(value)) {
    settings.services[name] = toService(name, service, at, context);
    const useless = partsOfManaged.find((part) => service[part] !== undefined);
    if (useless && !service.command)
      context.warn('ATOLL_SETTINGS_NO_EFFECT', `The service "${name}" has no command: the hub does not start it.`, {
        at: [at, useless],
      });
    if (service.url?.startsWith('https:'))
      context.warn(
        'ATOLL_SETTINGS_NOT_SUPPORTED',
        `The service "${name}" is not proxied: Atoll passes requests on by http only.`,
        { at: [at, 'url'] },
      );
  }
}

function toService(name: string, service: Service, at: string | number, context: ApplyContext): ServiceSettings {
  const tokenKey = service.apiToken === undefined ? 'api_token' : 'apiToken';
  let apiToken = service[tokenKey];
  if (apiToken !== undefined && apiToken.length < shortestToken) {
    context.warn(
      'ATOLL_SETTINGS_WEAK_SECRET',
      `The token of the service "${name}" has fewer than ${shortestToken} characters, and is not used.`,
      { at: [at, tokenKey], suggestion: 'openssl rand -hex 32' },
    );
    apiToken = undefined;
  }
  return {
    name,
    admin: service.admin ?? false,
    display: service.display ?? true,
    oauthNoConfirm: service.oauth_no_confirm ?? false,
    oauthClientAllowedScopes: service.oauth_client_allowed_scopes ?? [],
    info: service.info ?? {},
    ...(apiToken !== undefined && { apiToken }),
    ...(service.url !== undefined && !service.url.startsWith('https:') && { url: service.url }),
    ...(service.oauth_client_id !== undefined && { oauthClientId: service.oauth_client_id }),
    ...(service.oauth_redirect_uri !== undefined && { oauthRedirectUri: service.oauth_redirect_uri }),
    ...(service.command && {
      managed: {
        command: service.command,
        environment: service.environment ?? {},
        ...(service.cwd !== undefined && { cwd: service.cwd }),
        ...(service.user !== undefined && { user: service.user }),
      },
    }),
  };
}

/** The entries of a map, or of a list of things with names; with the key or index under which each stands. */
function named<T extends { name?: string | undefined }>(
  value: Record<string, T> | T[],
): [name: string, item: T, at: string | number][] {
  if (Array.isArray(value)) return value.map((item, index) => [item.name ?? '', item, index]);
  return Object.entries(value).map(([key, item]) => [item.name ?? key, item, key]);
}
