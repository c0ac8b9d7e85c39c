import type { Identity } from '../../identity/identity.ts';
import type { AuditLog } from '../../observability/audit/auditLog.ts';
import type { Servers } from '../../servers/servers.ts';

/** What belongs to a user and must end before the user goes. */
export interface OwnedWorkloads {
  /** `servers`, `clusters`: for the sentence that says what has not ended. */
  what: string;
  /** Ends all of a user's; resolves with whether that was in time. */
  removeAllOf(user: string, milliseconds: number): Promise<boolean>;
}

/** What the pages of administrators need. */
export interface AdminPagesOptions {
  identity: Identity;
  servers: Servers;
  workloads: readonly OwnedWorkloads[];
  audit: AuditLog;
}
