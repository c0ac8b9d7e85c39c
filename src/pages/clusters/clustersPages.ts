import type { ClusterPhase } from '../../clusters/cluster.ts';
import { maySee, maySeeAll, owns } from '../../clusters/clusterAccess.ts';
import { dashboardOfPanelLink, dashboardsPath } from '../../clusters/clusterRoutes.ts';
import type { Clusters } from '../../clusters/clusters.ts';
import type { PythonValue } from '../../clusters/pythonJson.ts';
import { type Clock, systemClock } from '../../core/clock.ts';
import { AtollError } from '../../core/errors.ts';
import { quickMs, refreshSeconds } from '../frame/pace.ts';
import { type PageContext, redirectTo } from '../frame/pageFrame.ts';
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

/** The page about Dask clusters: one's own, and for administrators everybody's; each can be stopped with a button, one's own scaled. */
export function clustersPages({ clusters, clock = systemClock }: ClustersPagesOptions): PagesModule {
  return (frame) => {
    const show = async (
      { principal, xsrfToken, page }: PageContext<'signedIn'>,
      notice?: string,
    ): Promise<Response> => {
      const owner = maySeeAll(principal) ? undefined : principal.name;
      const live = await clusters.list(owner, livePhases);
      const ended = await clusters.listEnded(owner, mostEnded);
      const shown: ShownCluster[] = await Promise.all(
        [...live.toReversed(), ...ended]
          .filter((cluster) => maySee(principal, cluster))
          .map(async (cluster) => ({ cluster, progress: await clusters.progress(cluster) })),
      );
      const now = clock.now();
      const content = clustersContent({
        principal,
        shown,
        now,
        xsrfToken,
        urls: frame.urls,
        ...(notice === undefined ? {} : { notice }),
      });
      // A page that has something to say stays until it is read.
      return page('Clusters', content, notice === undefined && shown.some(isUnderWay) ? { refreshSeconds } : {});
    };

    frame.page({ method: 'get', path: '/hub/clusters', access: 'signedIn' }, (context) => show(context));

    for (const [verb, ask] of [
      ['scale', (name: string, form: URLSearchParams) => clusters.scale(name, numberIn(form, 'count'))],
      [
        'adapt',
        (name: string, form: URLSearchParams) =>
          clusters.adapt(name, { minimum: numberIn(form, 'minimum'), maximum: numberIn(form, 'maximum') }),
      ],
    ] as const)
      frame.page({ method: 'post', path: `/hub/clusters/:name/${verb}`, access: 'signedIn' }, async (context) => {
        const name = context.params.name ?? '';
        const cluster = await clusters.get(name);
        if (!cluster || !owns(context.principal, cluster)) throw noCluster();
        const { warning } = await ask(name, context.form);
        return warning === undefined ? context.redirect('/hub/clusters') : show(context, warning);
      });

    frame.app.get('/user/*', ({ req }, next) => {
      const { pathname, search } = new URL(req.url);
      const dashboard = dashboardOfPanelLink(pathname);
      return dashboard === undefined ? next() : Promise.resolve(redirectTo(frame.urls.path(dashboard + search)));
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

/** A field as the client of dask-gateway would send it: a whole number, nothing, or (to be refused) what was written. */
function numberIn(form: URLSearchParams, field: string): PythonValue {
  const text = form.get(field)?.trim() ?? '';
  if (text === '') return null;
  return /^-?\d{1,15}$/.test(text) ? BigInt(text) : text;
}

function noCluster(): AtollError {
  return new AtollError('ATOLL_CLUSTER_NOT_FOUND', "There is no such cluster, or it is somebody else's.", {
    nextStep: 'Look at the list of clusters; those that ended are forgotten after a day.',
  });
}
