import { gatewayServiceName } from '../roles/defaultRoles.ts';

/** The login cookie: HttpOnly, on `/hub/`. */
export const loginCookie = 'jupyterhub-hub-login';

/** The public id of the login, which services read as a key for their caches; on `/`. */
export const sessionIdCookie = 'jupyterhub-session-id';

/** The XSRF token, for programs that send forms without reading pages; HttpOnly, on `/hub/`. The hub's pages hold it too. */
export const xsrfCookie = '_xsrf';

/** Lets its bearer look at what the hub proxies (Dask dashboards), and nothing else; HttpOnly, on {@link viewCookiePath}. */
export const viewCookie = 'atoll-view';

/** Where the view cookie is sent to: not to other services, which could use it. */
export const viewCookiePath = `/services/${gatewayServiceName}/`;
