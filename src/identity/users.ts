import { type Selectable, type SelectQueryBuilder, sql } from 'kysely';
import type { Clock } from '../core/clock.ts';
import { AtollError } from '../core/errors.ts';
import type { Database } from '../store/database.ts';
import { PreparedQuery } from '../store/preparedQuery.ts';
import type { Store, Write } from '../store/store.ts';
import type { UsersTable } from '../store/tables/identity.ts';
import { forgetCredentials } from './forgetCredentials.ts';
import { deleteServerClients } from './oauth/deleteServerClients.ts';
import { orNone } from './orNone.ts';

/** A person who may use the hub. */
export interface User {
  id: number;
  name: string;
  admin: boolean;
  /** Milliseconds since the epoch, as all times here. */
  createdAt: number;
  lastActivity: number | null;
  /** What the authenticator says about them (`name`, `display_name`, …). */
  userInfo: Record<string, unknown> | null;
  /** Who vouched for them when they signed in last; null: nobody but an administrator. */
  vouchedBy: Voucher | null;
}

/** Who vouches for a user. */
export interface Voucher {
  /** `Authenticator.provider`. */
  provider: string;
  /** What the provider knows them by for good; null: their name. */
  subject: string | null;
  /** When it was last asked. */
  askedAt: number;
}

/** Which users to list, and in what order. */
export interface UserQuery {
  /** By their servers: `active`: one that is not stopped; `ready`: one that answers; `inactive`: none active. */
  state?: 'active' | 'ready' | 'inactive';
  /** Only names that contain this, in any case. */
  nameFilter?: string;
  /** Only these users and the members of these groups. Undefined: everybody. */
  within?: { users: readonly string[]; groups: readonly string[] };
  sort?: 'id' | 'name' | 'last_activity';
  descending?: boolean;
  offset: number;
  limit: number;
  /** Whether to count how many fit in all, which takes a look at each. Default true. */
  count?: boolean;
}

const activePhases = ['starting', 'ready', 'stopping'];

/** The users, in the store. Names given to these methods are normalised already (`toUserName`). */
export class Users {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #byName: PreparedQuery<[name: string], UserRow>;
  readonly #byId: PreparedQuery<[id: number], UserRow>;
  readonly #page: PreparedQuery<[limit: number, offset: number], UserRow>;
  readonly #count: PreparedQuery<[], { count: number | string }>;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    const users = store.db.selectFrom('users').select(userColumns);
    this.#byName = new PreparedQuery(store, (name) => users.where('users.name', '=', name));
    this.#byId = new PreparedQuery(store, (id) => users.where('users.id', '=', id));
    this.#page = new PreparedQuery(store, (limit, offset) => users.orderBy('users.id').limit(limit).offset(offset));
    this.#count = new PreparedQuery(store, () => counting(store.db.selectFrom('users')));
  }

  async get(name: string): Promise<User | undefined> {
    const row = await this.#byName.first(name);
    return row && toUser(row);
  }

  async getById(id: number): Promise<User | undefined> {
    const row = await this.#byId.first(id);
    return row && toUser(row);
  }

  /** One page of the users that fit, and how many fit in all (0 when that was not asked for). */
  async list(query: UserQuery): Promise<{ users: User[]; total: number }> {
    const everybody = !query.state && !query.nameFilter && !query.within;
    const fitting = narrow(this.#store.db.selectFrom('users'), query);
    const count = () => (everybody ? this.#count.first() : counting(fitting).executeTakeFirst());
    const total = query.count === false ? 0 : Number((await count())?.count);
    if (everybody && (query.sort ?? 'id') === 'id' && !query.descending)
      return { users: (await this.#page.all(query.limit, query.offset)).map(toUser), total };
    const order = query.descending ? 'desc' : 'asc';
    const sorted =
      query.sort === 'last_activity'
        ? // Never active counts as longest ago, in both dialects.
          fitting.orderBy(sql`coalesce(users.last_activity, -1)`, order)
        : fitting.orderBy(`users.${query.sort ?? 'id'}`, order);
    const rows = await sorted
      .orderBy('users.id', order)
      .select(userColumns)
      .offset(query.offset)
      .limit(query.limit)
      .execute();
    return { users: rows.map(toUser), total };
  }

  /** Creates those that do not exist, and returns the created ones. */
  async create(names: readonly string[], admin = false): Promise<User[]> {
    return this.#store.write(async (write) => {
      const created: User[] = [];
      for (const name of names) {
        const row = await write.db
          .insertInto('users')
          .values({ name, admin: admin ? 1 : 0, created_at: this.#clock.now() })
          .onConflict((conflict) => conflict.column('name').doNothing())
          .returningAll()
          .executeTakeFirst();
        if (!row) continue;
        created.push(toUser(row));
        write.changed('users', name);
        await write.audit({ action: 'user.create', target: name, ...(admin && { details: { admin } }) });
      }
      return created;
    });
  }

  /** The user of that name, created when there is none; the admin flag is set when given. */
  async ensure(name: string, admin?: boolean): Promise<User> {
    await this.create([name], admin);
    if (admin !== undefined) await this.setAdmin(name, admin);
    const user = await this.get(name);
    if (!user) throw new AtollError('ATOLL_NOT_FOUND', 'The user was deleted at this very moment.');
    return user;
  }

  /** Gives or takes the admin flag. Without effect when there is no such user. */
  async setAdmin(name: string, admin: boolean): Promise<void> {
    await this.#store.write((write) => this.setAdminIn(write, name, admin));
  }

  /** {@link setAdmin}, as part of a larger change. */
  async setAdminIn(write: Write, name: string, admin: boolean): Promise<void> {
    const { numUpdatedRows } = await write.db
      .updateTable('users')
      .set({ admin: admin ? 1 : 0 })
      .where('name', '=', name)
      .where('admin', '!=', admin ? 1 : 0)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return;
    write.changed('users', name);
    await write.audit({ action: 'user.admin', target: name, details: { admin } });
  }

  /** Keeps what the authenticator says about a user. */
  async setUserInfo(name: string, userInfo: Record<string, unknown> | null): Promise<void> {
    const text = userInfo && JSON.stringify(userInfo);
    await this.#store.write(async (write) => {
      await write.db.updateTable('users').set({ user_info: text }).where('name', '=', name).execute();
      write.changed('users', name);
    });
  }

  /**
   * Renames a user. Their logins and tokens end, as these carry the old name in scopes and in running programs.
   * @throws AtollError `ATOLL_BAD_REQUEST` when the new name is taken, `ATOLL_NOT_FOUND` when there is no such user.
   */
  async rename(name: string, newName: string): Promise<void> {
    await this.#store.write((write) => this.renameIn(write, name, newName));
  }

  /** {@link rename}, as part of a larger change. */
  async renameIn(write: Write, name: string, newName: string): Promise<void> {
    const taken = await write.db.selectFrom('users').select('id').where('name', '=', newName).executeTakeFirst();
    if (taken) throw new AtollError('ATOLL_BAD_REQUEST', `User ${newName} already exists, username must be unique`);
    const row = await write.db.selectFrom('users').select('id').where('name', '=', name).executeTakeFirst();
    if (!row) throw new AtollError('ATOLL_NOT_FOUND', `No such user: ${name}`);
    await forgetCredentials(write, row.id);
    await deleteServerClients(write, row.id);
    await write.db.deleteFrom('passwords').where('user_name', '=', newName).execute();
    await write.db.updateTable('passwords').set({ user_name: newName }).where('user_name', '=', name).execute();
    // Whoever vouched for them did so under the old name.
    const nobody = { auth_provider: null, auth_subject: null, auth_refreshed_at: null, refresh_state: null };
    await write.db
      .updateTable('users')
      .set({ name: newName, ...nobody })
      .where('id', '=', row.id)
      .execute();
    write.changed('users', name);
    write.changed('users', newName);
    await write.audit({ action: 'user.rename', target: name, details: { to: newName } });
  }

  /** Deletes a user with all they own here: logins, tokens, memberships, password. Their servers must have ended. */
  async delete(name: string): Promise<void> {
    await this.#store.write(async (write) => {
      const row = await write.db.selectFrom('users').select('id').where('name', '=', name).executeTakeFirst();
      if (!row) return;
      await forgetCredentials(write, row.id);
      await deleteServerClients(write, row.id);
      await tellGroups(write, row.id);
      await write.db.deleteFrom('passwords').where('user_name', '=', name).execute();
      await write.db.deleteFrom('users').where('id', '=', row.id).execute();
      write.changed('users', name);
      await write.audit({ action: 'user.delete', target: name });
    });
  }
}

