import type { CookieSettings } from '../../config/settings.ts';
import type { PublicUrls } from '../publicUrls.ts';
import { gatewayServiceName } from '../roles/defaultRoles.ts';
import type { Client } from './client.ts';
import { readCookies, writeCookie } from './cookies.ts';

/**
 * The hub's own cookies, all HttpOnly. `login`: the credential, on `/hub/` only. `sessionId`: the public id of the login, which
 * services read as a key for their caches. `xsrf`: the XSRF token, for programs that send forms without reading pages; the
 * hub's pages hold it too. `view`: lets its bearer look at what the hub proxies (Dask dashboards), and nothing else; not
 * sent to other services, which could use it.
 */
export type HubCookie = 'login' | 'sessionId' | 'xsrf' | 'view';

interface Place {
  name: string;
  path: string;
  domain?: string | undefined;
}

/** Names and places of the hub's cookies, by the settings. */
export class HubCookies {
  /** How long a login lasts, in seconds. */
  readonly loginSeconds: number;
  /**
   * Whether servers and services shall use the prefix too. Only where each has a host of its own: on a shared one, such a
   * cookie, which is for `/`, would reach everybody's server.
   */
  readonly prefixForPrograms: boolean;
  readonly #places: Readonly<Record<HubCookie, Place>>;
  readonly #servicesPath: string;

  constructor(urls: PublicUrls, { loginDays, hostPrefix }: CookieSettings) {
    const pages = urls.path('/hub/');
    this.prefixForPrograms = hostPrefix && urls.hasSubdomains;
    this.loginSeconds = loginDays * 24 * 3600;
    this.#places = {
      // A browser takes a name with this prefix from the host itself only, over https, for `/`.
      login: hostPrefix
        ? { name: '__Host-jupyterhub-hub-login', path: '/' }
        : { name: 'jupyterhub-hub-login', path: pages },
      sessionId: { name: 'jupyterhub-session-id', path: urls.base, domain: urls.cookieDomain },
      xsrf: { name: '_xsrf', path: pages },
      view: { name: 'atoll-view', path: urls.servicePath(gatewayServiceName) },
    };
    this.#servicesPath = urls.path('/services');
  }

  /** All values of one cookie in a `Cookie` header. */
  read(cookieHeader: string, cookie: HubCookie): string[] {
    return readCookies(cookieHeader, this.#places[cookie].name);
  }

  /**
   * A `Set-Cookie` value.
   * @param maxAge seconds; undefined: until the browser ends
   */
  write(cookie: HubCookie, value: string, { scheme }: Client, maxAge?: number): string {
    return this.#write(this.#places[cookie], value, scheme, maxAge);
  }

  /** `Set-Cookie` values that remove all of them, and one that services of old versions set. */
  removeAll({ scheme }: Client): string[] {
    const old: Place = { name: 'jupyterhub-services', path: this.#servicesPath };
    return [...Object.values(this.#places), old].map((place) => this.#write(place, '', scheme, 0));
  }

  #write({ name, ...place }: Place, value: string, scheme: Client['scheme'], maxAge: number | undefined): string {
    const secure = scheme === 'https' || name.startsWith('__Host-');
    return writeCookie(name, value, { ...place, ...(maxAge !== undefined && { maxAge }), httpOnly: true, secure });
  }
}
