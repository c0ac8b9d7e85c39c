import { html } from 'hono/html';
import { serverUrl } from '../../identity/urls.ts';
import { isActive, type Server } from '../../servers/server.ts';
import type { Html } from '../frame/layout.ts';
import { actionButton } from './actionButton.ts';
import { durationText } from './durationText.ts';
import { serverPage } from './serverPaths.ts';

/** What the home page shows. */
export interface HomeOptions {
  user: string;
  /** All of the user's servers; the default one may be missing. */
  servers: readonly Server[];
  allowNamedServers: boolean;
  now: number;
  xsrfToken: string;
}

/** A person's servers and what can be done with them. */
export function homeContent(options: HomeOptions): Html {
  const { user, servers, allowNamedServers, xsrfToken } = options;
  const named = servers.filter((server) => server.name !== '');
  return html`<h1>Your server</h1>
${serverCard(
  options,
  servers.find((server) => server.name === ''),
  '',
)}
${
  allowNamedServers || named.length > 0
    ? html`<h2>Named servers</h2>
${named.map((server) => serverCard(options, server, server.name))}`
    : ''
}
${
  allowNamedServers
    ? html`<form class="card row" method="post" action="${serverPage('spawn', user, '')}">
<input type="hidden" name="_xsrf" value="${xsrfToken}">
<div class="grow"><label for="server_name">Name of a further server</label>
<input type="text" id="server_name" name="server_name" required maxlength="30" pattern="[a-z][a-z0-9]*(-[a-z0-9]+)*"
 aria-describedby="server_name_rule" autocomplete="off">
<p class="small" id="server_name_rule">A letter first, then letters, digits and single hyphens, all lower case.</p></div>
<button type="submit" class="quiet">Start it</button>
</form>`
    : ''
}
<h2>Dask</h2>
<p><a href="/hub/clusters">Your Dask clusters</a></p>`;
}

function serverCard(options: HomeOptions, server: Server | undefined, name: string): Html {
  const { label, kind } = server ? states[server.phase] : states.stopped;
  return html`<section class="card row">
<div class="grow">
${name === '' ? '' : html`<h3>${server?.displayName ?? name}${server && server.displayName !== name ? html` <span class="small">${name}</span>` : ''}</h3>`}
<p><span class="pill ${kind}">${label}</span> <span class="small">${server ? detailOf(server, options) : ''}</span></p>
</div>
<div class="buttons">${buttonsOf(options, server, name)}</div>
</section>`;
}

const states: Record<Server['phase'], { label: string; kind: string }> = {
  stopped: { label: 'Stopped', kind: '' },
  starting: { label: 'Starting', kind: 'busy' },
  ready: { label: 'Running', kind: 'good' },
  stopping: { label: 'Stopping', kind: 'busy' },
  failed: { label: 'Failed', kind: 'bad' },
};

function detailOf(server: Server, { now }: HomeOptions): Html | string {
  if (server.failure)
    return html`${server.failure.message} <a href="${serverPage('spawn-pending', server.user, server.name)}">Details</a>`;
  if (server.phase !== 'ready' || server.readyAt === null) return '';
  const active = server.lastActivity === null ? '' : `, last active ${durationText(now - server.lastActivity)} ago`;
  return `for ${durationText(now - server.readyAt)}${active}`;
}

function buttonsOf({ user, xsrfToken }: HomeOptions, server: Server | undefined, name: string): Html[] {
  const button = (page: string, label: string, kind?: 'quiet' | 'danger'): Html =>
    actionButton({ action: serverPage(page, user, name), label, xsrfToken, ...(kind && { kind }) });
  if (!server || !isActive(server))
    return [button('spawn', 'Start'), ...(name === '' ? [] : [button('delete-server', 'Delete', 'danger')])];
  const stop = button('stop', server.phase === 'starting' ? 'Cancel' : 'Stop', 'quiet');
  if (server.phase === 'ready') return [html`<a class="button" href="${serverUrl(user, name)}">Open</a>`, stop];
  if (server.phase === 'stopping') return [];
  return [html`<a class="button quiet" href="${serverPage('spawn-pending', user, name)}">Progress</a>`, stop];
}
