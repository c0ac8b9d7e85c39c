import { expandTemplate } from '../../core/expandTemplate.ts';
import { escapedSlugs, safeSlugs } from './slugs.ts';

/** Whose server it is. */
export interface ServerIdentity {
  username: string;
  userId: number;
  /** "" for the default server. */
  servername: string;
  /** The hub's namespace. */
  namespace: string;
}

/** A naming scheme of KubeSpawner. */
export type SlugScheme = 'safe' | 'escape';

/** The fields that templates of pods, volumes and names may use, as KubeSpawner fills them. */
export function templateFields(identity: ServerIdentity, scheme: SlugScheme): Record<string, string> {
  const { username, userId, servername, namespace } = identity;
  const safe = safeSlugs(username, servername);
  const escaped = escapedSlugs(username, servername);
  const chosen = scheme === 'safe' ? safe : escaped;
  return {
    userid: String(userId),
    unescaped_username: username,
    unescaped_servername: servername,
    hubnamespace: namespace === 'default' ? 'user' : namespace,
    namespace,
    username: chosen.username,
    servername: chosen.servername,
    user_server: chosen.userServer,
    safe_username: safe.username,
    safe_servername: safe.servername,
    safe_user_server: safe.userServer,
    escaped_username: escaped.username,
    escaped_servername: escaped.servername,
    escaped_user_server: `${escaped.username}--${escaped.servername}`,
  };
}

/** A template filled in. A dash that an empty field leaves at the end goes. */
export function fill(template: string, fields: Readonly<Record<string, string>>): string {
  const filled = expandTemplate(template, fields);
  return template.endsWith('-') ? filled : filled.replace(/-+$/, '');
}

/** Every text inside a value of the settings filled in; keys of maps stay as they are. */
export function fillAll<T>(value: T, fields: Readonly<Record<string, string>>): T {
  return filled(value, fields) as T;
}

function filled(value: unknown, fields: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string') return fill(value, fields);
  if (Array.isArray(value)) return value.map((item) => filled(item, fields));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item, fields)]));
}

/** How pods and volume claims are called when the settings do not say. */
export const nameTemplates: Readonly<Record<SlugScheme, { pod: string; claim: string }>> = {
  safe: { pod: 'jupyter-{user_server}', claim: 'claim-{user_server}' },
  escape: { pod: 'jupyter-{username}--{servername}', claim: 'claim-{username}--{servername}' },
};
