import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { usageCsv, usageModelOf, usageQuestionFrom } from '../api/gateway/usageAnswer.ts';
import { readUsage } from '../clusters/usage.ts';
import { AtollError } from '../core/errors.ts';
import { openSqliteForReading } from '../store/openSqlite.ts';

/** The options of `atoll usage`. */
export interface UsageOptions {
  data: string;
  by: string;
  from?: string;
  to?: string;
  format: string;
}

/**
 * `atoll usage`: prints what clusters asked for and used, as the gateway's API tells it.
 * @throws AtollError `ATOLL_NOT_RUNNING`, `ATOLL_GATEWAY_QUERY_INVALID`, `ATOLL_DATA_OLDER`, `ATOLL_DATA_NEWER`
 */
export async function usage({ data, ...query }: UsageOptions): Promise<void> {
  const now = new Date();
  const { question, format } = usageQuestionFrom(query, now);
  const database = join(data, 'atoll.db');
  if (!existsSync(database))
    throw new AtollError('ATOLL_NOT_RUNNING', 'No Atoll has ever run on this data folder.', { evidence: data });
  const db = await openSqliteForReading(database);
  try {
    const found = await readUsage(db, question, now.getTime());
    process.stdout.write(
      format === 'csv' ? usageCsv(found) : `${JSON.stringify({ usage: found.map(usageModelOf) }, undefined, 2)}\n`,
    );
  } finally {
    await db.destroy();
  }
}
