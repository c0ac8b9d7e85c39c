import type { Clusters } from '../clusters/clusters.ts';
import type { Servers } from '../servers/servers.ts';

/** Ends all servers and clusters, and waits for their ends, `milliseconds` at most. */
export async function stopWorkloads(servers: Servers, clusters: Clusters, milliseconds: number): Promise<void> {
  const stopServers = (await servers.list()).map(async ({ user, name }) => {
    await servers.stop(user, name);
    await servers.settled(user, name, milliseconds);
  });
  const stopClusters = (await clusters.list(undefined, ['pending', 'running', 'stopping'])).map(async ({ name }) => {
    await clusters.stop(name, 'Stopped with Atoll.');
    await clusters.waitForChange(name, milliseconds);
  });
  await Promise.all([...stopServers, ...stopClusters]);
}
