import type { CompiledQuery, Kysely } from 'kysely';
import { outsideOfRequests } from '../core/actor.ts';
import { ChangeFeed, type Topic } from './changeFeed.ts';
import type { Database } from './database.ts';
import type { GroupCommit } from './groupCommit.ts';
import type { Store, Write } from './store.ts';
import { writeAuditEntry } from './writeAuditEntry.ts';

/** What a {@link GroupedStore} is made of. */
export interface GroupedStoreParts {
  /** See {@link Store.db}. */
  db: Kysely<Database>;
  /** See {@link Store.read}. */
  read<Row>(query: CompiledQuery<Row>): Promise<Row[]>;
  commits: GroupCommit;
  /** Closes the connections, when nothing is under way any more. */
  close(): Promise<void>;
}

/** A store whose writes go through a {@link GroupCommit}. */
export class GroupedStore implements Store {
  readonly db: Kysely<Database>;
  readonly changes = new ChangeFeed();
  readonly #parts: GroupedStoreParts;

  constructor(parts: GroupedStoreParts) {
    this.db = parts.db;
    this.#parts = parts;
  }

  read<Row>(query: CompiledQuery<Row>): Promise<Row[]> {
    return this.#parts.read(query);
  }

  async write<T>(work: (write: Write) => Promise<T>): Promise<T> {
    const changed: [Topic, string][] = [];
    const tell = (topic: Topic, key: string): void => void changed.push([topic, key]);
    const result = await this.#parts.commits.run((db) =>
      work({ db, changed: tell, audit: (entry) => writeAuditEntry(db, entry, tell) }),
    );
    outsideOfRequests(() => {
      for (const [topic, key] of changed) this.changes.publish(topic, key);
    });
    return result;
  }

  async close(): Promise<void> {
    await this.#parts.commits.idle();
    await this.#parts.close();
  }
}
