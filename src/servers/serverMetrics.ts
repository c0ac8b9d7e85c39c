import { AtollError } from '../core/errors.ts';
import type { Metrics } from '../observability/metrics/metrics.ts';
import type { Store } from '../store/store.ts';
import type { Server } from './server.ts';
import { fullNameOf, splitFullName } from './serverPath.ts';
import type { Servers } from './servers.ts';
import { readServer, readServers } from './serverTable.ts';

/** Why a start was refused at once, in JupyterHub's words. */
const refusals: Readonly<Record<string, string>> = {
  ATOLL_ACTIVE_SERVER_LIMIT: 'too-many-users',
  ATOLL_SERVER_STOPPING: 'already-pending',
};

/** The same servers; starts that are refused are counted. */
export function countRefusals(servers: Servers, metrics: Metrics): Servers {
  return {
    ...servers,
    async start(user, name, choices) {
      try {
        return await servers.start(user, name, choices);
      } catch (error) {
        const reason = error instanceof AtollError ? refusals[error.code] : undefined;
        if (reason !== undefined)
          metrics.observe('jupyterhub_server_spawn_duration_seconds', 0, { status: 'failure', reason });
        throw error;
      }
    },
  };
}

/** Measures starts and stops, from what the store says of servers. Returns a function that ends it. */
export async function followServerMetrics(store: Store, metrics: Metrics): Promise<() => void> {
  /** The workload id of each server's last start whose end is known already. */
  const counted = new Map<string, string>();
  const stoppingSince = new Map<string, number>();
  for (const { user, name, phase, workloadId } of await readServers(store.db))
    if (phase !== 'starting' && workloadId !== null) counted.set(fullNameOf(user, name), workloadId);

  async function look(fullName: string): Promise<void> {
    const { user, name } = splitFullName(fullName);
    const server = await readServer(store.db, user, name);
    if (server) noteStart(fullName, server);
    else counted.delete(fullName);
    noteStop(fullName, server);
  }

  function noteStart(fullName: string, { workloadId, phase, failure, startedAt, readyAt }: Server): void {
    if (workloadId === null || startedAt === null || phase === 'starting') return;
    if (counted.get(fullName) === workloadId) return;
    counted.set(fullName, workloadId);
    const end = readyAt ?? failure?.at;
    // Neither: a person gave the start up.
    if (end === undefined) return;
    const hasExited = failure !== null && (failure.exitCode !== null || failure.signal !== null);
    const outcome =
      readyAt !== null ? { status: 'success', reason: '' } : { status: 'error', reason: hasExited ? 'exited' : '' };
    metrics.observe('jupyterhub_server_spawn_duration_seconds', (end - startedAt) / 1000, outcome);
  }

  function noteStop(fullName: string, server: Server | undefined): void {
    if (server?.phase === 'stopping') {
      if (!stoppingSince.has(fullName)) stoppingSince.set(fullName, performance.now());
      return;
    }
    const since = stoppingSince.get(fullName);
    if (since === undefined) return;
    stoppingSince.delete(fullName);
    metrics.observe('jupyterhub_server_stop_seconds', (performance.now() - since) / 1000, { status: 'success' });
  }

  return store.changes.follow('servers', (fullName) => void look(fullName).catch(() => undefined));
}
