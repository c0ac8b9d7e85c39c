import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { usageCsv, usageModelOf, usageQuestionFrom } from '../api/gateway/usageAnswer.ts';
import { readUsage } from '../clusters/usage.ts';
import { AtollError } from '../core/errors.ts';
import type { Database } from '../store/database.ts';
import { openSqliteForReading } from '../store/openSqlite.ts';
import { loadForCommand } from './settings/loadForCommand.ts';

/** The options of `atoll usage`. */
export interface UsageOptions {
  file: readonly string[];
  data: string;
  by: string;
  from?: string;
  to?: string;
  format: string;
}

/**
 * `atoll usage`: prints what clusters asked for and used, as the gateway's API tells it; from the database that settings name, or
 * that of the data folder.
 * @throws AtollError `ATOLL_NOT_RUNNING`, `ATOLL_GATEWAY_QUERY_INVALID`, `ATOLL_DATA_OLDER`, `ATOLL_DATA_NEWER`, `ATOLL_DATABASE_AWAY`
 */
export async function usage({ file, data, ...query }: UsageOptions): Promise<void> {
  const now = new Date();
  const { question, format } = usageQuestionFrom(query, now);
  const db = await openForReading(file, data);
  try {
    const found = await readUsage(db, question, now.getTime());
    process.stdout.write(
      format === 'csv' ? usageCsv(found) : `${JSON.stringify({ usage: found.map(usageModelOf) }, undefined, 2)}\n`,
    );
  } finally {
    await db.destroy();
  }
}

/** The database that the settings name, or that of the data folder. */
async function openForReading(file: readonly string[], data: string): Promise<Kysely<Database>> {
  const address = file.length === 0 ? undefined : (await loadForCommand({ file, data })).settings.database;
  if (address) return (await import('../store/postgres/openPostgres.ts')).openPostgresForReading(address);
  const path = join(data, 'atoll.db');
  if (!existsSync(path))
    throw new AtollError('ATOLL_NOT_RUNNING', 'No Atoll has ever run on this data folder.', { evidence: data });
  return openSqliteForReading(path);
}
