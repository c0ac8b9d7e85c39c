import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { Client, type Entry, InvalidCredentialsError, NoSuchObjectError, ResultCodeError } from 'ldapts';
import type { ldapTraits } from '../../../config/keys/authenticators/ldapTraits.ts';
import type { TraitValues } from '../../../config/keys/authenticators/trait.ts';
import { AtollError, messageOf } from '../../../core/errors.ts';

/** The traits of an LDAP authenticator. */
export type LdapTraits = TraitValues<typeof ldapTraits>;

const timeoutMs = 10_000;

/** The address of a directory, and how its connections are protected. */
interface Address {
  url: string;
  startTls: boolean;
  tls: ConnectionOptions;
}

/** A connection to the directory, as somebody. */
export class DirectorySession {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Entries at or below `base`, `most` at most. An entry that does not exist holds nothing. */
  async search(base: string, scope: 'base' | 'sub', filter: string, attributes: string[], most = 2): Promise<Entry[]> {
    try {
      const { searchEntries } = await this.#client.search(base, {
        scope,
        filter,
        attributes,
        sizeLimit: most,
        timeLimit: 10,
      });
      return searchEntries;
    } catch (error) {
      if (error instanceof NoSuchObjectError) return [];
      throw unreachable(error);
    }
  }

  async close(): Promise<void> {
    await this.#client.unbind().catch(() => undefined);
  }
}

/** The directory: makes connections. */
export class Directory {
  readonly #address: Address;

  /** @throws AtollError `ATOLL_AUTHENTICATOR_INVALID` */
  constructor(traits: LdapTraits) {
    this.#address = addressOf(traits);
  }

  /**
   * Connects as the owner of a DN; undefined: the password is wrong, or there is no such DN. Without a DN: as nobody.
   * @throws AtollError `ATOLL_PROVIDER_FAILED` when the directory does not answer.
   */
  async connect(dn?: string, password?: string): Promise<DirectorySession | undefined> {
    const { url, startTls, tls } = this.#address;
    const client = new Client({
      url,
      timeout: timeoutMs,
      connectTimeout: timeoutMs,
      ...(url.startsWith('ldaps:') && { tlsOptions: tls }),
    });
    try {
      if (startTls) await client.startTLS(tls);
      if (dn !== undefined) await client.bind(dn, password);
      return new DirectorySession(client);
    } catch (error) {
      await client.unbind().catch(() => undefined);
      // Whatever else a directory answers to a bind (locked, expired, no such object, no valid DN) lets nobody in either.
      if (error instanceof InvalidCredentialsError || error instanceof ResultCodeError) return undefined;
      throw unreachable(error);
    }
  }
}

function addressOf(traits: LdapTraits): Address {
  const { server_address, server_port, tls_kwargs, use_ssl } = traits;
  if (!server_address) throw unfit('LDAPAuthenticator needs server_address.');
  const written = /^(ldaps?):\/\/(\[[^\]]+\]|[^:/]+)(?::(\d+))?\/?$/.exec(server_address);
  const strategy = use_ssl || written?.[1] === 'ldaps' ? 'on_connect' : strategyOf(traits.tls_strategy);
  const host = written?.[2] ?? (server_address.includes(':') ? `[${server_address}]` : server_address);
  const onConnect = strategy === 'on_connect';
  const port = written?.[3] ?? server_port ?? (onConnect ? 636 : 389);
  return {
    url: `${onConnect ? 'ldaps' : 'ldap'}://${host}:${port}`,
    startTls: strategy === 'before_bind',
    tls: {
      ...(tls_kwargs.ca_certs_file && { ca: readCertificates(tls_kwargs.ca_certs_file) }),
      ...(isIgnored(tls_kwargs.validate) && { rejectUnauthorized: false }),
      servername: host.startsWith('[') || /^[\d.]+$/.test(host) ? '' : host,
      host: host.replace(/^\[|\]$/g, ''),
    },
  };
}

/** ldap3's `ssl.CERT_NONE`. */
function isIgnored(validate: unknown): boolean {
  return validate === 0 || validate === false || validate === 'CERT_NONE';
}

function strategyOf(value: LdapTraits['tls_strategy']): 'before_bind' | 'on_connect' | 'insecure' {
  if (value === '2' || value === 'on_connect') return 'on_connect';
  return value === '3' || value === 'insecure' ? 'insecure' : 'before_bind';
}

function readCertificates(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw unfit('The file of trusted certificates cannot be read.', messageOf(error));
  }
}

function unfit(message: string, evidence?: string): AtollError {
  return new AtollError('ATOLL_AUTHENTICATOR_INVALID', message, evidence === undefined ? {} : { evidence });
}

function unreachable(error: unknown): AtollError {
  if (error instanceof AtollError) return error;
  return new AtollError('ATOLL_PROVIDER_FAILED', 'The directory does not answer, or refuses to.', {
    evidence: messageOf(error),
  });
}
