import type { AuditDatabase } from './tables/audit.ts';
import type { ClustersDatabase } from './tables/clusters.ts';
import type { IdentityDatabase } from './tables/identity.ts';
import type { ServersDatabase } from './tables/servers.ts';
import type { ServicesDatabase } from './tables/services.ts';
import type { SharesDatabase } from './tables/shares.ts';

/**
 * All tables. Column types are those that SQLite and Postgres share: integers (times are milliseconds since the epoch),
 * text (JSON is text, checked by zod where it is read), and 0/1 for booleans.
 */
export interface Database
  extends IdentityDatabase,
    ServersDatabase,
    AuditDatabase,
    ServicesDatabase,
    ClustersDatabase,
    SharesDatabase {}
