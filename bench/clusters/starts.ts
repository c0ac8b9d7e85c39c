import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Figure } from '../report/figure.ts';
import { runScript } from './python.ts';

/** Seconds of one round, which is a program of its own: a notebook that makes its first cluster is one too. */
interface Round {
  /** From the first call to a connected client. */
  connected: number;
  /** From the first call to the first result. */
  first: number;
  /** From scale() until all workers are there. */
  scaled: number;
}

/** Who is measured. */
export interface Contestants {
  /** The Python environment of all of them. */
  environment: string;
  /** What somebody's programs have in their environment. */
  atoll: Record<string, string>;
  /** An Atoll whose Python environment is somebody else's: no fork servers. */
  withoutForkServers: Record<string, string>;
  daskGateway: Record<string, string>;
}

/** Pause between rounds, for what the last one left to end. */
const pauseMs = 3000;

/** From GatewayCluster() to a client, workers and the first result; in turns, by dask-gateway and by hand too. */
export async function measureStarts(contestants: Contestants, rounds: number, workers: string): Promise<Figure[]> {
  const { environment, atoll, withoutForkServers, daskGateway } = contestants;
  const gateway = (variables: Record<string, string>): Promise<Round> =>
    runScript(environment, 'gatewayRound.py', [workers], variables);
  const contests: (() => Promise<Round>)[] = [
    () => gateway(atoll),
    () => gateway(withoutForkServers),
    () => gateway(daskGateway),
    () => runScript(environment, 'byHandRound.py', [join(environment, 'bin/dask'), workers], {}),
  ];
  const results: Round[][] = contests.map(() => []);
  // The first time fills the page cache, and begins a fork server.
  for (let done = -1; done < rounds; done++)
    for (const [index, contest] of contests.entries()) {
      await wait(pauseMs);
      const round = await contest();
      if (done >= 0) results[index]?.push(round);
    }
  const [ours = [], plain = [], theirs = [], byHand = []] = results;
  const figure = (name: string, key: keyof Round, own: Round[], peer: string, others: Round[]): Figure => ({
    case: `clusters/${name}`,
    unit: 's',
    better: 'less',
    ours: own.map((round) => round[key]),
    peer: { name: peer, theirs: others.map((round) => round[key]) },
  });
  return [
    figure('new cluster to a connected client', 'connected', ours, 'dask-gateway', theirs),
    figure('new cluster to a connected client', 'connected', ours, 'by hand', byHand),
    figure('to the first result', 'first', ours, 'dask-gateway', theirs),
    figure(`scale(${workers}) to ${workers} workers, warm`, 'scaled', ours, 'dask-gateway', theirs),
    figure(`scale(${workers}) to ${workers} workers, no fork server`, 'scaled', plain, 'dask-gateway', theirs),
  ];
}
