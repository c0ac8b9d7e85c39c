import { AtollError } from '../../core/errors.ts';
import { equalInConstantTime, randomHex, sha256Hex } from '../../core/ids.ts';
import type { Store, Write } from '../../store/store.ts';
import type { OAuthClientsTable } from '../../store/tables/identity.ts';
import type { PublicUrls } from '../publicUrls.ts';
import { gatewayServiceName } from '../roles/defaultRoles.ts';
import type { ScopeHolder } from '../scopes/resolveScopes.ts';
import type { Service, Services } from '../services.ts';
import { escapeFully } from '../urls.ts';

/** A program that people sign in to by way of the hub: a user's server, or a service. */
export interface OAuthClient {
  id: string;
  /** `Server at /user/ada/`, for the consent page. */
  description: string;
  /** The only address that codes are sent to. A path means: on the hub's own host. */
  redirectUri: string;
  allowedScopes: readonly string[];
  /** The server (`USER/SERVER`) or service it belongs to. */
  holder: ScopeHolder;
  /** The same, as a resource for {@link Identity.can}. */
  target: { user: string; server: string } | { service: string };
  /** Whether people are not asked for their consent. */
  noConfirm: boolean;
}

/** One server of one user. */
export interface ServerKey {
  user: string;
  /** "" is the default one. */
  serverName: string;
}

/** What {@link OAuthClients.registerServerClient} registers. */
export interface ServerClientRegistration extends ServerKey {
  /** The server's API token. */
  secret: string;
  allowedScopes: readonly string[];
}

/** The OAuth clients, in the store: one for each server that was started, one for each service of the settings. */
export class OAuthClients {
  readonly #store: Store;
  readonly #services: Services;
  readonly #urls: PublicUrls;

  constructor(store: Store, services: Services, urls: PublicUrls) {
    this.#store = store;
    this.#services = services;
    this.#urls = urls;
  }

  async get(id: string): Promise<OAuthClient | undefined> {
    const row = await this.#find(id);
    return row && this.#toClient(row);
  }

  /** The client with this id, if the secret is its own. */
  async authenticate(id: string, secret: string): Promise<OAuthClient | undefined> {
    const row = await this.#find(id);
    const client = row && this.#toClient(row);
    if (!row || !client) return undefined;
    if (row.secret_hash !== null) return equalInConstantTime(row.secret_hash, sha256Hex(secret)) ? client : undefined;
    const service = 'service' in client.target ? this.#services.get(client.target.service) : undefined;
    return service && this.#services.hasToken(service, secret) ? client : undefined;
  }

  /**
   * Registers the client of a server, or gives it a new secret. Returns its id: `jupyterhub-user-NAME`, or
   * `jupyterhub-user-NAME-SERVER` for a named server; where that id belongs to another server already (user `a` with server
   * `b`, and user `a-b`), a suffix tells them apart.
   * @throws AtollError `ATOLL_NOT_FOUND` when there is no such user.
   */
  async registerServerClient(registration: ServerClientRegistration): Promise<string> {
    return this.#store.write((write) => this.registerServerClientIn(write, registration));
  }

  /** {@link registerServerClient}, as part of a larger change. */
  async registerServerClientIn(write: Write, registration: ServerClientRegistration): Promise<string> {
    const { user, serverName, secret, allowedScopes } = registration;
    const owner = await write.db.selectFrom('users').select('id').where('name', '=', user).executeTakeFirst();
    if (!owner) throw new AtollError('ATOLL_NOT_FOUND', `No such user: ${user}`);
    const values = {
      description: `Server at ${this.#urls.serverPath(user, serverName)}`,
      secret_hash: sha256Hex(secret),
      redirect_uri: `${this.#urls.server(user, serverName)}oauth_callback`,
      allowed_scopes: JSON.stringify(allowedScopes),
    };
    const known = await write.db
      .updateTable('oauth_clients')
      .set(values)
      .where('user_id', '=', owner.id)
      .where('server_name', '=', serverName)
      .returning('id')
      .executeTakeFirst();
    if (known) return known.id;
    const id = await freeId(write, { user, serverName });
    await write.db
      .insertInto('oauth_clients')
      .values({ id, ...values, user_id: owner.id, server_name: serverName, service: null })
      .execute();
    return id;
  }

  /** Makes the services' clients those of the settings; ones of other services go, with the tokens they obtained. */
  async synchroniseServices(): Promise<void> {
    const services = this.#services.list().filter(({ name, tokenHash }) => name !== gatewayServiceName || tokenHash);
    await this.#store.write(async (write) => {
      const ids = services.map((service) => service.oauth.clientId);
      await write.db
        .deleteFrom('oauth_clients')
        .where('service', 'is not', null)
        .where('id', 'not in', ['', ...ids])
        .execute();
      for (const service of services) await this.registerServiceIn(write, service);
    });
  }

  /** Registers the client of a service, or brings it up to date, as part of a larger change. */
  async registerServiceIn({ db }: Write, { name, oauth }: Service): Promise<void> {
    const values = {
      description: `The service ${name}`,
      redirect_uri: oauth.redirectUri,
      allowed_scopes: JSON.stringify(oauth.allowedScopes),
      service: name,
    };
    await db
      .insertInto('oauth_clients')
      .values({ id: oauth.clientId, ...values, secret_hash: null, user_id: null, server_name: null })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(values))
      .execute();
  }

  async #find(id: string): Promise<ClientRow | undefined> {
    return this.#store.db
      .selectFrom('oauth_clients')
      .leftJoin('users', 'users.id', 'oauth_clients.user_id')
      .selectAll('oauth_clients')
      .select('users.name as user_name')
      .where('oauth_clients.id', '=', id)
      .executeTakeFirst();
  }

  #toClient(row: ClientRow): OAuthClient | undefined {
    const common = {
      id: row.id,
      description: row.description,
      redirectUri: row.redirect_uri,
      allowedScopes: JSON.parse(row.allowed_scopes) as string[],
    };
    if (row.user_name !== null && row.server_name !== null)
      return {
        ...common,
        holder: { server: `${row.user_name}/${row.server_name}` },
        target: { user: row.user_name, server: row.server_name },
        noConfirm: false,
      };
    const service = row.service === null ? undefined : this.#services.get(row.service);
    return (
      service && {
        ...common,
        holder: { service: service.name },
        target: { service: service.name },
        noConfirm: service.oauth.noConfirm,
      }
    );
  }
}

type ClientRow = OAuthClientsTable & { user_name: string | null };

async function freeId(write: Write, { user, serverName }: ServerKey): Promise<string> {
  const plain = `jupyterhub-user-${escapeFully(user)}${serverName === '' ? '' : `-${escapeFully(serverName)}`}`;
  const told = `${plain}-${sha256Hex(`${user}/${serverName}`).slice(0, 12)}`;
  for (const id of [plain, told]) {
    const taken = await write.db.selectFrom('oauth_clients').select('id').where('id', '=', id).executeTakeFirst();
    if (!taken) return id;
  }
  // Somebody named a server so that both are taken; what is drawn now, nobody could foresee.
  return `${plain}-${randomHex(6)}`;
}
