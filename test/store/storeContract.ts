import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { asRequestFrom, identifyActor } from '../../src/core/actor.ts';
import type { Store } from '../../src/store/store.ts';

/** An empty database of some kind, which can be opened again and again. */
export interface DatabaseUnderTest {
  open(): Promise<Store>;
  /** Removes it. */
  remove(): Promise<void>;
}

export const addGroup = (to: Store, name: string, properties = '{}'): Promise<unknown> =>
  to.write(async ({ db, changed }) => {
    await db.insertInto('groups').values({ name, properties }).execute();
    changed('groups', name);
  });
export const groupNames = async (of: Store): Promise<string[]> =>
  (await of.db.selectFrom('groups').select('name').orderBy('name').execute()).map(({ name }) => name);

/** What every kind of store does. */
export function storeContract(kind: string, makeDatabase: () => Promise<DatabaseUnderTest>): void {
  describe(`a store in ${kind}`, () => {
    let database: DatabaseUnderTest;
    let store: Store;
    let isOpen: boolean;
    beforeEach(async () => {
      database = await makeDatabase();
      store = await database.open();
      isOpen = true;
    });
    afterEach(async () => {
      if (isOpen) await store.close();
      await database.remove();
    });

    test('is opened again with what was written', async () => {
      await addGroup(store, 'a');
      await store.close();
      store = await database.open();
      expect(await groupNames(store)).toEqual(['a']);
    });

    test('of a newer version is left alone', async () => {
      await sql`INSERT INTO migrations (name, taken_at) VALUES ('9999_future', 0)`.execute(store.db);
      await store.close();
      isOpen = false;
      await expect(database.open()).rejects.toMatchObject({
        code: 'ATOLL_DATA_NEWER',
        evidence: expect.stringContaining('9999_future') as string,
      });
    });

    test('numbers its rows, never twice, and keeps numbers as they are', async () => {
      const add = (name: string) =>
        store.write(({ db }) =>
          db.insertInto('groups').values({ name, properties: '{}' }).returning('id').executeTakeFirstOrThrow(),
        );
      const { id: first } = await add('a');
      await store.db.deleteFrom('groups').where('name', '=', 'a').execute();
      const { id: second } = await add('b');
      expect(second).toBeGreaterThan(first);
      const at = Date.now();
      await store.write(({ db }) => db.insertInto('users').values({ name: 'ada', admin: 1, created_at: at }).execute());
      expect(await store.db.selectFrom('users').select(['admin', 'created_at', 'last_activity']).execute()).toEqual([
        { admin: 1, created_at: at, last_activity: null },
      ]);
      const sums = store.db
        .selectFrom('users')
        .select(({ fn }) => [fn.countAll().as('count'), fn.max('created_at').as('last')]);
      expect(await sums.execute()).toEqual([{ count: 1, last: at }]);
    });

    test('compares text by its bytes', async () => {
      for (const name of ['b', 'ä', 'B', '_', 'a-b', 'ab']) await addGroup(store, name);
      expect(await groupNames(store)).toEqual(['B', '_', 'a-b', 'ab', 'b', 'ä']);
      const upper = store.db.selectFrom('groups').select('name').where('name', '<', 'a').orderBy('name');
      expect((await upper.execute()).map(({ name }) => name)).toEqual(['B', '_']);
    });

    test('lets go of what belongs to a row that is deleted', async () => {
      await addGroup(store, 'a');
      await store.write(async ({ db }) => {
        const user = await db
          .insertInto('users')
          .values({ name: 'ada', admin: 0, created_at: 1 })
          .returning('id')
          .executeTakeFirstOrThrow();
        const group = await db.selectFrom('groups').select('id').executeTakeFirstOrThrow();
        await db.insertInto('group_members').values({ group_id: group.id, user_id: user.id }).execute();
      });
      const { numDeletedRows } = await store.db.deleteFrom('groups').executeTakeFirstOrThrow();
      expect(numDeletedRows).toBe(1n);
      expect(await store.db.selectFrom('group_members').selectAll().execute()).toEqual([]);
    });

    test('keeps nothing of a write that fails, and tells nobody', async () => {
      const told: string[] = [];
      store.changes.follow('groups', (name) => told.push(name));
      const failing = store.write(async ({ db, changed }) => {
        await db.insertInto('groups').values({ name: 'a', properties: '{}' }).execute();
        changed('groups', 'a');
        throw new Error('thought better of it');
      });
      await expect(failing).rejects.toThrow('thought better of it');
      expect(await groupNames(store)).toEqual([]);
      expect(told).toEqual([]);
      await addGroup(store, 'b');
      expect(told).toEqual(['b']);
    });

    test('a write that the database refuses does not disturb those beside it', async () => {
      await addGroup(store, 'a');
      const outcomes = await Promise.allSettled(['b', 'a', 'c'].map((name) => addGroup(store, name)));
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(await groupNames(store)).toEqual(['a', 'b', 'c']);
    });

    test('tells who follows one thing of that only, until they do not any more', async () => {
      const told: string[] = [];
      const stopFirst = store.changes.followOne('groups', 'a', () => told.push('first'));
      store.changes.followOne('groups', 'a', () => told.push('second'));
      store.changes.followOne('users', 'a', () => told.push('a user'));
      await addGroup(store, 'b');
      expect(told).toEqual([]);
      await addGroup(store, 'a');
      expect(told).toEqual(['first', 'second']);
      stopFirst();
      store.changes.publish('groups', 'a');
      expect(told).toEqual(['first', 'second', 'second']);
    });

    test('writes at the same time are committed together, each all or nothing, and told in their order', async () => {
      const told: string[] = [];
      store.changes.follow('groups', (name) => told.push(name));
      const outcomes = await Promise.allSettled(
        Array.from({ length: 50 }, (_, index) =>
          store.write(async ({ db, changed }) => {
            await db
              .insertInto('groups')
              .values({ name: `g${index}`, properties: '{}' })
              .execute();
            changed('groups', `g${index}`);
            if (index % 10 === 3) throw new Error('thought better of it');
          }),
        ),
      );
      const kept = outcomes.flatMap(({ status }, index) => (status === 'fulfilled' ? [`g${index}`] : []));
      expect(kept).toHaveLength(45);
      expect(told).toEqual(kept);
      expect(await groupNames(store)).toEqual(kept.toSorted());
    });

    test('a write does not keep reads waiting, which see what is committed', async () => {
      const { promise: pause, resolve: goOn } = Promise.withResolvers<void>();
      await addGroup(store, 'before');
      const slow = store.write(async ({ db }) => {
        await db.insertInto('groups').values({ name: 'within', properties: '{}' }).execute();
        await pause;
      });
      expect(await groupNames(store)).toEqual(['before']);
      goOn();
      await slow;
      expect(await groupNames(store)).toEqual(['before', 'within']);
    });

    test('keeps on whose behalf a write was made', async () => {
      const by = (name: string): Promise<unknown> =>
        asRequestFrom(
          () => '10.0.0.1',
          () => {
            identifyActor({ kind: 'user', name });
            return store.write(({ audit }) => audit({ action: 'test.done', target: name }));
          },
        );
      await Promise.all(['ada', 'bob', 'eve'].map(by));
      const rows = await store.db.selectFrom('audit_log').select(['actor', 'target']).orderBy('id').execute();
      expect(rows).toEqual(['ada', 'bob', 'eve'].map((name) => ({ actor: name, target: name })));
    });
  });
}
