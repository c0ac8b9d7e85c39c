import { setImmediate } from 'node:timers/promises';
import { AtollError } from '../core/errors.ts';
import { sha256Hex } from '../core/ids.ts';
import type { ReconcileResult } from '../core/reconciler.ts';
import {
  explainDefect,
  explainExit,
  explainLoss,
  explainNoAnswer,
  explainRefusal,
} from '../diagnosis/explainServerEnd.ts';
import type { Observation } from '../runtimes/contract.ts';
import type { Life } from './life.ts';
import { recordEnd, recordReady, shownLogTail } from './recordOutcome.ts';
import type { Server, TokenFingerprint } from './server.ts';
import { fullNameOf } from './serverPath.ts';
import { serverWorkload } from './serverWorkload.ts';

/** The next step of a server that should run: start its workload, wait for its answer, keep its route, or note its end. */
export async function bringUp(life: Life, server: Server, workloadId: string): Promise<ReconcileResult> {
  const seen = await life.runtime.get(workloadId);
  if (seen?.phase === 'exited') return noteExit(life, server, seen);
  if (server.phase === 'ready') return seen ? keepRoute(life, server, seen) : noteLoss(life, server);
  const fullName = fullNameOf(server.user, server.name);
  if (!seen) {
    if (life.starts.enter(fullName)) return startWorkload(life, server, workloadId);
    life.board.add(workloadId, { progress: 5, message: 'Waiting for its turn: many servers are starting' });
    return undefined;
  }
  if (seen.phase === 'waiting') {
    // A process that waits is being started on this machine, which costs; anything else waits for a cluster's node or image.
    if (life.runtime.name !== 'process') life.starts.giveBack(fullName);
    return tellWaiting(life, workloadId, seen);
  }
  return awaitAnswer(life, server, workloadId, seen);
}

async function startWorkload(life: Life, server: Server, workloadId: string): Promise<ReconcileResult> {
  tellWaiting(life, workloadId, undefined);
  try {
    const { user, name } = server;
    const { settings, digest } = await life.settings.forStart(server, workloadId);
    const credentials = await life.credentials.issueServerCredentials({ user, serverName: name }, settings);
    const fingerprint = { length: credentials.token.length, sha256: sha256Hex(credentials.token) };
    await rememberStart(life, server, fingerprint, digest);
    const reservation = await life.runtime.reserve({ id: workloadId, kind: 'server', owner: user, ports: ['http'] });
    const { hubUrl, urls } = life;
    const clusterOptions = await life.clusterOptionNames(user);
    const isPod = life.runtime.name === 'kubernetes';
    await life.runtime.start(
      serverWorkload({ server, workloadId, credentials, reservation, settings, hubUrl, urls, clusterOptions, isPod }),
    );
  } catch (error) {
    const end = { during: 'start', at: life.clock.now() } as const;
    if (error instanceof AtollError) await recordEnd(life, server, explainRefusal(end, error));
    else if ((await remainingMs(life, server, server.startedAt)) > 0) throw error;
    else await recordEnd(life, server, explainDefect(end));
    return undefined;
  }
  return { againInMs: 0 };
}

/** Kept so that the token can be hidden in log lines, also by a hub that did not issue it; and by which settings it starts. */
async function rememberStart(
  life: Life,
  server: Server,
  fingerprint: TokenFingerprint,
  settingsDigest: string,
): Promise<void> {
  await life.store.db
    .updateTable('servers')
    .set({ token_fingerprint: JSON.stringify(fingerprint), settings_digest: settingsDigest })
    .where('id', '=', server.id)
    .where('workload_id', '=', server.workloadId)
    .execute();
}

function tellWaiting(life: Life, workloadId: string, seen: Observation | undefined): undefined {
  const reason = seen?.waitingFor === undefined ? '' : `: ${seen.waitingFor}`;
  life.board.add(workloadId, { progress: 10, message: `Waiting for a place${reason}` });
}

async function awaitAnswer(
  life: Life,
  server: Server,
  workloadId: string,
  seen: Observation,
): Promise<ReconcileResult> {
  const settings = await life.settings.of(server);
  const program = settings.command === undefined ? 'JupyterLab' : 'the server';
  life.board.add(workloadId, { progress: 30, message: `Starting ${program}` });
  const address = `http://${seen.host}:${seen.ports.http}${life.urls.serverPath(server.user, server.name)}api`;
  const wake = (): void => life.wake(fullNameOf(server.user, server.name));
  if (!life.readiness.hasAnswered(workloadId, address, wake)) {
    const remaining = await remainingMs(life, server, seen.startedAt ?? server.startedAt);
    if (remaining > 0) return { againInMs: remaining };
    const end = { during: 'start', logTail: await shownLogTail(life, server), at: life.clock.now() } as const;
    await recordEnd(life, server, explainNoAnswer(end, settings.startTimeoutSeconds));
    return undefined;
  }
  life.board.add(workloadId, { progress: 80, message: `${program === 'JupyterLab' ? program : 'The server'} answers` });
  life.routes.put(server.user, server.name, seen);
  // The route must be on its way to the edge before anybody can hear that the server is ready, and follow it.
  await setImmediate();
  await recordReady(life, server);
  life.readiness.end(workloadId);
  return undefined;
}

/** Milliseconds left of the time that a start may take; neither waiting, for its turn too, nor the hub's own absence counts. */
async function remainingMs(life: Life, server: Server, since: number | null): Promise<number> {
  const { startTimeoutSeconds } = await life.settings.of(server);
  const turn = life.starts.since(fullNameOf(server.user, server.name)) ?? life.openedAt;
  const from = Math.max(since ?? life.openedAt, life.openedAt, turn);
  return from + startTimeoutSeconds * 1000 - life.clock.now();
}

function keepRoute(life: Life, server: Server, seen: Observation): undefined {
  life.routes.put(server.user, server.name, seen);
}

async function noteExit(life: Life, server: Server, seen: Observation): Promise<undefined> {
  const exit = seen.exit ?? { code: null, signal: null };
  const during = server.phase === 'ready' ? 'run' : 'start';
  // A person may end a server from within (JupyterLab's File > Shut Down): that is no failure.
  const wanted = during === 'run' && exit.code === 0;
  const logTail = wanted ? [] : await shownLogTail(life, server);
  await recordEnd(life, server, wanted ? null : explainExit({ during, exit, logTail, at: life.clock.now() }));
}

async function noteLoss(life: Life, server: Server): Promise<undefined> {
  await recordEnd(life, server, explainLoss({ during: 'run', at: life.clock.now() }));
}
