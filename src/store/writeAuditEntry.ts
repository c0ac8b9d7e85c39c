import type { Transaction } from 'kysely';
import { currentActor } from '../core/actor.ts';
import type { Topic } from './changeFeed.ts';
import type { Database } from './database.ts';
import type { AuditEntry } from './store.ts';

/** The longest details of an entry, in characters: what callers send must not fill the disk. */
const longestDetails = 4096;

/** Adds an entry to the audit log, inside the transaction of the change that it tells of. */
export async function writeAuditEntry(
  db: Transaction<Database>,
  { action, target = '', details = {}, by }: AuditEntry,
  changed: (topic: Topic, key: string) => void,
): Promise<void> {
  const { kind, name, tokenId, address } = currentActor();
  const text = JSON.stringify(details);
  const { id } = await db
    .insertInto('audit_log')
    .values({
      at: Date.now(),
      actor_kind: by === undefined ? kind : 'user',
      actor: by ?? name,
      token: tokenId ?? null,
      address: address ?? null,
      action,
      target,
      details: text.length > longestDetails ? '{"tooLong":true}' : text,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  changed('audit', String(id));
}
