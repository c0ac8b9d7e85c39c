import type { Identity } from '../../identity/identity.ts';
import type { OwnedWorkloads } from '../../identity/removeUser.ts';
import type { AuditLog } from '../../observability/audit/auditLog.ts';
import type { Servers } from '../../servers/servers.ts';

/** What the pages of administrators need. */
export interface AdminPagesOptions {
  identity: Identity;
  servers: Servers;
  /** What has to end before a user goes. */
  workloads: readonly OwnedWorkloads[];
  audit: AuditLog;
}
