import { besideEach, type Figure } from '../report/figure.ts';
import { JupyterHubPeer } from '../support/jupyterHubPeer.ts';
import { type JupyterHubVersion, peersOf } from '../support/jupyterHubVersions.ts';
import { cpuSeconds, withDescendants } from '../support/processTree.ts';
import type { HubUnderTest } from '../support/serverStart.ts';
import { type PeerWithDatabase, peersWithDatabases } from './peersWithDatabases.ts';
import { SimulatedAtoll } from './simulatedAtoll.ts';
import { startServers } from './startServers.ts';

/** How many are started at once in the large case: JupyterHub is asked for fewer, because it takes long; its rate is the better for it. */
export interface StubStarts {
  ours: number;
  theirs: number;
}

/** What one round says. */
interface Round {
  /** Milliseconds of a single start. */
  one: number;
  /** Starts a second. */
  hundred: number;
  many: number;
  /** Milliseconds of CPU of hub and proxy for each of the many. */
  cpu: number;
  /** Milliseconds of the slowest `GET /health` meanwhile. */
  slowestHealth: number;
}

/** 1, 100 and 1,000 people who start a server at once that has nothing to load; hub and proxy are asked, theirs and ours. */
export async function measureStubServers(
  answers: number,
  versions: readonly JupyterHubVersion[],
  starts: StubStarts,
  rounds: number,
): Promise<Figure[]> {
  const ours: Round[] = [];
  const theirs = new Map<string, Round[]>(versions.map(({ name }) => [name, []]));
  const peers = peersWithDatabases(versions, firstOfMany + starts.theirs);
  for (let round = 0; round < rounds; round++) {
    ours.push(await oursOnce(answers, starts.ours));
    for (const peer of peers) theirs.get(peer.name)?.push(await theirsOnce(peer, answers, starts.theirs));
  }
  const figures = (name: string, unit: string, better: Figure['better'], of: (round: Round) => number): Figure[] =>
    besideEach(
      { case: `scale/${name}`, unit, better, ours: ours.map(of) },
      peersOf(versions, (peer) => (theirs.get(peer) ?? []).map(of)),
    );
  const many = `${starts.ours.toLocaleString('en')} servers at once`;
  return [
    ...figures('1 stub server', 'ms', 'less', ({ one }) => one),
    ...figures('100 servers at once', 'starts/s', 'more', ({ hundred }) => hundred),
    ...figures(many, 'starts/s', 'more', (round) => round.many),
    ...figures(`${many}, CPU each`, 'ms', 'less', ({ cpu }) => cpu),
    {
      case: 'scale/slowest GET /health meanwhile',
      unit: 'ms',
      better: 'less',
      ours: ours.map(({ slowestHealth }) => slowestHealth),
    },
  ];
}

async function oursOnce(answers: number, many: number): Promise<Round> {
  const atoll = await SimulatedAtoll.start(answers, firstOfMany + many);
  try {
    return await measureOnce(atoll, Object.values(atoll.pids), many);
  } finally {
    await atoll.end();
  }
}

async function theirsOnce({ directory, database }: PeerWithDatabase, answers: number, many: number): Promise<Round> {
  const peer = await JupyterHubPeer.start(directory, { database, settings: simulatedSpawner(answers) });
  try {
    return await measureOnce(peer, withDescendants(peer.pid), many);
  } finally {
    // Asked to end, it would stop one server after the other.
    await peer.endAtOnce();
  }
}

/** Users before those who start all at once: one who warms up, one, and a hundred. */
const firstOfMany = 102;

async function measureOnce(hub: HubUnderTest, pids: readonly number[], many: number): Promise<Round> {
  const users = (from: number, count: number): number[] => Array.from({ length: count }, (_, index) => from + index);
  await startServers(hub, users(0, 1), 10);
  const one = await startServers(hub, users(1, 1), 10);
  const hundred = await startServers(hub, users(2, 100), 100);
  const cpu = (): number => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  const before = cpu();
  const all = await startServers(hub, users(firstOfMany, many), 500);
  return {
    one: one.seconds * 1000,
    hundred: 100 / hundred.seconds,
    many: many / all.seconds,
    cpu: ((cpu() - before) / many) * 1000,
    slowestHealth: all.slowestHealth,
  };
}

/** JupyterHub's servers are simulated as ours are. */
export function simulatedSpawner(answers: number): string {
  return `
from jupyterhub.spawner import Spawner

class SimulatedSpawner(Spawner):
    async def start(self):
        return ('127.0.0.1', ${answers})

    async def poll(self):
        return None

    async def stop(self, now=False):
        pass

c.JupyterHub.spawner_class = SimulatedSpawner
c.JupyterHub.concurrent_spawn_limit = 0
c.JupyterHub.active_server_limit = 0
`;
}
