import type { ClusterPhase } from '../../clusters/cluster.ts';
import { maySee, maySeeAll } from '../../clusters/clusterAccess.ts';
import { dashboardsPath } from '../../clusters/clusterRoutes.ts';
import type { Clusters } from '../../clusters/clusters.ts';
import { type Clock, systemClock } from '../../core/clock.ts';
import { AtollError } from '../../core/errors.ts';
import { quickMs, refreshSeconds } from '../frame/pace.ts';
import type { PagesModule } from '../frame/pagesModule.ts';
import { clustersContent } from './clustersContent.ts';
import { isUnderWay, type ShownCluster } from './shownCluster.ts';

/** What the page about clusters needs. */
export interface ClustersPagesOptions {
  clusters: Clusters;
  clock?: Clock;
}

const livePhases: readonly ClusterPhase[] = ['pending', 'running', 'stopping'];

/** How many clusters that have ended are shown: a program may make and end one every few seconds. */
const mostEnded = 50;

/** The page about Dask clusters: one's own, and for administrators everybody's; each can be stopped with a button. */
export function clustersPages({ clusters, clock = systemClock }: ClustersPagesOptions): PagesModule {
  return (frame) => {
    frame.page({ method: 'get', path: '/hub/clusters', access: 'signedIn' }, async ({ principal, xsrfToken, page }) => {
      const owner = maySeeAll(principal) ? undefined : principal.name;
      const live = await clusters.list(owner, livePhases);
      const ended = await clusters.listEnded(owner, mostEnded);
      const shown: ShownCluster[] = await Promise.all(
        [...live.toReversed(), ...ended]
          .filter((cluster) => maySee(principal, cluster))
          .map(async (cluster) => ({ cluster, progress: await clusters.progress(cluster) })),
      );
      const content = clustersContent({ principal, shown, now: clock.now(), xsrfToken });
      return page('Clusters', content, shown.some(isUnderWay) ? { refreshSeconds } : {});
    });

    // The hub is only asked for dashboards that the edge does not know.
    frame.app.get(`${dashboardsPath}*`, ({ req }, next) =>
      (req.header('accept') ?? '').includes('text/html') ? frame.notFound(req.raw, noCluster()) : next(),
    );

    frame.page({ method: 'post', path: '/hub/clusters/:name/stop', access: 'signedIn' }, async (context) => {
      const { principal, params, request, redirect } = context;
      const name = params.name ?? '';
      const cluster = await clusters.get(name);
      if (!cluster || !maySee(principal, cluster)) throw noCluster();
      await clusters.stop(name, `Stopped by ${principal.name}.`);
      await clusters.waitForChange(name, quickMs, request.signal);
      return redirect('/hub/clusters');
    });
  };
}

function noCluster(): AtollError {
  return new AtollError('ATOLL_CLUSTER_NOT_FOUND', "There is no such cluster, or it is somebody else's.", {
    nextStep: 'Look at the list of clusters; those that ended are forgotten after a day.',
  });
}
