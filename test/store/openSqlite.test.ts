import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { asRequestFrom, identifyActor } from '../../src/core/actor.ts';
import { openSqlite } from '../../src/store/openSqlite.ts';
import type { Store } from '../../src/store/store.ts';

let folder: string;
let path: string;
let store: Store | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-test-'));
  path = join(folder, 'atoll.db');
});
afterEach(async () => {
  await store?.close();
  store = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const open = async (): Promise<Store> => {
  store = await openSqlite(path);
  return store;
};
const addGroup = (to: Store, name: string, properties = '{}'): Promise<unknown> =>
  to.write(async ({ db, changed }) => {
    await db.insertInto('groups').values({ name, properties }).execute();
    changed('groups', name);
  });
const groupNames = async (of: Store): Promise<string[]> =>
  (await of.db.selectFrom('groups').select('name').orderBy('name').execute()).map(({ name }) => name);

describe('the database', () => {
  test('is for its owner only, and syncs every commit', async () => {
    const { db } = await open();
    await addGroup(store as Store, 'a');
    for (const file of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(file).mode & 0o077).toBe(0);
    expect((await sql`PRAGMA journal_mode`.execute(db)).rows).toEqual([{ journal_mode: 'wal' }]);
    expect((await sql`PRAGMA synchronous`.execute(db)).rows).toEqual([{ synchronous: 2 }]);
  });

  test('is opened again with what was written', async () => {
    await addGroup(await open(), 'a');
    await store?.close();
    expect(await groupNames(await open())).toEqual(['a']);
  });

  test('of a newer version is left alone', async () => {
    const { db } = await open();
    await sql`INSERT INTO migrations (name, taken_at) VALUES ('9999_future', 0)`.execute(db);
    await store?.close();
    store = undefined;
    await expect(openSqlite(path)).rejects.toMatchObject({
      code: 'ATOLL_DATA_NEWER',
      evidence: expect.stringContaining('9999_future') as string,
    });
  });

  test('that is none, or damaged, is told as such', async () => {
    writeFileSync(path, 'this is no database. '.repeat(500));
    await expect(openSqlite(path)).rejects.toMatchObject({ code: 'ATOLL_DATA_DAMAGED' });
    rmSync(path);
    await addGroup(await open(), 'a');
    await store?.close();
    store = undefined;
    truncateSync(path, statSync(path).size / 2);
    await expect(openSqlite(path)).rejects.toMatchObject({ code: 'ATOLL_DATA_DAMAGED' });
  });
});

describe('a write', () => {
  test('that fails leaves nothing, and tells nobody', async () => {
    const { changes } = await open();
    const told: string[] = [];
    changes.follow('groups', (name) => told.push(name));
    const failing = store?.write(async ({ db, changed }) => {
      await db.insertInto('groups').values({ name: 'a', properties: '{}' }).execute();
      changed('groups', 'a');
      throw new Error('thought better of it');
    });
    await expect(failing).rejects.toThrow('thought better of it');
    expect(await groupNames(store as Store)).toEqual([]);
    expect(told).toEqual([]);
    await addGroup(store as Store, 'b');
    expect(told).toEqual(['b']);
  });

  test('for which the disk has no room says so, and what fits is written afterwards', async () => {
    const { db } = await open();
    const pages = (await sql<{ page_count: number }>`PRAGMA page_count`.execute(db)).rows[0]?.page_count ?? 0;
    await sql.raw(`PRAGMA max_page_count = ${pages + 10}`).execute(db);
    const large = addGroup(store as Store, 'large', 'x'.repeat(100_000));
    await expect(large).rejects.toMatchObject({ code: 'ATOLL_DISK_FULL', status: 507 });
    await addGroup(store as Store, 'small');
    expect(await groupNames(store as Store)).toEqual(['small']);
  });
});

describe('writes that come at the same time', () => {
  test('are committed together, each all or nothing, and told in their order', async () => {
    const opened = await open();
    const told: string[] = [];
    opened.changes.follow('groups', (name) => told.push(name));
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, (_, index) =>
        opened.write(async ({ db, changed }) => {
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
    expect(await groupNames(opened)).toEqual(kept.toSorted());
  });

  test('do not keep reads waiting, which see what is committed', async () => {
    const { promise: pause, resolve: goOn } = Promise.withResolvers<void>();
    await addGroup(await open(), 'before');
    const slow = store?.write(async ({ db }) => {
      await db.insertInto('groups').values({ name: 'within', properties: '{}' }).execute();
      await pause;
    });
    expect(await groupNames(store as Store)).toEqual(['before']);
    goOn();
    await slow;
    expect(await groupNames(store as Store)).toEqual(['before', 'within']);
  });

  test('keep on whose behalf each was made', async () => {
    await open();
    const by = (name: string): Promise<unknown> =>
      asRequestFrom(
        () => '10.0.0.1',
        () => {
          identifyActor({ kind: 'user', name });
          return store?.write(({ audit }) => audit({ action: 'test.done', target: name })) ?? Promise.resolve();
        },
      );
    await Promise.all(['ada', 'bob', 'eve'].map(by));
    const rows = await store?.db.selectFrom('audit_log').select(['actor', 'target']).orderBy('id').execute();
    expect(rows).toEqual(['ada', 'bob', 'eve'].map((name) => ({ actor: name, target: name })));
  });
});
