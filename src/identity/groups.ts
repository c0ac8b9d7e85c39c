import { AtollError } from '../core/errors.ts';
import { PreparedListQuery } from '../store/preparedQuery.ts';
import type { Store, Write } from '../store/store.ts';
import { orNone } from './orNone.ts';

/** A named set of users. */
export interface Group {
  name: string;
  /** Names of the members, sorted. */
  users: string[];
  properties: Record<string, unknown>;
}

/** The groups, in the store. */
export class Groups {
  readonly #store: Store;
  readonly #ofUsers: PreparedListQuery<string, { user: string; group: string }>;

  constructor(store: Store) {
    this.#store = store;
    this.#ofUsers = new PreparedListQuery(store, (names) =>
      store.db
        .selectFrom('users')
        .innerJoin('group_members', 'group_members.user_id', 'users.id')
        .innerJoin('groups', 'groups.id', 'group_members.group_id')
        .select(['users.name as user', 'groups.name as group'])
        .where('users.name', 'in', names)
        .orderBy('groups.name'),
    );
  }

  /** Names of the groups of each of these users (by name), sorted. Users in no group are left out. */
  async ofUsers(users: readonly string[]): Promise<Map<string, string[]>> {
    const result = new Map<string, string[]>();
    for (const { user, group } of await this.#ofUsers.all(users))
      result.set(user, [...(result.get(user) ?? []), group]);
    return result;
  }

  async get(name: string): Promise<Group | undefined> {
    const row = await this.#store.db.selectFrom('groups').selectAll().where('name', '=', name).executeTakeFirst();
    return row && (await this.#withMembers([row]))[0];
  }

  /** One page of the groups, by name, and how many there are. `within` limits to these names. */
  async list(query: {
    offset: number;
    limit: number;
    within?: readonly string[];
  }): Promise<{ groups: Group[]; total: number }> {
    let base = this.#store.db.selectFrom('groups');
    if (query.within) base = base.where('name', 'in', orNone(query.within));
    const { count } = await base
      .select(({ fn }) => fn.countAll<number | string>().as('count'))
      .executeTakeFirstOrThrow();
    const rows = await base.selectAll().orderBy('name').offset(query.offset).limit(query.limit).execute();
    return { groups: await this.#withMembers(rows), total: Number(count) };
  }

  /**
   * Creates groups with these members, all or none.
   * @throws AtollError `ATOLL_CONFLICT` when all of them exist, `ATOLL_BAD_REQUEST` for an unknown user.
   */
  async create(names: readonly string[], users: readonly string[]): Promise<string[]> {
    return this.#store.write((write) => this.#createIn(write, names, users));
  }

  /** @throws AtollError `ATOLL_BAD_REQUEST` for an unknown user, `ATOLL_NOT_FOUND` for an unknown group. */
  async addUsers(name: string, users: readonly string[]): Promise<void> {
    await this.#store.write(async (write) => {
      const group = await findGroup(write, name);
      const added = await addMembers(write, group, await idsOf(write, users));
      if (added === 0) return;
      write.changed('groups', name);
      await write.audit({ action: 'group.add', target: name, details: { users } });
    });
  }

  /** @throws AtollError `ATOLL_BAD_REQUEST` for an unknown user, `ATOLL_NOT_FOUND` for an unknown group. */
  async removeUsers(name: string, users: readonly string[]): Promise<void> {
    await this.#store.write(async (write) => {
      const group = await findGroup(write, name);
      await write.db
        .deleteFrom('group_members')
        .where('group_id', '=', group)
        .where('user_id', 'in', [-1, ...(await idsOf(write, users))])
        .execute();
      write.changed('groups', name);
      await write.audit({ action: 'group.remove', target: name, details: { users } });
    });
  }

  /**
   * Makes a user's memberships exactly these groups; groups that do not exist are created.
   * @throws AtollError `ATOLL_BAD_REQUEST` for an unknown user.
   */
  async setGroupsOf(user: string, names: readonly string[]): Promise<void> {
    await this.#store.write((write) => this.setGroupsOfIn(write, user, names));
  }

  /** {@link setGroupsOf}, as part of a larger change. */
  async setGroupsOfIn(write: Write, user: string, names: readonly string[]): Promise<void> {
    await this.#createIn(write, names, []);
    const [userId] = await idsOf(write, [user]);
    const before = await write.db
      .deleteFrom('group_members')
      .where('user_id', '=', userId ?? 0)
      .returning('group_id')
      .execute();
    const touched = await write.db
      .selectFrom('groups')
      .select(['id', 'name'])
      .where((row) =>
        row.or([row('name', 'in', orNone(names)), row('id', 'in', [-1, ...before.map((row) => row.group_id)])]),
      )
      .execute();
    for (const { id, name } of touched) {
      if (names.includes(name)) await addMembers(write, id, [userId ?? 0]);
      write.changed('groups', name);
    }
    const were = before.map((row) => row.group_id);
    if (touched.some(({ id, name }) => were.includes(id) !== names.includes(name)))
      await write.audit({ action: 'user.groups', target: user, details: { groups: names } });
  }

  /** @throws AtollError `ATOLL_NOT_FOUND` for an unknown group. */
  async setProperties(name: string, properties: Record<string, unknown>): Promise<void> {
    await this.#store.write(async (write) => {
      const group = await findGroup(write, name);
      const text = JSON.stringify(properties);
      const { numUpdatedRows } = await write.db
        .updateTable('groups')
        .set({ properties: text })
        .where('id', '=', group)
        .where('properties', '!=', text)
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return;
      write.changed('groups', name);
      await write.audit({ action: 'group.properties', target: name });
    });
  }

  /** Deletes a group; its members stay. */
  async delete(name: string): Promise<void> {
    await this.#store.write(async (write) => {
      const { numDeletedRows } = await write.db.deleteFrom('groups').where('name', '=', name).executeTakeFirst();
      write.changed('groups', name);
      if (numDeletedRows > 0n) await write.audit({ action: 'group.delete', target: name });
    });
  }

  async #createIn(write: Write, names: readonly string[], users: readonly string[]): Promise<string[]> {
    const userIds = await idsOf(write, users);
    const created: string[] = [];
    for (const name of names) {
      const row = await write.db
        .insertInto('groups')
        .values({ name, properties: '{}' })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .returning('id')
        .executeTakeFirst();
      if (!row) continue;
      await addMembers(write, row.id, userIds);
      created.push(name);
      write.changed('groups', name);
      await write.audit({ action: 'group.create', target: name, details: { users } });
    }
    return created;
  }

  async #withMembers(rows: { id: number; name: string; properties: string }[]): Promise<Group[]> {
    const members = await this.#store.db
      .selectFrom('group_members')
      .innerJoin('users', 'users.id', 'group_members.user_id')
      .select(['group_members.group_id', 'users.name'])
      .where('group_members.group_id', 'in', [-1, ...rows.map((row) => row.id)])
      .orderBy('users.name')
      .execute();
    const namesOf = Map.groupBy(members, (member) => member.group_id);
    return rows.map((row) => ({
      name: row.name,
      users: (namesOf.get(row.id) ?? []).map((member) => member.name),
      properties: JSON.parse(row.properties) as Record<string, unknown>,
    }));
  }
}

async function findGroup(write: Write, name: string): Promise<number> {
  const row = await write.db.selectFrom('groups').select('id').where('name', '=', name).executeTakeFirst();
  if (!row) throw new AtollError('ATOLL_NOT_FOUND', `No such group: ${name}`);
  return row.id;
}

async function idsOf(write: Write, users: readonly string[]): Promise<number[]> {
  const rows = await write.db.selectFrom('users').select(['id', 'name']).where('name', 'in', orNone(users)).execute();
  const ids = new Map(rows.map((row) => [row.name, row.id]));
  return users.map((name) => {
    const id = ids.get(name);
    if (id === undefined) throw new AtollError('ATOLL_BAD_REQUEST', `No such user: ${name}`);
    return id;
  });
}

/** Returns how many of them were no members yet. */
async function addMembers(write: Write, group: number, users: readonly number[]): Promise<number> {
  if (users.length === 0) return 0;
  const added = await write.db
    .insertInto('group_members')
    .values(users.map((user) => ({ group_id: group, user_id: user })))
    .onConflict((conflict) => conflict.doNothing())
    .returning('user_id')
    .execute();
  return added.length;
}
