import { join } from 'node:path';
import type { OperationsSettings } from '../config/settings.ts';
import type { DataFolder } from '../core/dataFolder.ts';
import { version } from '../core/version.ts';
import type { ActivityReport } from '../edge/protocol.ts';
import { AuditLog } from '../observability/audit/auditLog.ts';
import type { Logger } from '../observability/logger.ts';
import { eventLoopCollector } from '../observability/metrics/eventLoopCollector.ts';
import { Metrics } from '../observability/metrics/metrics.ts';
import { collectProcess } from '../observability/metrics/processCollector.ts';
import { storeCollector } from '../observability/metrics/storeCollector.ts';
import { followServerMetrics } from '../servers/serverMetrics.ts';
import type { Store } from '../store/store.ts';

/** How the hub is doing, and who did what: metrics and the audit log. */
export interface Operations {
  metrics: Metrics;
  audit: AuditLog;
  /** Counts the traffic that an edge reports. */
  countTraffic(report: ActivityReport): void;
  close(): Promise<void>;
}

/** Begins to measure, and to follow the audit log. */
export async function openOperations(
  store: Store,
  folder: DataFolder,
  { auditDays, auditEntries }: OperationsSettings,
  log: Logger,
): Promise<Operations> {
  const metrics = new Metrics();
  metrics.set('atoll_info', 1, { version });
  for (const collector of [collectProcess, eventLoopCollector(), storeCollector(store, folder.database)])
    metrics.collect(collector);
  const audit = new AuditLog({
    store,
    folder: join(folder.root, 'audit'),
    days: auditDays,
    entries: auditEntries,
    log,
  });
  await audit.open();
  const unfollow = await followServerMetrics(store, metrics);
  return {
    metrics,
    audit,
    countTraffic({ routes }) {
      let open = 0;
      for (const { requests, openConnections } of Object.values(routes)) {
        metrics.add('atoll_edge_requests_total', requests);
        open += openConnections;
      }
      metrics.set('atoll_edge_open_connections', open);
    },
    async close() {
      unfollow();
      await audit.close();
    },
  };
}