async function tellGroups(write: Write, userId: number): Promise<void> {
  const groups = await write.db
    .selectFrom('group_members')
    .innerJoin('groups', 'groups.id', 'group_members.group_id')
    .select('groups.name')
    .where('group_members.user_id', '=', userId)
    .execute();
  for (const { name } of groups) write.changed('groups', name);
}

type UsersQuery = SelectQueryBuilder<Database, 'users', object>;

function narrow(base: UsersQuery, { state, nameFilter, within }: UserQuery): UsersQuery {
  let query = base;
  if (nameFilter) {
    const pattern = `%${nameFilter.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
    query = query.where(sql<boolean>`users.name like ${pattern} escape '\\'`);
  }
  if (state)
    // From the servers to their users: few users have one that runs.
    query = query.where((user) =>
      user(
        'users.id',
        state === 'inactive' ? 'not in' : 'in',
        user
          .selectFrom('servers')
          .select('servers.user_id')
          .where('servers.phase', 'in', state === 'ready' ? ['ready'] : activePhases),
      ),
    );
  if (within)
    query = query.where((user) =>
      user.or([
        user('users.name', 'in', orNone(within.users)),
        user.exists(
          user
            .selectFrom('group_members')
            .innerJoin('groups', 'groups.id', 'group_members.group_id')
            .select('groups.id')
            .whereRef('group_members.user_id', '=', 'users.id')
            .where('groups.name', 'in', orNone(within.groups)),
        ),
      ]),
    );
  return query;
}

function counting(query: UsersQuery): SelectQueryBuilder<Database, 'users', { count: number | string }> {
  return query.select(({ fn }) => fn.countAll<number | string>().as('count'));
}

/** The columns that {@link toUser} reads: not the auth state, which is long. */
const userColumns = [
  'users.id',
  'users.name',
  'users.admin',
  'users.created_at',
  'users.last_activity',
  'users.user_info',
  'users.auth_provider',
  'users.auth_subject',
  'users.auth_refreshed_at',
] as const;

type ColumnName<Column> = Column extends `users.${infer Name}` ? Name : never;
type UserRow = Pick<Selectable<UsersTable>, ColumnName<(typeof userColumns)[number]>>;

/** A row of the table as the rest of the program sees it. */
export function toUser(row: UserRow): User {
  return {
    id: row.id,
    name: row.name,
    admin: row.admin === 1,
    createdAt: row.created_at,
    lastActivity: row.last_activity,
    userInfo: row.user_info === null ? null : (JSON.parse(row.user_info) as Record<string, unknown>),
    vouchedBy:
      row.auth_provider === null
        ? null
        : { provider: row.auth_provider, subject: row.auth_subject, askedAt: row.auth_refreshed_at ?? 0 },
  };
}
