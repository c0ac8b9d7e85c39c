import { setImmediate } from 'node:timers/promises';
import { Kysely, SqliteDialect, type SqliteStatement, sql } from 'kysely';
import { expect, test } from 'vitest';
import type { Database } from '../../src/store/database.ts';
import { GroupCommit } from '../../src/store/groupCommit.ts';
import { SqliteFile } from '../../src/store/sqliteFile.ts';

/** A database that counts its commits. */
class CountingFile extends SqliteFile {
  commits = 0;

  override prepare(text: string): SqliteStatement {
    if (text === 'commit') this.commits++;
    return super.prepare(text);
  }
}

test('writes that begin one after the other while others are under way share commits; one that is alone has its own', async () => {
  const file = new CountingFile(':memory:');
  const db = new Kysely<Database>({ dialect: new SqliteDialect({ database: file }) });
  const commits = new GroupCommit(db, file);
  const write = (value: number): Promise<unknown> =>
    commits.run((transaction) => sql`insert into numbers values (${value})`.execute(transaction));
  await sql`create table numbers (value integer)`.execute(db);
  file.commits = 0;

  await write(0);
  await write(1);
  expect(file.commits).toBe(2);

  const writes: Promise<unknown>[] = [];
  for (let value = 2; value < 200; value++) {
    writes.push(write(value));
    await setImmediate();
  }
  await Promise.all(writes);
  expect(file.commits).toBeLessThan(100);
  const { rows } = await sql<{ value: number }>`select value from numbers`.execute(db);
  expect(rows.map(({ value }) => value)).toEqual(Array.from({ length: 200 }, (_, value) => value));
  await db.destroy();
});
