/** The login cookie: HttpOnly, on `/hub/`. */
export const loginCookie = 'jupyterhub-hub-login';

/** The public id of the login, which services read as a key for their caches; on `/`. */
export const sessionIdCookie = 'jupyterhub-session-id';

/** The XSRF token for scripts of the hub's pages; on `/hub/`, not HttpOnly. */
export const xsrfCookie = '_xsrf';

/** Lets its bearer look at what the hub proxies (Dask dashboards), and nothing else; HttpOnly, on `/services/`. */
export const viewCookie = 'atoll-view';
