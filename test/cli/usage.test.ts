import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { usage } from '../../src/cli/usage.ts';
import { openSqlite } from '../../src/store/openSqlite.ts';
import type { Store } from '../../src/store/store.ts';

let data: string;
/** That of a hub that runs meanwhile. */
let store: Store;
beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'atoll-usage-'));
  store = await openSqlite(join(data, 'atoll.db'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await store.close();
  rmSync(data, { recursive: true });
});

async function print(more: { by?: string; format?: string; from?: string; to?: string } = {}): Promise<string> {
  let printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  await usage({ file: [], data, by: 'user', format: 'csv', from: '2026-11-01', to: '2026-11-30', ...more });
  return printed;
}

test('usage is printed as CSV and as JSON, by user, group and cluster, while a hub runs', async () => {
  await store.db
    .insertInto('cluster_usage')
    .values({
      cluster_name: 'c1',
      day: '2026-11-23',
      user_name: 'ada',
      user_groups: '["geo"]',
      core_seconds_requested: 7200,
      byte_seconds_requested: 1024,
      core_seconds_used: 3600.5,
      byte_seconds_used: 512,
    })
    .execute();
  const heading = 'day,name,user,core_seconds_requested,byte_seconds_requested,core_seconds_used,byte_seconds_used\r\n';
  expect(await print()).toBe(`${heading}2026-11-23,ada,,7200,1024,3600.5,512\r\n`);
  expect(await print({ by: 'cluster' })).toBe(`${heading}2026-11-23,c1,ada,7200,1024,3600.5,512\r\n`);
  expect(JSON.parse(await print({ by: 'group', format: 'json' }))).toEqual({
    usage: [
      {
        day: '2026-11-23',
        name: 'geo',
        core_seconds_requested: 7200,
        byte_seconds_requested: 1024,
        core_seconds_used: 3600.5,
        byte_seconds_used: 512,
      },
    ],
  });
  expect(await print({ from: '2026-11-24' })).toBe(heading);
});

test('nothing is made, or brought up to date, by looking', async () => {
  await expect(print({ from: 'yesterday' })).rejects.toMatchObject({ code: 'ATOLL_GATEWAY_QUERY_INVALID' });
  await sql`DELETE FROM migrations WHERE name = '0012_clusterUsage'`.execute(store.db);
  await expect(print()).rejects.toMatchObject({ code: 'ATOLL_DATA_OLDER' });
  const nowhere = join(data, 'nowhere');
  const asked = usage({ file: [], data: nowhere, by: 'user', format: 'csv' });
  await expect(asked).rejects.toMatchObject({ code: 'ATOLL_NOT_RUNNING', evidence: nowhere });
});
