import { openSqlite } from '../../src/store/openSqlite.ts';

/** Makes the database of an Atoll with users `user-N`; one in five has had a server. */
export async function fillStore(database: string, users: number): Promise<void> {
  const store = await openSqlite(database);
  await store.write(async ({ db }) => {
    const now = Date.now();
    for (let user = 0; user < users; user++) {
      const { id } = await db
        .insertInto('users')
        .values({ name: `user-${user}`, admin: 0, created_at: now, last_activity: now - user })
        .returning('id')
        .executeTakeFirstOrThrow();
      if (user % 5 !== 0) continue;
      const server = { desired: 'stopped', phase: 'stopped', user_options: '{"profile":"small"}', started_at: now };
      await db
        .insertInto('servers')
        .values({ user_id: id, name: '', display_name: '', created_at: now, last_activity: now, ...server })
        .execute();
    }
  });
  await store.close();
}
