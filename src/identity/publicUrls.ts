import { domainToASCII, domainToUnicode } from 'node:url';
import type { AddressSettings } from '../config/settings.ts';
import { sha256Hex } from '../core/ids.ts';
import { serverUrl } from './urls.ts';

/**
 * Where things are for those who use them: below which path, and on which hosts. Inside the hub, paths of its own are
 * written as if it were at `/`; what leaves it (links, models, cookies, environments, routes) is asked for here.
 */
export class PublicUrls {
  /** Everything is below it. Begins and ends with `/`. */
  readonly base: string;
  /** Scheme, host and port of the hub's own pages, where the settings name them; otherwise empty: wherever a request came. */
  readonly origin: string;
  readonly #subdomains: URL | undefined;

  constructor({ baseUrl, subdomainHost, publicUrl }: AddressSettings) {
    this.base = baseUrl;
    this.#subdomains = subdomainHost === undefined ? undefined : new URL(subdomainHost);
    const named = subdomainHost ?? publicUrl;
    this.origin = named === undefined ? '' : new URL(named).origin;
  }

  /** Whether each user and each service has a host of its own. */
  get hasSubdomains(): boolean {
    return this.#subdomains !== undefined;
  }

  /** The domain that the session id, which servers and services read, is set for; undefined: the hub's host alone. */
  get cookieDomain(): string | undefined {
    return this.#subdomains?.hostname;
  }

  /** A path of the hub's own: `/hub/home` gives `/research/hub/home`. */
  path(own: string): string {
    return this.base === '/' ? own : this.base + own.slice(1);
  }

  /** The other way round; undefined for a path that is not below the base. */
  own(path: string): string | undefined {
    if (path.startsWith(this.base)) return path.slice(this.base.length - 1);
    return `${path}/` === this.base ? '/' : undefined;
  }

  /** Where to send a browser to: a page of the hub's own gets the base, everything else is whole already. */
  location(location: string): string {
    return location.startsWith('/hub/') ? this.path(location) : location;
  }

  /** The path of a user's server: `/research/user/ada/`. */
  serverPath(user: string, name = ''): string {
    return this.path(serverUrl(user, name));
  }

  /** The address of a user's server, or of a path below it: a path, or with subdomains `https://ada.hub.example/user/ada/`. */
  server(user: string, name = '', path = this.serverPath(user, name)): string {
    return this.#originOf(this.userHost(user)) + path;
  }

  /** The same with scheme and host, where the settings name them; otherwise null. */
  fullServer(user: string, name = ''): string | null {
    return this.full(this.server(user, name));
  }

  /** An address with scheme and host, where the settings name them; otherwise null. */
  full(address: string): string | null {
    if (!address.startsWith('/')) return address;
    return this.origin === '' ? null : this.origin + address;
  }

  /** The path of a service: `/research/services/grades/`. */
  servicePath(name: string): string {
    return this.path(`/services/${name}/`);
  }

  /** The address of a service, as {@link server}. */
  service(name: string): string {
    return this.#originOf(this.serviceHost(name)) + this.servicePath(name);
  }

  /** The host name of a user's servers; undefined without subdomains. */
  userHost(user: string): string | undefined {
    return this.#subdomains && `${labelOf(user)}.${this.#subdomains.hostname}`;
  }

  /** The host name of a service; undefined without subdomains. */
  serviceHost(name: string): string | undefined {
    return (
      this.#subdomains &&
      `${labelOf(name, longestLabel - serviceMark.length)}${serviceMark}.${this.#subdomains.hostname}`
    );
  }

  /** Whether a host (lower case, with or without port, also with the final dot of a whole name) is one of a user or a service. */
  isSubdomain(host: string): boolean {
    return (
      this.#subdomains !== undefined && host.replace(/\.?(?::\d+)?$/, '').endsWith(`.${this.#subdomains.hostname}`)
    );
  }

  #originOf(host: string | undefined): string {
    if (host === undefined || this.#subdomains === undefined) return '';
    const { protocol, port } = this.#subdomains;
    return `${protocol}//${host}${port === '' ? '' : `:${port}`}`;
  }
}

const longestLabel = 63;
/** No user's label ends so: a name with `--` is hashed. */
const serviceMark = '--service';

/**
 * The DNS label of a name, as JupyterHub's `idna` hook makes it: the name itself where it is one, else its IDNA form, else
 * some of its letters and a part of its hash (longer than JupyterHub's, so that nobody finds a name with the hash of
 * another's). A name with `--` is always hashed, so that no two names share a label.
 */
export function labelOf(name: string, longest = longestLabel): string {
  if (name.includes('--')) return hashedLabel(name);
  if (isLabel(name, longest)) return name;
  const ascii = domainToASCII(name);
  // Others spell the same domain in another way.
  return domainToUnicode(ascii) === name && isLabel(ascii, longest) ? ascii : hashedLabel(name);
}

function isLabel(text: string, longest: number): boolean {
  return text.length <= longest && /^(?!\d+$)[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(text);
}

function hashedLabel(name: string): string {
  const letters = name.toLowerCase().replace(/[^a-z0-9]/g, '');
  return `u-${letters.slice(0, 8) || 'x'}--${sha256Hex(name).slice(0, 16)}`;
}
