import { expandTemplate } from '../core/expandTemplate.ts';
import type { PublicUrls } from '../identity/publicUrls.ts';
import { gatewayServiceName } from '../identity/roles/defaultRoles.ts';
import type { ServerCredentials } from '../identity/serverCredentials.ts';
import { apiPrefix } from '../identity/urls.ts';
import type { Reservation } from '../runtimes/contract.ts';
import { type SlugScheme, templateFields as slugFields } from '../runtimes/kubernetes/templates.ts';
import type { Server } from './server.ts';

/** What the environment of one start is made from. */
export interface EnvironmentInputs {
  server: Server;
  credentials: ServerCredentials;
  reservation: Reservation;
  /** Where servers reach the edge, with the hub's base, without a final slash: `http://127.0.0.1:8000`. */
  hubUrl: string;
  /** Where people find things. */
  urls: PublicUrls;
  /** The settings' own variables (`singleuser.extraEnv`), templates not yet expanded. */
  extra: Readonly<Record<string, string>>;
  /** Variables that are no templates: functions made their values. */
  literal: Readonly<Record<string, string>>;
  /** The image that the settings name for servers, if any. */
  image: string | undefined;
  /** Names of the options that the user has for Dask clusters. */
  clusterOptions: ReadonlySet<string>;
  /** Path to open first, such as `/lab`; undefined: the server chooses. */
  defaultUrl: string | undefined;
  /** How a pod's names are made; undefined: the server is no pod. */
  slugScheme?: SlugScheme | undefined;
}

/**
 * The environment of a notebook server: what `jupyterhub-singleuser` expects, what makes
 * `GatewayCluster()` work without an argument, what makes JupyterLab's Dask panel use it (dask/helm-chart#131), and last,
 * so that they win, the settings' own variables.
 */
export function serverEnvironment(inputs: EnvironmentInputs): Record<string, string> {
  const fields = templateFields(inputs.server, inputs.urls, inputs.slugScheme);
  const own: Record<string, string> = {};
  for (const [name, value] of Object.entries(inputs.extra)) own[name] = expandTemplate(value, fields);
  const variables = {
    ...jupyterHubVariables(inputs),
    ...daskVariables(inputs),
    ...panelVariables(inputs.credentials.servicePrefix, own),
    ...own,
    ...inputs.literal,
  };
  return Object.fromEntries(Object.entries(variables).filter(([name, value]) => isUsable(inputs, name, value)));
}

const optionPrefix = 'DASK_GATEWAY__CLUSTER__OPTIONS__';

/**
 * The Dask client sends each default of an option with every new cluster: one for an option that is not there, or whose
 * template names a variable that is not set, would make each `GatewayCluster()` fail.
 */
function isUsable({ clusterOptions, image }: EnvironmentInputs, name: string, value: string): boolean {
  if (!name.startsWith(optionPrefix)) return true;
  const option = name.slice(optionPrefix.length).toLowerCase().split('__')[0] ?? '';
  return clusterOptions.has(option) && (image !== undefined || !/\{JUPYTER_IMAGE(_SPEC)?\}/.test(value));
}

/**
 * The fields that settings may use in templates, with the names that JupyterHub's and Kubernetes' spawners give them. Where
 * servers are pods, `{username}` and its kin are slugs, as KubeSpawner has them: what stands under such a name (a folder of a
 * bucket, say) is found again.
 */
export function templateFields(
  server: Pick<Server, 'user' | 'userId' | 'name'>,
  urls: PublicUrls,
  slugScheme?: SlugScheme,
): Record<string, string> {
  const { user, name, userId } = server;
  const {
    namespace: _,
    hubnamespace: __,
    ...slugs
  } = slugFields({ username: user, userId, servername: name, namespace: '' }, slugScheme ?? 'safe');
  return {
    ...slugs,
    ...(slugScheme === undefined && {
      username: user,
      servername: name,
      user_server: name === '' ? user : `${user}--${name}`,
    }),
    base_url: urls.base,
    JUPYTERHUB_USER: user,
    JUPYTERHUB_SERVER_NAME: name,
    JUPYTERHUB_SERVICE_PREFIX: urls.serverPath(user, name),
    JUPYTERHUB_BASE_URL: urls.base,
  };
}

