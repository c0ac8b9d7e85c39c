import { Agent, request } from 'undici';
import { besideEach, type Figure } from '../report/figure.ts';
import { JupyterHubPeer } from '../support/jupyterHubPeer.ts';
import { type JupyterHubVersion, peersOf } from '../support/jupyterHubVersions.ts';
import { type PeerWithDatabase, peersWithDatabases } from './peersWithDatabases.ts';
import { SimulatedAtoll } from './simulatedAtoll.ts';
import { startServers } from './startServers.ts';
import { simulatedSpawner } from './stubServers.ts';

/**
 * Hub and proxy were killed while servers ran: seconds from the start of the program until each of the servers answers through
 * the proxy again.
 */
export async function measureRestart(
  answers: number,
  versions: readonly JupyterHubVersion[],
  servers: number,
  rounds: number,
): Promise<Figure[]> {
  const ours: number[] = [];
  const theirs = new Map<string, number[]>(versions.map(({ name }) => [name, []]));
  const peers = peersWithDatabases(versions, servers, { servers, port: answers });
  const atoll = await SimulatedAtoll.start(answers, servers);
  try {
    await startServers(atoll, users(servers), 500);
    for (let round = 0; round < rounds; round++) {
      await atoll.down('SIGKILL');
      const startedAt = performance.now();
      await atoll.up();
      await allAnswer(atoll.url, servers);
      ours.push((performance.now() - startedAt) / 1000);
      for (const peer of peers) theirs.get(peer.name)?.push(await peerRestart(peer, answers, servers));
    }
  } finally {
    await atoll.end();
  }
  const name = `scale/restart with ${servers.toLocaleString('en')} servers`;
  return besideEach(
    { case: name, unit: 's', better: 'less', ours },
    peersOf(versions, (peer) => theirs.get(peer) ?? []),
  );
}

/** Its database says what runs, as after a kill. */
async function peerRestart(
  { directory, database }: PeerWithDatabase,
  answers: number,
  servers: number,
): Promise<number> {
  const peer = await JupyterHubPeer.start(directory, { database, settings: simulatedSpawner(answers) });
  try {
    const startedAt = performance.now();
    await allAnswer(peer.url, servers);
    return peer.startSeconds + (performance.now() - startedAt) / 1000;
  } finally {
    await peer.endAtOnce();
  }
}

function users(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** Asks each server until it, and not the hub in its place, has answered. */
async function allAnswer(url: string, servers: number): Promise<void> {
  const dispatcher = new Agent({ connections: 8 });
  const left = users(servers);
  const ask = async (): Promise<void> => {
    for (let user = left.pop(); user !== undefined; user = left.pop())
      while (!(await answers(user))) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const answers = async (user: number): Promise<boolean> => {
    const { statusCode, body } = await request(`${url}/user/user-${user}/api`, { dispatcher });
    return (await body.text()) === '{}' && statusCode === 200;
  };
  await Promise.all(Array.from({ length: 8 }, ask));
  await dispatcher.close();
}
