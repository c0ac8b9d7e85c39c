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
  /** From adapt() without a worker to the result of a task; not by hand, where there is no such thing. */
  adapted?: number;
}

/** Who is measured. */
export interface Contestants {
  /** The Python environment of all of them. */
  environment: string;
  /** What somebody's programs have in their environment. */
  atoll: Record<string, string>;
  /** An Atoll whose Python environment is somebody else's: no fork servers. */
  withoutForkServers: Record<string, string>;
  /** Or why it cannot be had. */
  daskGateway: Record<string, string> | { missing: string };
}

/** Pause between rounds, for what the last one left to end. */
const pauseMs = 3000;

/** From GatewayCluster() to a client, workers and the first result; in turns, by dask-gateway and by hand too. */
export async function measureStarts(contestants: Contestants, rounds: number, workers: string): Promise<Figure[]> {
  const { environment, atoll, withoutForkServers, daskGateway } = contestants;
  const gateway = async (variables: Contestants['daskGateway'], ...words: string[]): Promise<Round | undefined> =>
    'missing' in variables ? undefined : runScript(environment, 'gatewayRound.py', [workers, ...words], variables);
  const contests: (() => Promise<Round | undefined>)[] = [
    () => gateway(atoll, 'adapt'),
    () => gateway(withoutForkServers),
    () => gateway(daskGateway, 'adapt'),
    () => runScript(environment, 'byHandRound.py', [join(environment, 'bin/dask'), workers], {}),
  ];
  const results: Round[][] = contests.map(() => []);
  // The first time fills the page cache, and begins a fork server.
  for (let done = -1; done < rounds; done++)
    for (const [index, contest] of contests.entries()) {
      await wait(pauseMs);
      const round = await contest();
      if (done >= 0 && round) results[index]?.push(round);
    }
  const [ours = [], plain = [], theirs = [], byHand = []] = results;
  const figure = (name: string, key: keyof Round, own: Round[], peer: string, others: Round[]): Figure => ({
    case: `clusters/${name}`,
    unit: 's',
    better: 'less',
    ours: own.map((round) => round[key] ?? Number.NaN),
    peer: {
      name: peer,
      theirs: others.map((round) => round[key] ?? Number.NaN),
      ...(others === theirs && 'missing' in daskGateway && { missing: daskGateway.missing }),
    },
  });
  return [
    figure('new cluster to a connected client', 'connected', ours, 'dask-gateway', theirs),
    figure('new cluster to a connected client', 'connected', ours, 'by hand', byHand),
    figure('to the first result', 'first', ours, 'dask-gateway', theirs),
    figure('to the first result', 'first', ours, 'by hand', byHand),
    figure(`scale(${workers}) to ${workers} workers, warm`, 'scaled', ours, 'dask-gateway', theirs),
    figure('adapt() from no worker to a result', 'adapted', ours, 'dask-gateway', theirs),
    figure(`scale(${workers}) to ${workers} workers, no fork server`, 'scaled', plain, 'dask-gateway', theirs),
  ];
}
