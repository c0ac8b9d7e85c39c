import type { z } from 'zod';
import type { KubernetesObject } from '../podSettings.ts';
import type { Settings } from '../settings.ts';
import { none, unsupported } from './effects.ts';
import { type ApplyContext, inert, key, type Row } from './key.ts';
import { anything, command, cores, environment, memory, seconds, text, textList } from './types.ts';

/** Variables that people set in vain, and what was meant. */
const misspelt: Record<string, string> = {
  // Dask's key is distributed.dashboard.link.
  DASK_DISTRIBUTED__DASHBOARD_LINK: 'DASK_DISTRIBUTED__DASHBOARD__LINK',
};

/** Each of these, set to something else, would break `GatewayCluster()`. */
function isOurs(name: string): boolean {
  return /^DASK_GATEWAY__(ADDRESS|PROXY_ADDRESS|PUBLIC_ADDRESS|AUTH__TYPE)$/.test(name);
}

/** Adds environment variables to every server; numbers and booleans as they were written. */
export function addEnvironment(settings: Settings, value: z.output<typeof environment>, context: ApplyContext): void {
  for (const [name, variable, at] of variablesOf(value)) {
    const meant = Object.hasOwn(misspelt, name) ? misspelt[name] : undefined;
    if (meant)
      context.warn('ATOLL_SETTINGS_NO_EFFECT', `Nothing reads the variable ${name}.`, { at, suggestion: meant });
    if (isOurs(name)) {
      const message = `Atoll sets the variable ${name} itself: the gateway is part of it.`;
      context.warn('ATOLL_SETTINGS_NO_EFFECT', message, { at });
    } else if (typeof variable !== 'object') {
      settings.servers.environment[name] = context.written(at);
    } else if ('valueFrom' in variable) {
      settings.servers.pod.environmentFrom[name] = { valueFrom: variable.valueFrom };
      if (context.runtime !== 'kubernetes')
        context.warn(
          'ATOLL_SETTINGS_NOT_SUPPORTED',
          `The variable ${name} is not set: valueFrom needs Kubernetes. Write {fromEnv: NAME} or {fromFile: path}.`,
          { at },
        );
    } else {
      settings.servers.environment[name] = variable.value === undefined ? '' : context.written([...at, 'value']);
    }
  }
}

/** Environment variables as a pod has them: numbers and booleans as they were written, `valueFrom` as it is. */
export function toKubernetesVariables(
  value: z.output<typeof environment>,
  context: ApplyContext,
): Record<string, string | KubernetesObject> {
  const variables: Record<string, string | KubernetesObject> = {};
  for (const [name, variable, at] of variablesOf(value)) {
    if (typeof variable !== 'object') variables[name] = context.written(at);
    else if ('valueFrom' in variable) variables[name] = { valueFrom: variable.valueFrom };
    else variables[name] = variable.value === undefined ? '' : context.written([...at, 'value']);
  }
  return variables;
}

type Variable = z.output<typeof environment> extends Record<string, infer V> | unknown[] ? V : never;

function variablesOf(
  value: z.output<typeof environment>,
): [name: string, variable: Variable, at: (string | number)[]][] {
  if (Array.isArray(value)) return value.map((item, index) => [item.name ?? '', item, [index]]);
  return Object.entries(value).map(([name, variable]) => [name, variable, [name]]);
}

/** Sets the command of every server; plain `jupyterhub-singleuser` is what Atoll runs anyway. */
export function setCommand(settings: Settings, value: string[]): void {
  if (value.length === 1 && value[0] === 'jupyterhub-singleuser') delete settings.servers.command;
  else settings.servers.command = value;
}

/** Sets an amount of memory or cores; 0 means none, as in JupyterHub. */
export function setAmount(
  settings: Settings,
  field: 'memoryLimit' | 'memoryGuarantee' | 'coreLimit' | 'coreGuarantee',
  value: number,
): void {
  if (value === 0) delete settings.servers[field];
  else settings.servers[field] = value;
}

/** A path on the server, such as `/lab`. */
export const defaultUrl = text.regex(/^\//, 'should begin with /').meta({ title: 'a path (/lab)' });

/** Traits of Spawner and KubeSpawner that say the same as keys of `singleuser`; they win over those. */
export const serverTraits: Row[] = [
  key(
    'args',
    textList,
    'More arguments for jupyterhub-singleuser.',
    (settings, value) => {
      settings.servers.extraArguments = value;
    },
    { default: [] },
  ),
  key('cmd', command, 'See singleuser.cmd.', setCommand),
  key('default_url', defaultUrl, 'See singleuser.defaultUrl.', (settings, value) => {
    settings.servers.defaultUrl = value;
  }),
  key('environment', environment, 'See singleuser.extraEnv.', (settings, value, context) => {
    // In traitlets, a later value replaces the former.
    settings.servers.environment = {};
    addEnvironment(settings, value, context);
  }),
  key('mem_limit', memory, 'See singleuser.memory.limit.', (settings, value) =>
    setAmount(settings, 'memoryLimit', value),
  ),
  key('mem_guarantee', memory, 'See singleuser.memory.guarantee.', (settings, value) =>
    setAmount(settings, 'memoryGuarantee', value),
  ),
  key('cpu_limit', cores, 'See singleuser.cpu.limit.', (settings, value) => setAmount(settings, 'coreLimit', value)),
  key('cpu_guarantee', cores, 'See singleuser.cpu.guarantee.', (settings, value) =>
    setAmount(settings, 'coreGuarantee', value),
  ),
  key('start_timeout', seconds, 'See singleuser.startTimeout.', (settings, value) => {
    settings.servers.startTimeoutSeconds = value;
  }),
  key(
    'server_token_scopes',
    textList,
    "What a server's own token may do, of what its owner may; none: what the role server says. It may always report activity.",
    (settings, value) => {
      settings.servers.tokenScopes = value;
    },
  ),
  key(
    'oauth_client_allowed_scopes',
    textList,
    'What a server may do in the name of whoever opens it, of what they may themselves; beside knowing who they are.',
    (settings, value) => {
      settings.servers.oauthClientAllowedScopes = value;
    },
  ),
  inert(
    'http_timeout',
    seconds,
    'Seconds until a started server must answer.',
    none('singleuser.startTimeout covers the whole start'),
  ),
  inert('<trait>', anything, 'Every other trait.', unsupported('Atoll does not read it.'), { secret: true }),
];
