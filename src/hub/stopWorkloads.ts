import type { Clusters } from '../clusters/clusters.ts';
import type { Servers } from '../servers/servers.ts';

/** Ends all servers and clusters, and waits for their ends, `milliseconds` at most. */
export async function stopWorkloads(servers: Servers, clusters: Clusters, milliseconds: number): Promise<void> {
  const stopServers = (await servers.list()).map(async ({ user, name }) => {
    await servers.stop(user, name);
    await servers.settled(user, name, milliseconds);
  });
  await Promise.all([...stopServers, clusters.stopAll('Stopped with Atoll.', milliseconds)]);
}

/** Asks all servers and clusters of one user to end: they may not be here any more. Resolves when that is written down. */
export async function stopWorkloadsOf(servers: Servers, clusters: Clusters, user: string): Promise<void> {
  for (const { name } of await servers.list({ users: [user] })) await servers.stop(user, name);
  for (const { name } of await clusters.list(user, ['pending', 'running']))
    await clusters.stop(name, 'Its owner may not use this hub any more.');
}
