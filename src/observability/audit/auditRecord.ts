import type { Selectable } from 'kysely';
import type { AuditLogTable } from '../../store/tables/audit.ts';

/** One entry of the audit log, as programs and files have it. */
export interface AuditRecord {
  id: number;
  /** ISO 8601, UTC. */
  time: string;
  actor: {
    kind: string;
    name: string;
    /** `a7`: the token that was presented; null: a login, a service's own token, or none. */
    token: string | null;
    /** The network address that the request came from; null where there was no request. */
    address: string | null;
  };
  /** `KIND.VERB`, such as `server.start`. */
  action: string;
  /** The user, group or service that it was done to, or `USER/SERVER`; empty when it was done to none. */
  target: string;
  details: Record<string, unknown>;
}

/** A row of the table as the rest of the program sees it. */
export function toAuditRecord(row: Selectable<AuditLogTable>): AuditRecord {
  return {
    id: row.id,
    time: new Date(row.at).toISOString(),
    actor: { kind: row.actor_kind, name: row.actor, token: row.token, address: row.address },
    action: row.action,
    target: row.target,
    details: JSON.parse(row.details) as Record<string, unknown>,
  };
}
