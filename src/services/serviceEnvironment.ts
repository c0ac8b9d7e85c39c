import type { Identity } from '../identity/identity.ts';
import type { Service } from '../identity/services.ts';
import { apiPrefix } from '../identity/urls.ts';

/** What the environment of a service is made from. */
export interface ServiceEnvironmentInputs {
  service: Service;
  token: string;
  /** Where the edge answers on this machine, with the hub's base, without a final slash: `http://127.0.0.1:8000`. */
  hubUrl: string;
  /** Where people find things, and what cookies are. */
  identity: Pick<Identity, 'urls' | 'cookies'>;
  /** The service's own variables from the settings; they win. */
  extra: Readonly<Record<string, string>>;
}

/** What JupyterHub gives to the services it runs, by which `HubAuth` and `HubOAuth` set themselves up. */
export function serviceEnvironment({
  service,
  token,
  hubUrl,
  identity: { urls, cookies },
  extra,
}: ServiceEnvironmentInputs): Record<string, string> {
  const { name, url, prefix, oauth } = service;
  const accessScopes = JSON.stringify(['access:services', `access:services!service=${name}`]);
  return {
    JUPYTERHUB_SERVICE_NAME: name,
    JUPYTERHUB_API_TOKEN: token,
    JUPYTERHUB_API_URL: `${hubUrl}${apiPrefix}`,
    JUPYTERHUB_BASE_URL: urls.base,
    JUPYTERHUB_HOST: urls.origin,
    JUPYTERHUB_PUBLIC_HUB_URL: urls.full(urls.path('/hub/')) ?? '',
    JUPYTERHUB_CLIENT_ID: oauth.clientId,
    JUPYTERHUB_OAUTH_SCOPES: accessScopes,
    JUPYTERHUB_OAUTH_ACCESS_SCOPES: accessScopes,
    JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES: JSON.stringify(oauth.allowedScopes),
    JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED: cookies.prefixForPrograms ? '1' : '0',
    ...(url !== undefined && {
      JUPYTERHUB_SERVICE_PREFIX: prefix,
      JUPYTERHUB_SERVICE_URL: url,
      JUPYTERHUB_PUBLIC_URL: urls.full(urls.service(name)) ?? '',
      // Below its own prefix, as with JupyterHub, even where another address is registered: programs make it a route of theirs.
      JUPYTERHUB_OAUTH_CALLBACK_URL: `${urls.service(name)}oauth_callback`,
    }),
    ...extra,
  };
}
