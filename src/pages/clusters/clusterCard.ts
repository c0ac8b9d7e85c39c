import { html } from 'hono/html';
import type { Cluster, ClusterPhase } from '../../clusters/cluster.ts';
import { owns } from '../../clusters/clusterAccess.ts';
import { dashboardPath } from '../../clusters/clusterRoutes.ts';
import { formatBytes } from '../../core/quantities.ts';
import { escapeSegment } from '../../identity/urls.ts';
import { actionButton } from '../frame/actionButton.ts';
import { durationText } from '../frame/durationText.ts';
import { xsrfField } from '../frame/formParts.ts';
import type { Html } from '../frame/layout.ts';
import type { ClustersOptions } from './clustersOptions.ts';
import type { ShownCluster } from './shownCluster.ts';

const states: Record<ClusterPhase, { label: string; kind: string }> = {
  pending: { label: 'Starting', kind: 'busy' },
  running: { label: 'Running', kind: 'good' },
  stopping: { label: 'Stopping', kind: 'busy' },
  stopped: { label: 'Stopped', kind: '' },
  failed: { label: 'Failed', kind: 'bad' },
};

/** One cluster: what it is doing, for how long, its workers, and why it waits or has ended. */
export function clusterCard(shown: ShownCluster, { principal, now, xsrfToken, urls }: ClustersOptions): Html {
  const { cluster } = shown;
  const { label, kind } = states[cluster.phase];
  const shortName = cluster.name.slice(0, 8);
  const workers = workersOf(shown);
  const buttons = buttonsOf(cluster, shortName, { xsrfToken, urls });
  return html`<section class="card">
<div class="row">
<div class="grow">
<h3><code title="${cluster.name}">${shortName}</code>${owns(principal, cluster) ? '' : html` of ${cluster.owner}`}</h3>
<p><span class="pill ${kind}">${label}</span> <span class="small">${timeOf(cluster, now)}</span></p>
${workers === '' ? '' : html`<p class="small">${workers}</p>`}
${versionsOf(cluster)}
</div>
${buttons.length === 0 ? '' : html`<div class="buttons">${buttons}</div>`}
</div>
${reasonOf(shown)}
${endsOf(shown, now)}
${cluster.phase === 'running' && owns(principal, cluster) ? scaleForms(cluster, shortName, xsrfToken) : ''}
</section>`;
}

function timeOf({ phase, createdAt, runningAt, stoppedAt }: Cluster, now: number): string {
  if (phase === 'running' || phase === 'pending') return `for ${durationText(now - (runningAt ?? createdAt))}`;
  if (stoppedAt === undefined) return runningAt === undefined ? '' : `after ${durationText(now - runningAt)}`;
  const ago = `${durationText(now - stoppedAt)} ago`;
  return runningAt === undefined ? ago : `${ago}, after ${durationText(stoppedAt - runningAt)}`;
}

function workersOf({ cluster, progress }: ShownCluster): string {
  const { workerMemory, workerMemoryLimit, workerCores, workerCoreLimit } = cluster.config;
  const memory = formatBytes(workerMemoryLimit ?? workerMemory);
  const each = `${memory} and ${coresText(workerCoreLimit ?? workerCores)} each`;
  if (cluster.phase === 'pending') return `Its workers will have ${each}`;
  if (cluster.phase !== 'running') return '';
  const { scaling, wantedWorkers: wanted } = cluster;
  const range = scaling.mode === 'fixed' ? [] : [rangeText(scaling)];
  if (wanted === 0 && progress.runningWorkers === 0) return ['No workers', ...range].join(' · ');
  return [`${progress.runningWorkers} of ${wanted} ${wanted === 1 ? 'worker' : 'workers'}`, ...range, each].join(' · ');
}

function coresText(cores: number): string {
  return cores === 1 ? '1 core' : `${cores} cores`;
}

function rangeText({ minimum, maximum }: { minimum: number | null; maximum: number | null }): string {
  return maximum === null ? `adapts, from ${minimum ?? 0} up` : `adapts between ${minimum ?? 0} and ${maximum}`;
}

function buttonsOf(
  cluster: Cluster,
  shortName: string,
  { xsrfToken, urls }: Pick<ClustersOptions, 'xsrfToken' | 'urls'>,
): Html[] {
  const { name, phase, address } = cluster;
  const dashboard = html`<a class="button" href="${urls.path(dashboardPath(name))}" aria-label="Dashboard of ${shortName}">Dashboard</a>`;
  const action = `/hub/clusters/${escapeSegment(name)}/stop`;
  const label = phase === 'pending' ? 'Cancel' : 'Stop';
  return [
    ...(phase === 'running' && address && address.ports.dashboard !== null ? [dashboard] : []),
    ...(phase === 'running' || phase === 'pending'
      ? [actionButton({ action, label, description: `${label} ${shortName}`, kind: 'quiet' }, xsrfToken)]
      : []),
  ];
}

/** Why it has ended, or what it waits for: the sentence, and below it the lines that it came with. */
function reasonOf(shown: ShownCluster): Html | string {
  const { phase, reason } = shown.cluster;
  const text = shown.progress.waitingFor ?? reason;
  if (text === undefined) return '';
  const end = text.indexOf('\n');
  const sentence = end === -1 ? text : text.slice(0, end);
  const lines = end === -1 ? '' : text.slice(end + 1);
  return html`<p class="reason${phase === 'failed' ? ' alert' : ''}">${sentence}</p>
${lines === '' ? '' : html`<pre class="log" tabindex="0" aria-label="Its last lines">${lines}</pre>`}`;
}

/** What runs in it: where that differs from a notebook, results cannot be read. */
function versionsOf({ phase, versions }: Cluster): Html | string {
  const { python, dask } = versions;
  if (phase !== 'running' || python === undefined || dask === undefined) return '';
  return html`<p class="small">Python ${python} · Dask ${dask}</p>`;
}

/** How many of the workers that ended are shown. */
const shownEnds = 5;

function endsOf({ progress }: ShownCluster, now: number): Html | string {
  const ends = progress.workerEnds.slice(0, shownEnds);
  if (ends.length === 0) return '';
  const items = ends.map(({ endedAt, sentence }) => html`<li>${durationText(now - endedAt)} ago: ${sentence}</li>`);
  return html`<details><summary>Workers that ended unexpectedly</summary><ul class="small">${items}</ul></details>`;
}

/** A fixed number of workers, or a range within which the scheduler chooses. */
function scaleForms({ name, scaling, wantedWorkers, config }: Cluster, shortName: string, xsrfToken: string): Html {
  const action = `/hub/clusters/${escapeSegment(name)}`;
  const most = config.maxWorkers === null ? '' : html` max="${config.maxWorkers}"`;
  const range = scaling.mode === 'adaptive' ? scaling : { minimum: 0, maximum: config.maxWorkers };
  return html`<details><summary>Scale</summary>
<form method="post" action="${action}/scale" class="row">
${xsrfField(xsrfToken)}
<label>Workers <input type="number" name="count" min="0"${most} value="${wantedWorkers}" required></label>
<button type="submit" class="quiet" aria-label="Scale ${shortName}">Scale</button>
</form>
<form method="post" action="${action}/adapt" class="row">
${xsrfField(xsrfToken)}
<label>At least <input type="number" name="minimum" min="0"${most} value="${range.minimum ?? 0}"></label>
<label>At most <input type="number" name="maximum" min="0"${most} value="${range.maximum ?? ''}"></label>
<button type="submit" class="quiet" aria-label="Adapt ${shortName}">Adapt</button>
</form></details>`;
}
