import type { ServiceSettings } from '../config/settings.ts';
import type { Clock } from '../core/clock.ts';
import { AtollError } from '../core/errors.ts';
import { sha256Hex } from '../core/ids.ts';
import type { Logger } from '../observability/logger.ts';
import type { Store } from '../store/store.ts';
import { checkMayGrantAdmin } from './adminFlag.ts';
import { firstNotToGive } from './firstNotToGive.ts';
import type { Identity } from './identity.ts';
import type { Principal } from './principal.ts';
import { resolveScopes } from './scopes/resolveScopes.ts';
import { ScopeSet } from './scopes/scopeSet.ts';
import type { Service } from './services.ts';
import { deleteTokens } from './tokens.ts';

/** Services that are added while the hub runs (`POST /services/NAME`). They are kept in the store, and come back with it. */
export class RuntimeServices {
  readonly #identity: Identity;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor(dependencies: { identity: Identity; store: Store; clock: Clock; log: Logger }) {
    this.#identity = dependencies.identity;
    this.#store = dependencies.store;
    this.#clock = dependencies.clock;
    this.#log = dependencies.log;
  }

  /** Makes those known that were added before. One that the settings contradict by now is left out. */
  async load(): Promise<void> {
    for (const row of await this.#store.db.selectFrom('services').selectAll().orderBy('created_at').execute()) {
      try {
        this.#identity.services.add(JSON.parse(row.settings) as ServiceSettings, row.token_hash ?? undefined);
      } catch (error) {
        if (!(error instanceof AtollError)) throw error;
        this.#log.warn({ service: row.name, error: error.message }, 'a service that was added is left out');
      }
    }
  }

  /**
   * Adds a service.
   * @throws AtollError `ATOLL_CONFLICT`, `ATOLL_SERVICE_INVALID`, or `ATOLL_FORBIDDEN` when it would hold, or could get from
   * people, more than the requester holds
   */
  async add(settings: ServiceSettings, requester: Principal): Promise<Service> {
    const { services, oauthClients } = this.#identity;
    const { apiToken, ...kept } = settings;
    if (services.get(settings.name)) throw new AtollError('ATOLL_CONFLICT', `Service ${settings.name} already exists`);
    await this.#checkMayAdd(settings, requester);
    const tokenHash = apiToken === undefined ? undefined : sha256Hex(apiToken);
    const service = services.add(settings, tokenHash);
    try {
      await this.#store.write(async (write) => {
        const values = { settings: JSON.stringify(kept), token_hash: tokenHash ?? null, created_at: this.#clock.now() };
        // A row may be there of a service that `load` left out.
        await write.db
          .insertInto('services')
          .values({ name: service.name, ...values })
          .onConflict((conflict) => conflict.column('name').doUpdateSet(values))
          .execute();
        await oauthClients.registerServiceIn(write, service);
        write.changed('services', service.name);
        await write.audit({ action: 'service.create', target: service.name, details: { admin: service.admin } });
      });
    } catch (error) {
      services.remove(service.name);
      throw error;
    }
    return service;
  }

  /** Removes a service that was added at run time, with its OAuth client and all tokens that it obtained. */
  async remove(service: Service): Promise<void> {
    await this.#store.write(async (write) => {
      await deleteTokens(write, (token) => token('oauth_client_id', '=', service.oauth.clientId));
      await write.db.deleteFrom('oauth_clients').where('id', '=', service.oauth.clientId).execute();
      await write.db.deleteFrom('services').where('name', '=', service.name).execute();
      this.#identity.services.remove(service.name);
      write.changed('services', service.name);
      await write.audit({ action: 'service.delete', target: service.name });
    });
  }

  async #checkMayAdd(settings: ServiceSettings, requester: Principal): Promise<void> {
    const { roles, catalogue } = this.#identity;
    const scopes = roles.scopesIn(settings.oauthClientAllowedScopes);
    const unknown = scopes.find((scope) => !catalogue.knows(scope));
    if (unknown !== undefined)
      throw new AtollError('ATOLL_BAD_REQUEST', `Scope '${unknown.slice(0, 100)}' for service does not exist`);
    // Such a service could act for everybody who opens it, administrators included.
    if (settings.admin || settings.oauthNoConfirm || scopes.some((scope) => scope === 'inherit' || scope === 'self'))
      checkMayGrantAdmin(requester);
    // The settings may give a role to the name.
    const own = roles.scopesOf(roles.ofService(settings));
    const given = ScopeSet.of(resolveScopes([...own, ...scopes], { service: settings.name }, catalogue));
    const excess = await firstNotToGive(given, requester.scopes, this.#identity);
    if (excess !== undefined)
      throw new AtollError('ATOLL_FORBIDDEN', `The service would have the right ${excess}, which you do not have`);
  }
}
