import type { Kysely } from 'kysely';
import type { ClusterSettings } from '../config/settings.ts';
import type { Clock } from '../core/clock.ts';
import { AtollError } from '../core/errors.ts';
import type { Sealer } from '../core/sealer.ts';
import type { RouteWriter } from '../edge/protocol.ts';
import type { Logger } from '../observability/logger.ts';
import type { Runtime } from '../runtimes/contract.ts';
import type { Database } from '../store/database.ts';
import { PreparedRead } from '../store/preparedQuery.ts';
import type { Store } from '../store/store.ts';
import type { ClusterCredentials } from './credentials.ts';

/** What all parts of `clusters/` work with. */
export interface ClustersContext {
  store: Store;
  runtime: Runtime;
  routes: RouteWriter;
  sealer: Sealer;
  /** Those in force now. */
  readonly settings: ClusterSettings;
  /** Where schedulers reach the gateway's API, without a final slash: `http://127.0.0.1:8000/services/dask-gateway`. */
  gatewayUrl: string;
  clock: Clock;
  log: Logger;
}

/** A cluster's secrets as they are kept: sealed, and bound to its name. */
export function sealCredentials(
  sealer: Sealer,
  name: string,
  credentials: ClusterCredentials,
): { token: string; tls_cert: string; tls_key: string } {
  return {
    token: sealer.seal(credentials.token, contextOf(name, 'token')),
    tls_cert: credentials.tlsCert,
    tls_key: sealer.seal(credentials.tlsKey, contextOf(name, 'key')),
  };
}

/** A cluster's secrets, or undefined when it has ended or is not known. */
export async function openCredentials(
  db: Kysely<Database>,
  sealer: Sealer,
  name: string,
): Promise<ClusterCredentials | undefined> {
  const row = await secretsOf.first(db, name);
  if (!row) return undefined;
  return {
    token: sealer.open(row.token, contextOf(name, 'token')),
    tlsCert: row.tls_cert,
    tlsKey: sealer.open(row.tls_key, contextOf(name, 'key')),
  };
}

const secretsOf = new PreparedRead((db, name: string) =>
  db
    .selectFrom('clusters')
    .select(['token', 'tls_cert', 'tls_key'])
    .where('name', '=', name)
    .where((where) => where('ended', '=', where.lit(0))),
);

/** Of a cluster's secrets its token alone. */
export async function openToken(db: Kysely<Database>, sealer: Sealer, name: string): Promise<string | undefined> {
  const row = await secretsOf.first(db, name);
  return row && sealer.open(row.token, contextOf(name, 'token'));
}

/** The same, of a cluster that is known not to have ended. */
export async function requireCredentials(
  db: Kysely<Database>,
  sealer: Sealer,
  name: string,
): Promise<ClusterCredentials> {
  const credentials = await openCredentials(db, sealer, name);
  if (!credentials) throw new AtollError('ATOLL_INTERNAL', 'The cluster has ended meanwhile.');
  return credentials;
}

function contextOf(name: string, what: string): string {
  return `cluster:${name}:${what}`;
}
