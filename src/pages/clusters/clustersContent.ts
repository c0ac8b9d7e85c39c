import { html } from 'hono/html';
import { maySeeAll, owns } from '../../clusters/clusterAccess.ts';
import type { Html } from '../frame/layout.ts';
import { clusterCard } from './clusterCard.ts';
import type { ClustersOptions } from './clustersOptions.ts';
import { isOver, type ShownCluster } from './shownCluster.ts';

/** A person's clusters and what can be done with them; for administrators those of others below. */
export function clustersContent(options: ClustersOptions): Html {
  const { principal, shown } = options;
  const own = shown.filter(({ cluster }) => owns(principal, cluster));
  const ended = own.filter(isOver);
  const live = own.filter((one) => !isOver(one));
  const cards = (some: readonly ShownCluster[]): Html[] => some.map((one) => clusterCard(one, options));
  return html`<h1>Your clusters</h1>
${options.notice === undefined ? '' : html`<p class="reason" role="status">${options.notice}</p>`}
${live.length === 0 ? howToMakeOne() : cards(live)}
${ended.length === 0 ? '' : html`<h2>Ended during the last day</h2>`}
${cards(ended)}
${
  maySeeAll(principal)
    ? othersSection(
        shown.filter(({ cluster }) => !owns(principal, cluster)),
        cards,
      )
    : ''
}`;
}

function othersSection(others: readonly ShownCluster[], cards: (some: readonly ShownCluster[]) => Html[]): Html {
  return html`<h2>Clusters of other people</h2>
${others.length === 0 ? html`<p class="small">Nobody else has had one during the last day.</p>` : cards(others)}`;
}

function howToMakeOne(): Html {
  return html`<section class="card">
<p>No cluster is running. This makes one, in a notebook or a terminal on your server:</p>
<pre><code>from dask_gateway import GatewayCluster
cluster = GatewayCluster(); cluster.scale(4)
client = cluster.get_client()</code></pre>
<p class="small">Dask then computes on its workers, and the cluster appears here. The Dask panel of JupyterLab makes one too.</p>
</section>`;
}
