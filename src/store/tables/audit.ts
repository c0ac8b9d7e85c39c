import type { Generated } from 'kysely';

/** One entry of the audit log: who did what to whom. Written with the change itself. */
export interface AuditLogTable {
  id: Generated<number>;
  at: number;
  /** `user`, `service`, `anonymous` or `system`. */
  actor_kind: string;
  /** Name of the user or service; empty for the others. */
  actor: string;
  /** `a7`: the token that was presented; null: a login, a service's own token, or none. */
  token: string | null;
  address: string | null;
  /** What was done, such as `server.start`. */
  action: string;
  /** The user, group or service that it was done to, or `USER/SERVER`; empty when it was done to none. */
  target: string;
  /** JSON object: what else there is to know. Never a secret. */
  details: string;
}

/** The tables of the audit log. */
export interface AuditDatabase {
  audit_log: AuditLogTable;
}
