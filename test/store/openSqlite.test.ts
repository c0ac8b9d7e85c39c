import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSqlite } from '../../src/store/openSqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { addGroup, groupNames, storeContract } from './storeContract.ts';

storeContract('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-test-'));
  return {
    open: () => openSqlite(join(folder, 'atoll.db')),
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
});

describe('the file of SQLite', () => {
  let folder: string;
  let path: string;
  let store: Store;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'atoll-test-'));
    path = join(folder, 'atoll.db');
    store = await openSqlite(path);
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('is for its owner only, and synced with every commit', async () => {
    await addGroup(store, 'a');
    for (const file of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(file).mode & 0o077).toBe(0);
    expect((await sql`PRAGMA journal_mode`.execute(store.db)).rows).toEqual([{ journal_mode: 'wal' }]);
    expect((await sql`PRAGMA synchronous`.execute(store.db)).rows).toEqual([{ synchronous: 2 }]);
  });

  test('that is none, or damaged, is told as such', async () => {
    const none = join(folder, 'none.db');
    writeFileSync(none, 'this is no database. '.repeat(500));
    await expect(openSqlite(none)).rejects.toMatchObject({ code: 'ATOLL_DATA_DAMAGED' });
    const damaged = join(folder, 'damaged.db');
    const whole = await openSqlite(damaged);
    await addGroup(whole, 'a');
    await whole.close();
    truncateSync(damaged, statSync(damaged).size / 2);
    await expect(openSqlite(damaged)).rejects.toMatchObject({ code: 'ATOLL_DATA_DAMAGED' });
  });

  test('for which the disk has no room says so, and what fits is written afterwards', async () => {
    const pages = (await sql<{ page_count: number }>`PRAGMA page_count`.execute(store.db)).rows[0]?.page_count ?? 0;
    await sql.raw(`PRAGMA max_page_count = ${pages + 10}`).execute(store.db);
    const large = addGroup(store, 'large', 'x'.repeat(100_000));
    await expect(large).rejects.toMatchObject({ code: 'ATOLL_DISK_FULL', status: 507 });
    await addGroup(store, 'small');
    expect(await groupNames(store)).toEqual(['small']);
  });
});
