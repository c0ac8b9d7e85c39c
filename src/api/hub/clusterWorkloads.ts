import type { ClusterPhase } from '../../clusters/cluster.ts';
import type { Clusters } from '../../clusters/clusters.ts';
import type { UserWorkloads } from './serverDirectory.ts';

const active: readonly ClusterPhase[] = ['pending', 'running', 'stopping'];

/** The clusters as the users' part of the API needs them: they end before their owner goes. */
export function clusterWorkloads(clusters: Clusters): UserWorkloads {
  return {
    what: 'clusters',
    async hasActive(user) {
      return (await clusters.list(user, active)).length > 0;
    },
    async removeAllOf(user, milliseconds) {
      await Promise.all(
        (await clusters.list(user, active)).map(async ({ name }) => {
          await clusters.stop(name, `Stopped because the user ${user} is being removed.`);
          await clusters.waitForChange(name, milliseconds);
        }),
      );
      return !(await this.hasActive(user));
    },
  };
}
