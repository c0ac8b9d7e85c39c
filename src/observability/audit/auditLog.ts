import { type Clock, systemClock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { Store } from '../../store/store.ts';
import type { Logger } from '../logger.ts';
import { AuditFiles } from './auditFiles.ts';
import { type AuditRecord, toAuditRecord } from './auditRecord.ts';

/** What an {@link AuditLog} works with. */
export interface AuditLogOptions {
  store: Store;
  /** Where the files go. */
  folder: string;
  /** Days for which entries are kept. */
  days: number;
  /** Entries kept at most. */
  entries: number;
  log: Logger;
  clock?: Clock;
}

/** Which entries to show, newest first. */
export interface AuditQuery {
  /** Only what this user or service did. */
  actor?: string;
  /** Only what was done to this user, group, service or server. */
  target?: string;
  /** Only this action, or (`server`) all of its kind. */
  action?: string;
  /** Only entries older than that with this id. */
  before?: number;
  limit: number;
}

const dayMs = 24 * 3600 * 1000;
const cleanMs = 3600 * 1000;
const batch = 1000;

/**
 * Who did what to whom. The entries come into the store with the changes they tell of ({@link Write.audit}); this keeps a
 * copy in files for programs that collect logs, and lets go of what is too old. The files are never ahead of the store, and
 * catch up with it at the next start when this was killed in between.
 */
export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #files: AuditFiles;
  readonly #clock: Clock;
  #lastWritten = 0;
  #writing: Promise<void> = Promise.resolve();
  #waiting = false;
  #timer: NodeJS.Timeout | undefined;
  #unfollow: () => void = () => undefined;

  constructor(options: AuditLogOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#files = new AuditFiles(options.folder);
  }

  /** Brings the files up to date, and begins to follow. */
  async open(): Promise<void> {
    const newest = await this.#options.store.db
      .selectFrom('audit_log')
      .select('id')
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst();
    // The store may have been brought back from an older copy.
    this.#lastWritten = Math.min(await this.#files.open(), newest?.id ?? 0);
    this.#unfollow = this.#options.store.changes.follow('audit', () => this.#write());
    this.#write();
    await this.clean();
    this.#timer = setInterval(() => void this.clean(), cleanMs);
    this.#timer.unref();
  }

  /** Stops following. What was written to the store is in the files when this resolves. */
  async close(): Promise<void> {
    this.#unfollow();
    clearInterval(this.#timer);
    await this.#writing;
  }

  /** One page of the entries, newest first. */
  async list({ actor, target, action, before, limit }: AuditQuery): Promise<AuditRecord[]> {
    let query = this.#options.store.db.selectFrom('audit_log').selectAll().orderBy('id', 'desc').limit(limit);
    if (actor !== undefined) query = query.where('actor', '=', actor);
    if (target !== undefined) query = query.where('target', '=', target);
    if (before !== undefined) query = query.where('id', '<', before);
    if (action !== undefined)
      query = query.where((row) =>
        row.or([
          row('action', '=', action),
          // Everything that begins with `action.`: `/` is the character after the dot.
          row.and([row('action', '>=', `${action}.`), row('action', '<', `${action}/`)]),
        ]),
      );
    return (await query.execute()).map(toAuditRecord);
  }

  /** Lets go of entries that are too old or too many. Never fails. */
  async clean(): Promise<void> {
    const { store, days, entries, log } = this.#options;
    try {
      const oldest = this.#clock.now() - days * dayMs;
      const surplus = await store.db
        .selectFrom('audit_log')
        .select('id')
        .orderBy('id', 'desc')
        .offset(entries)
        .limit(1)
        .executeTakeFirst();
      await store.db
        .deleteFrom('audit_log')
        .where((row) => row.or([row('at', '<', oldest), row('id', '<=', surplus?.id ?? 0)]))
        .execute();
      await this.#files.removeBefore(oldest);
    } catch (error) {
      log.error({ error: messageOf(error) }, 'the audit log was not cleaned');
    }
  }

  /** Writes what is new into the files; at most one more time is planned while that is under way. */
  #write(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    this.#writing = this.#writing
      .then(() => {
        this.#waiting = false;
        return this.#catchUp();
      })
      .catch((error: unknown) =>
        this.#options.log.error({ error: messageOf(error) }, 'the audit log is not in its file'),
      );
  }

  async #catchUp(): Promise<void> {
    for (;;) {
      const rows = await this.#options.store.db
        .selectFrom('audit_log')
        .selectAll()
        .where('id', '>', this.#lastWritten)
        .orderBy('id')
        .limit(batch)
        .execute();
      await this.#files.append(rows.map(toAuditRecord));
      this.#lastWritten = rows.at(-1)?.id ?? this.#lastWritten;
      if (rows.length < batch) return;
    }
  }
}
