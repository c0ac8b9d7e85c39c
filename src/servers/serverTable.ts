import { type Kysely, sql } from 'kysely';
import type { Database } from '../store/database.ts';
import { PreparedListQuery, PreparedRead } from '../store/preparedQuery.ts';
import type { Store } from '../store/store.ts';
import { activePhases, type Server, serverFromRow } from './server.ts';

/** Which servers {@link readServers} returns. An empty filter means all. */
export interface ServerFilter {
  users?: readonly string[];
  phases?: readonly Server['phase'][];
  /** Only those that run or are about to. */
  active?: true;
  /** Only named ones. */
  named?: true;
}

/** The servers that the filter lets through, by user and name. Inside a transaction, pass its `db`. */
export async function readServers(db: Kysely<Database>, filter: ServerFilter = {}): Promise<Server[]> {
  let query = selectServers(db).orderBy('users.name').orderBy('servers.name');
  if (filter.users) query = query.where('users.name', 'in', filter.users);
  if (filter.phases) query = query.where('servers.phase', 'in', filter.phases);
  if (filter.active) query = query.where('servers.phase', 'in', activePhases);
  if (filter.named) query = query.where('servers.name', '!=', '');
  return (await query.execute()).map(serverFromRow);
}

/** The same for servers of some users, for lists that are asked for often; of a thousand users by user and name. */
export function serversOfUsers(
  store: Store,
): (users: readonly string[], only?: Pick<ServerFilter, 'active'>) => Promise<Server[]> {
  const ofUsers = (names: readonly string[]) =>
    selectServers(store.db).where('users.name', 'in', names).orderBy('users.name').orderBy('servers.name');
  const phases = sql.join(activePhases.map((phase) => sql.lit(phase)));
  const all = new PreparedListQuery(store, ofUsers);
  const active = new PreparedListQuery(store, (names: readonly string[]) =>
    ofUsers(names).where(sql<boolean>`servers.phase in (${phases})`),
  );
  return async (users, only) => (await (only?.active ? active : all).all(users)).map(serverFromRow);
}

const byName = new PreparedRead((db, user: string, name: string) =>
  selectServers(db).where('users.name', '=', user).where('servers.name', '=', name),
);

const byWorkload = new PreparedRead((db, workloadId: string) =>
  selectServers(db).where('servers.workload_id', '=', workloadId),
);

/** One server, or undefined. */
export async function readServer(db: Kysely<Database>, user: string, name: string): Promise<Server | undefined> {
  const row = await byName.first(db, user, name);
  return row && serverFromRow(row);
}

/** The server whose present start has this workload, or undefined. */
export async function readServerOfWorkload(db: Kysely<Database>, workloadId: string): Promise<Server | undefined> {
  const row = await byWorkload.first(db, workloadId);
  return row && serverFromRow(row);
}

function selectServers(db: Kysely<Database>) {
  return db
    .selectFrom('servers')
    .innerJoin('users', 'users.id', 'servers.user_id')
    .select([
      'servers.id',
      'servers.user_id',
      'users.name as user_name',
      'servers.name',
      'servers.display_name',
      'servers.created_at',
      'servers.desired',
      'servers.phase',
      'servers.workload_id',
      'servers.token_fingerprint',
      'servers.user_options',
      'servers.settings_digest',
      'servers.started_at',
      'servers.ready_at',
      'servers.last_activity',
      'servers.failure',
    ]);
}
