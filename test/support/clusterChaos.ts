import { setTimeout as wait } from 'node:timers/promises';
import type { Atoll } from './atoll.ts';
import { GatewayScript } from './gatewayScript.ts';
import { until } from './until.ts';

/** How a {@link clusterChaos} goes. */
export interface ChaosOptions {
  /** How many clusters compute, each for a program of its own. */
  clusters: number;
  /** For how long hub and edge are killed. */
  seconds: number;
  /** Between two kills, at most. */
  pauseMs: number;
  /** An API token of whoever makes the clusters. */
  token: string;
  /** A number from 0 to below 1, as `Math.random` gives it. */
  random?: () => number;
}

/** What came of it. */
export interface ChaosResult {
  kills: { hub: number; edge: number };
  /** Results that were right, of each program. */
  right: number[];
  wrong: number;
  /** The clusters that there were, and those that the hub knew at the end. */
  made: string[];
  known: string[];
}

/** Kills hub and edge (kill -9) at random moments while clusters compute; then ends the programs, and with them the clusters. */
export async function clusterChaos(atoll: Atoll, options: ChaosOptions): Promise<ChaosResult> {
  const { clusters, seconds, pauseMs, token, random = Math.random } = options;
  const programs = Array.from({ length: clusters }, () => new GatewayScript('computes', atoll.url, token));
  try {
    const kills = { hub: 0, edge: 0 };
    const named = Promise.all(programs.map(async (program) => (await program.next<{ name: string }>()).name));
    const end = Date.now() + seconds * 1000;
    while (Date.now() < end) {
      await wait(random() * pauseMs);
      const role = random() < 0.5 ? 'hub' : 'edge';
      const pid = await until(`a ${role}`, () => atoll.pidOf(role));
      process.kill(pid, 'SIGKILL');
      kills[role] += 1;
      await until(`another ${role}`, () => atoll.pidOf(role) !== pid);
    }
    const made = await named;
    const known = await until('an answer of the gateway', async () => {
      const answer = await fetch(`${atoll.url}/services/dask-gateway/api/v1/clusters/`, {
        headers: { authorization: `jupyterhub ${token}` },
      });
      return answer.status === 200 && Object.keys((await answer.json()) as object);
    });
    // A creation whose answer was lost has become a cluster too, which its program does not know of.
    for (const name of known.filter((one) => !made.includes(one)))
      await fetch(`${atoll.url}/services/dask-gateway/api/v1/clusters/${name}`, {
        method: 'DELETE',
        headers: { authorization: `jupyterhub ${token}` },
      });
    for (const program of programs) program.finish();
    const told = await Promise.all(programs.map((program) => program.next<{ right: number; wrong: number }>()));
    await Promise.all(programs.map((program) => program.end()));
    const wrong = told.reduce((sum, one) => sum + one.wrong, 0);
    return { kills, right: told.map(({ right }) => right), wrong, made, known };
  } finally {
    for (const program of programs) program.kill();
  }
}
