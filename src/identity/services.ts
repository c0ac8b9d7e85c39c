import type { ServiceSettings } from '../config/settings.ts';
import { AtollError } from '../core/errors.ts';
import { equalInConstantTime, sha256Hex } from '../core/ids.ts';
import { isValidName } from './names.ts';
import type { PublicUrls } from './publicUrls.ts';
import { gatewayServiceName } from './roles/defaultRoles.ts';
import { maximumTokenLength } from './tokens.ts';
import { escapeSegment } from './urls.ts';

const minimumTokenLength = 8;

/** A service. The token of one of the settings is kept as a hash, in memory only. */
export interface Service {
  name: string;
  /** Whether the settings name it; false: it was added at run time. */
  ofSettings: boolean;
  admin: boolean;
  /** Where it is proxied to; undefined: not proxied. */
  url?: string;
  /** The path below which it is reached: `/services/NAME/`, with the hub's base in front. */
  prefix: string;
  display: boolean;
  info: Record<string, unknown>;
  oauth: {
    clientId: string;
    redirectUri: string;
    allowedScopes: readonly string[];
    /** Whether people are not asked for their consent. */
    noConfirm: boolean;
  };
  tokenHash?: string;
  /** The command with which the hub runs it; undefined: the hub does not. */
  command?: readonly string[];
  /** The process that the hub runs for it now. */
  pid?: number | undefined;
  /** Whether it took connections when somebody looked last; undefined: nobody has, or it has no address. */
  reachable?: boolean;
}

/** The present start of a service that the hub runs. */
export interface StartedService {
  /** SHA-256 of the token that it was given. */
  tokenHash: string;
  /** Undefined while it does not run. */
  pid: number | undefined;
}

/** The services that the settings name, those added at run time, and Atoll's own gateway for Dask clusters. */
export class Services {
  readonly #urls: PublicUrls;
  readonly #byName = new Map<string, Service>();
  readonly #byTokenHash = new Map<string, Service>();

  /** @throws AtollError `ATOLL_SERVICE_INVALID` for a bad name or client id, and for tokens that are short, long or shared. */
  constructor(settings: Readonly<Record<string, ServiceSettings>>, urls: PublicUrls) {
    this.#urls = urls;
    for (const service of Object.values(settings)) this.addOfSettings(service);
    if (!this.#byName.has(gatewayServiceName))
      this.#add(
        toService(
          {
            name: gatewayServiceName,
            admin: false,
            display: false,
            oauthNoConfirm: false,
            oauthClientAllowedScopes: [],
            info: {},
          },
          urls,
        ),
      );
  }

  /** Adds a service that the settings name, in the place of Atoll's own of that name. @throws AtollError `ATOLL_SERVICE_INVALID` */
  addOfSettings(settings: ServiceSettings): void {
    const service = toService(settings, this.#urls);
    if (service.name === gatewayServiceName) this.#byName.delete(gatewayServiceName);
    this.#add(service);
  }

  /**
   * Adds a service at run time.
   * @throws AtollError `ATOLL_SERVICE_INVALID`, as for one of the settings
   */
  add(settings: ServiceSettings, tokenHash?: string): Service {
    const service = toService(settings, this.#urls);
    if (this.#byName.has(service.name)) throw invalid(service.name, 'has the name of another service');
    const added = { ...service, ofSettings: false, ...(tokenHash !== undefined && { tokenHash }) };
    this.#add(added);
    return added;
  }

  /** Takes a service away that was added at run time. */
  remove(name: string): void {
    const service = this.#byName.get(name);
    if (!service || service.ofSettings) return;
    this.#byName.delete(name);
    if (service.tokenHash !== undefined) this.#byTokenHash.delete(service.tokenHash);
  }

  #add(service: Service): void {
    if (this.list().some((other) => other.oauth.clientId === service.oauth.clientId))
      throw invalid(service.name, 'has the same OAuth client id as another service');
    const { name, tokenHash } = service;
    if (tokenHash !== undefined && this.#byTokenHash.has(tokenHash))
      throw invalid(name, 'has the same API token as another service');
    this.#byName.set(name, service);
    if (tokenHash !== undefined) this.#byTokenHash.set(tokenHash, service);
  }

  get(name: string): Service | undefined {
    return this.#byName.get(name);
  }

  /** All services, sorted by name. */
  list(): Service[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The service whose token this is. */
  fromToken(secret: string): Service | undefined {
    return secret.length < minimumTokenLength || secret.length > maximumTokenLength
      ? undefined
      : this.#byTokenHash.get(sha256Hex(secret));
  }

  /** Notes how a service that the hub runs was started last: its token is good from now on. Undefined: it is not any more. */
  setStarted(name: string, started: StartedService | undefined): void {
    const service = this.#byName.get(name);
    // One that the hub does not run (any more) keeps the token of the settings.
    if (!service?.command) return;
    if (service.tokenHash !== undefined && service.tokenHash !== started?.tokenHash) {
      this.#byTokenHash.delete(service.tokenHash);
      delete service.tokenHash;
    }
    service.pid = started?.pid;
    if (!started) return;
    service.tokenHash = started.tokenHash;
    this.#byTokenHash.set(started.tokenHash, service);
  }

  /** Notes whether a service takes connections. */
  setReachable(name: string, reachable: boolean): void {
    const service = this.#byName.get(name);
    if (service) service.reachable = reachable;
  }

  /** Whether a secret is the token of this service. */
  hasToken(service: Service, secret: string): boolean {
    return service.tokenHash !== undefined && equalInConstantTime(service.tokenHash, sha256Hex(secret));
  }
}

function toService(settings: ServiceSettings, urls: PublicUrls): Service {
  const { name, apiToken, url, oauthClientId, oauthRedirectUri } = settings;
  if (!isValidName(name) || escapeSegment(name) !== name)
    throw invalid(name, 'has a name that cannot stand in a web address');
  if (apiToken !== undefined && (apiToken.length < minimumTokenLength || apiToken.length > maximumTokenLength))
    throw invalid(name, `has an API token that is not ${minimumTokenLength} to ${maximumTokenLength} characters long`);
  // Otherwise a service could take the client id of a user's server.
  if (oauthClientId !== undefined && !oauthClientId.startsWith('service-'))
    throw invalid(name, 'has an OAuth client id that does not begin with "service-"');
  return {
    name,
    ofSettings: true,
    admin: settings.admin,
    ...(url !== undefined && { url }),
    prefix: urls.servicePath(name),
    display: settings.display,
    info: settings.info,
    oauth: {
      clientId: oauthClientId ?? `service-${name}`,
      redirectUri: oauthRedirectUri ?? `${urls.service(name)}oauth_callback`,
      allowedScopes: settings.oauthClientAllowedScopes,
      noConfirm: settings.oauthNoConfirm,
    },
    ...(apiToken !== undefined && { tokenHash: sha256Hex(apiToken) }),
    ...(settings.managed && { command: settings.managed.command }),
  };
}

function invalid(name: string, what: string): AtollError {
  return new AtollError('ATOLL_SERVICE_INVALID', `The service "${name}" ${what}.`);
}
