import type { Selectable } from 'kysely';
import { messageOf, toldErrorOf } from '../core/errors.ts';
import { randomHex, sha256Hex } from '../core/ids.ts';
import type { ReconcileResult } from '../core/reconciler.ts';
import { hideSecrets, secretValuesOf } from '../diagnosis/hideSecrets.ts';
import type { Observation } from '../runtimes/contract.ts';
import type { ManagedServicesTable } from '../store/tables/services.ts';
import type { ManagedService } from './managedService.ts';
import { serviceEnvironment } from './serviceEnvironment.ts';
import type { ServiceLife } from './serviceLife.ts';

/** Seconds that a service has to end after SIGTERM before it is killed. */
const stopGraceSeconds = 5;

const firstPauseMs = 1000;
const longestPauseMs = 60_000;
/** A service that ran this long has not failed: it is started again after the shortest pause. */
const healthyMs = 60_000;
/** How many of its last lines go into the log when it ends. */
const toldLines = 5;
/** Of tokens that are made here, in characters. */
const madeTokenLength = 64;

type Row = Selectable<ManagedServicesTable>;

/** The next step of one service: start it, take over what runs, note its end, start it again after a pause, or end it. */
export async function reconcileService(life: ServiceLife, name: string): Promise<ReconcileResult> {
  const { store, runtime, services, clock } = life;
  const wanted = life.wanted.get(name);
  const row = await store.db.selectFrom('managed_services').selectAll().where('name', '=', name).executeTakeFirst();
  const seen = row && (await runtime.get(row.workload_id));
  const isCurrent = wanted !== undefined && row?.digest === wanted.digest;

  if (row && seen && seen.phase !== 'exited') {
    if (isCurrent) {
      services.setStarted(name, { tokenHash: row.token_hash, pid: seen.pid });
      return undefined;
    }
    await runtime.stop(row.workload_id, { graceSeconds: stopGraceSeconds });
    // Its observation `exited` wakes this service; should that be missed, look again.
    return { againInMs: (stopGraceSeconds + 2) * 1000 };
  }
  if (!wanted) {
    services.setStarted(name, undefined);
    if (row) await forget(life, row);
    return undefined;
  }
  if (row && isCurrent) {
    if (seen && row.ended_at === null) return noteEnd(life, row, seen);
    const pauseMs = row.ended_at === null ? 0 : row.ended_at + pauseAfter(row.failures) - clock.now();
    if (pauseMs > 0) return { againInMs: pauseMs };
  }
  return start(life, wanted, row, isCurrent ? row.failures : 0);
}

/** How long a service rests that has failed so often in a row. */
function pauseAfter(failures: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures - 1, 10));
}

async function noteEnd(life: ServiceLife, row: Row, seen: Observation): Promise<ReconcileResult> {
  const { store, clock, services, runtime, log } = life;
  const { name } = row;
  const now = clock.now();
  const failures = now - row.started_at >= healthyMs ? 1 : row.failures + 1;
  await store.db
    .updateTable('managed_services')
    .set({ failures, ended_at: now })
    .where('name', '=', name)
    .where('workload_id', '=', row.workload_id)
    .execute();
  services.setStarted(name, { tokenHash: row.token_hash, pid: undefined });
  const wanted = life.wanted.get(name);
  const lines = hideSecrets(await runtime.logTail(row.workload_id, toldLines), {
    values: secretValuesOf(wanted?.how.environment ?? {}),
    fingerprints: [{ length: wanted?.apiToken?.length ?? madeTokenLength, sha256: row.token_hash }],
  });
  const { code = null, signal = null, reason } = seen.exit ?? {};
  const againInMs = pauseAfter(failures);
  log.warn({ service: name, code, signal, reason, lines, againInMs }, 'service ended; it is started again');
  return { againInMs };
}

/** Written down first and started then: what runs is always known, and a start that was cut short never comes to life later. */
async function start(
  life: ServiceLife,
  wanted: ManagedService,
  before: Row | undefined,
  failures: number,
): Promise<ReconcileResult> {
  const { store, runtime, services, clock, log, hubUrl, identity } = life;
  const { service, how, directory, digest } = wanted;
  const { name } = service;
  if (before) await runtime.forget(before.workload_id);
  const token = wanted.apiToken ?? randomHex(madeTokenLength / 2);
  const id = `service-${randomHex(12)}`;
  const row = {
    workload_id: id,
    token_hash: sha256Hex(token),
    digest,
    started_at: clock.now(),
    failures,
    ended_at: null,
  };
  await store.db
    .insertInto('managed_services')
    .values({ name, ...row })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
    .execute();
  services.setStarted(name, { tokenHash: row.token_hash, pid: undefined });
  const place = {
    id,
    kind: 'service',
    owner: `service:${name}`,
    ...(how.user !== undefined && { account: how.user }),
  } as const;
  try {
    const reservation = await runtime.reserve({ ...place, ports: [] });
    await runtime.start({
      ...place,
      directory,
      command: how.command,
      environment: serviceEnvironment({ service, token, hubUrl, identity, extra: how.environment }),
      files: {},
      resources: {},
      reservation,
    });
  } catch (error) {
    // Nothing runs, but the next hub must wait as well.
    const ended = { failures: failures + 1, ended_at: clock.now() };
    await store.db.updateTable('managed_services').set(ended).where('name', '=', name).execute();
    const againInMs = pauseAfter(ended.failures);
    const { evidence } = toldErrorOf(error) ?? {};
    log.warn({ service: name, error: messageOf(error), evidence, againInMs }, 'service could not be started');
    return { againInMs };
  }
  log.info({ service: name }, 'service started');
  return { againInMs: 0 };
}

async function forget({ store, runtime }: ServiceLife, row: Row): Promise<void> {
  await runtime.forget(row.workload_id);
  await store.db.deleteFrom('managed_services').where('name', '=', row.name).execute();
}