function jupyterHubVariables(inputs: EnvironmentInputs): Record<string, string> {
  const { server, credentials, reservation, hubUrl, urls, defaultUrl, image } = inputs;
  const variables: Record<string, string> = {
    JUPYTERHUB_API_TOKEN: credentials.token,
    JPY_API_TOKEN: credentials.token,
    JUPYTERHUB_CLIENT_ID: credentials.clientId,
    JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED: credentials.cookieHostPrefix ? '1' : '0',
    JUPYTERHUB_HOST: urls.origin,
    JUPYTERHUB_PUBLIC_URL: urls.fullServer(server.user, server.name) ?? '',
    JUPYTERHUB_PUBLIC_HUB_URL: urls.full(urls.path('/hub/')) ?? '',
    JUPYTERHUB_OAUTH_CALLBACK_URL: credentials.callbackUrl,
    JUPYTERHUB_OAUTH_SCOPES: JSON.stringify(credentials.accessScopes),
    JUPYTERHUB_OAUTH_ACCESS_SCOPES: JSON.stringify(credentials.accessScopes),
    JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES: JSON.stringify(credentials.clientAllowedScopes),
    JUPYTERHUB_USER: server.user,
    JUPYTERHUB_SERVER_NAME: server.name,
    JUPYTERHUB_API_URL: `${hubUrl}${apiPrefix}`,
    JUPYTERHUB_ACTIVITY_URL: hubUrl + credentials.activityPath,
    JUPYTERHUB_BASE_URL: urls.base,
    JUPYTERHUB_SERVICE_PREFIX: credentials.servicePrefix,
    JUPYTERHUB_SERVICE_URL: `http://${reservation.bindAddress}:${reservation.ports.http}${credentials.servicePrefix}`,
    JUPYTERHUB_ROOT_DIR: reservation.homeDirectory,
  };
  // As KubeSpawner sets them. On one machine nothing runs that image; options of clusters are checked by it.
  if (image !== undefined) Object.assign(variables, { JUPYTER_IMAGE_SPEC: image, JUPYTER_IMAGE: image });
  // Not with slugs: it is JupyterHub's own spawner that fills this template, for KubeSpawner too.
  if (defaultUrl !== undefined)
    variables.JUPYTERHUB_DEFAULT_URL = expandTemplate(defaultUrl, templateFields(server, urls));
  return variables;
}

function daskVariables({ hubUrl, urls }: EnvironmentInputs): Record<string, string> {
  return {
    DASK_GATEWAY__ADDRESS: `${hubUrl}/services/${gatewayServiceName}/`,
    // The edge tells TLS to schedulers and HTTP apart on one port.
    DASK_GATEWAY__PROXY_ADDRESS: `gateway://${hostAndPortOf(hubUrl)}`,
    DASK_GATEWAY__PUBLIC_ADDRESS: urls.servicePath(gatewayServiceName),
    DASK_GATEWAY__AUTH__TYPE: 'jupyterhub',
    DASK_LABEXTENSION__FACTORY__MODULE: 'dask_gateway',
    DASK_LABEXTENSION__FACTORY__CLASS: 'GatewayCluster',
    // For a LocalCluster inside the server: its dashboard opens through jupyter-server-proxy.
    DASK_DISTRIBUTED__DASHBOARD__LINK: '{JUPYTERHUB_SERVICE_PREFIX}proxy/{port}/status',
  };
}

/**
 * JupyterLab's Dask panel shows a cluster's graphs only when their link lies below the server's own `proxy/`
 * (src/hub/panelRoutes.ts). Only for clusters of the gateway: others do not take the argument.
 */
function panelVariables(servicePrefix: string, own: Record<string, string>): Record<string, string> {
  const chosen = own.DASK_LABEXTENSION__FACTORY__CLASS ?? 'GatewayCluster';
  if (chosen !== 'GatewayCluster') return {};
  return { DASK_LABEXTENSION__FACTORY__KWARGS__PUBLIC_ADDRESS: `${servicePrefix}proxy/dask-gateway/` };
}

function hostAndPortOf(url: string): string {
  const { protocol, hostname, port } = new URL(url);
  return `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`;
}
