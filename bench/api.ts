/**
 * The hub's API beside JupyterHub 6.1 and 5.5 (with configurable-http-proxy, SQLite), in one run: the same users, the same
 * load from wrk, one after the other in each round. A ratio is the median of the rounds' ratios, so that a busy moment of
 * the machine counts for all or for one round only. Cold: the first request of its kind after the start of the program.
 *
 *   node bench/api.ts [--rounds 3] [--seconds 2] [--users 1000,10000,50000] [--only 'GET /user'] [--peers 6.1,5.5]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureEnvironment } from '../src/environment/ensureEnvironment.ts';
import { atollName, atollWith, peersWith, type RunningCompetitor } from './api/competitors.ts';
import { connections, isPinned, load, type Sample, timeOnce } from './api/load.ts';
import { Measured } from './api/measured.ts';
import { type ApiRequest, apiRequests } from './api/requests.ts';
import { besideEach, type Figure, missingFigures } from './report/figure.ts';
import { handIn, part } from './report/handIn.ts';
import { isInstalled } from './support/isInstalled.ts';
import { jupyterHubVersions, peersOf } from './support/jupyterHubVersions.ts';
import { residentMemory } from './support/processTree.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    users: { type: 'string', default: '1000,10000,50000' },
    only: { type: 'string', default: '' },
    peers: { type: 'string', default: '6.1,5.5' },
  },
});
const rounds = Number(values.rounds);
/** The goals are about the smallest number of users; what more of them change is seen in less time. */
const secondsWith = (users: number): number => Math.max(1, Number(values.seconds) / (users > 1000 ? 2 : 1));
const chosen = apiRequests.filter(({ title }) => values.only === '' || title === values.only);
const { directory } = await ensureEnvironment({
  stateDirectory: resolve(import.meta.dirname, '../.cache'),
  onProgress: (line) => console.error(line),
});
process.env.ATOLL_PYTHON_ENV = directory;
const versions = jupyterHubVersions(directory, values.peers.split(',').filter(Boolean));
const folder = mkdtempSync(join(tmpdir(), 'atoll-bench-api-'));
handIn(
  [],
  `${rounds} rounds of ${secondsWith(1000)} s (with more than 1,000 users ${secondsWith(1001)} s), in turns, after a second that warms up; wrk with ${connections} connections` +
    `${isPinned ? ' on the first processor' : ', not pinned'}; hub and proxy run where they like, on SQLite.`,
);
try {
  for (const users of values.users.split(',').map(Number))
    await part(`${users} users`, async () =>
      handIn(isInstalled('wrk') ? await measure(users) : missingFigures(warmNames(users), 'wrk is not installed')),
    );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** All figures with so many users. */
async function measure(users: number): Promise<Figure[]> {
  const competitors = [atollWith(users, folder), ...peersWith(users, versions, folder)];
  /** Milliseconds, by request and competitor. */
  const cold = new Measured<number>();
  const running: RunningCompetitor[] = [];
  try {
    // The last start is the one that is then warmed up.
    for (let round = 0; round < rounds; round++)
      for (const competitor of competitors) {
        const hub = await competitor.start();
        running.push(hub);
        for (const request of chosen) cold.add(request.title, hub.name, await timeOnce(hub, request));
        if (round < rounds - 1) await running.pop()?.end();
      }
    const warm = new Measured<Sample>();
    for (const request of chosen) takeWarm(warm, running, request, users);
    const memory = new Measured<number>();
    for (const { name, pids } of running)
      memory.add('', name, pids.reduce((sum, pid) => sum + residentMemory(pid), 0) / 1e6);
    return figuresOf(users, cold, warm, memory);
  } finally {
    for (const hub of running) await hub.end();
  }
}

function warmNames(users: number): string[] {
  return chosen.map(({ title }) => `api/${title}, ${users.toLocaleString('en')} users`);
}

function takeWarm(
  warm: Measured<Sample>,
  hubs: readonly RunningCompetitor[],
  request: ApiRequest,
  users: number,
): void {
  for (const hub of hubs) load(hub, request, users, 1, folder);
  for (let round = 0; round < rounds; round++)
    for (const hub of hubs) warm.add(request.title, hub.name, load(hub, request, users, secondsWith(users), folder));
}

function figuresOf(users: number, cold: Measured<number>, warm: Measured<Sample>, memory: Measured<number>): Figure[] {
  const size = `${users.toLocaleString('en')} users`;
  const figures = (
    name: string,
    unit: string,
    better: Figure['better'],
    valuesOf: (competitor: string) => number[],
  ): Figure[] =>
    besideEach({ case: `api/${name}, ${size}`, unit, better, ours: valuesOf(atollName) }, peersOf(versions, valuesOf));
  const warmFigures = ({ title }: ApiRequest): Figure[] => {
    const warmOf = (of: (sample: Sample) => number) => (name: string) => warm.of(title, name).map(of);
    return [
      ...figures(
        title,
        'requests/s',
        'more',
        warmOf(({ perSecond }) => perSecond),
      ),
      ...figures(
        `${title}, CPU`,
        'µs CPU',
        'less',
        warmOf(({ cpu }) => cpu),
      ),
      ...figures(
        `p99 of ${title}`,
        'ms',
        'less',
        warmOf(({ p99 }) => p99),
      ),
      ...figures(`${title}, cold`, 'ms', 'less', (name) => cold.of(title, name)),
    ];
  };
  return [
    ...chosen.flatMap(warmFigures),
    ...figures('memory of hub and proxy after the load', 'MB', 'less', (name) => memory.of('', name)),
  ];
}
