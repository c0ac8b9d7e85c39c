import { html } from 'hono/html';
import type { PublicUrls } from '../../identity/publicUrls.ts';
import type { SharedServer } from '../../identity/shares/sharesTable.ts';
import { isActive, type Server } from '../../servers/server.ts';
import { type Action, actionButton } from '../frame/actionButton.ts';
import { durationText } from '../frame/durationText.ts';
import { xsrfField } from '../frame/formParts.ts';
import type { Html } from '../frame/layout.ts';
import { type ServerPage, serverPage } from './serverPage.ts';
import { serverState } from './serverState.ts';

/** What the home page shows. */
export interface HomeOptions {
  user: string;
  /** All of the user's servers; the default one may be missing. */
  servers: readonly Server[];
  allowNamedServers: boolean;
  /** What was chosen for those that run, in words, by name. */
  choices: ReadonlyMap<string, string>;
  /** Servers of others that the person may open. */
  shared: readonly SharedServer[];
  now: number;
  xsrfToken: string;
  /** Where servers are. */
  urls: PublicUrls;
}

/** A person's servers and what can be done with them. */
export function homeContent(options: HomeOptions): Html {
  const { servers, allowNamedServers } = options;
  const own = servers.find((server) => server.name === '');
  const named = servers.filter((server) => server.name !== '');
  return html`<h1>Your server</h1>
${serverCard(options, own, '')}
${allowNamedServers || named.length > 0 ? html`<h2>Named servers</h2>` : ''}
${named.map((server) => serverCard(options, server, server.name))}
${allowNamedServers ? newServerForm(options) : ''}
${options.shared.length === 0 ? '' : sharedSection(options)}
<h2>Dask</h2>
<section class="card row">
<p class="grow">Clusters that compute for you, their workers and dashboards.</p>
<a class="button quiet" href="/hub/clusters">Clusters</a>
</section>`;
}

/** Those that do not run cannot be opened: only their owners start them. */
function sharedSection({ shared, urls }: HomeOptions): Html {
  return html`<h2>Shared with you</h2>
${shared.map(
  ({ user, name, ready }) => html`<section class="card row">
<div class="grow"><h3>${name === '' ? `The server of ${user}` : `“${name}” of ${user}`}</h3>
<p>${serverState(ready ? 'ready' : 'stopped')}</p></div>
${ready ? html`<a class="button" href="${urls.server(user, name)}" aria-label="${name === '' ? `Open the server of ${user}` : `Open “${name}” of ${user}`}">Open</a>` : ''}
</section>`,
)}`;
}
function serverCard(options: HomeOptions, server: Server | undefined, name: string): Html {
  const choice = options.choices.get(name);
  return html`<section class="card row">
<div class="grow">
${name === '' || !server ? '' : html`<h3>${server.displayName}</h3>`}
<p>${serverState(server?.phase)} <span class="small">${server ? detailOf(server, options) : ''}</span></p>
${choice === undefined ? '' : html`<p class="small">${choice}</p>`}
</div>
<div class="buttons">${buttonsOf(options, server, name)}</div>
</section>`;
}

function detailOf(server: Server, { now }: HomeOptions): Html | string {
  if (server.failure)
    return html`${server.failure.message} <a href="${serverPage('spawn-pending', server)}">Details</a>`;
  if (server.phase !== 'ready' || server.readyAt === null) return '';
  const lastUse = server.lastActivity ?? 0;
  const active = lastUse < server.readyAt ? '' : `, last used ${durationText(now - lastUse)} ago`;
  return `for ${durationText(now - server.readyAt)}${active}`;
}

function buttonsOf({ user, xsrfToken, urls }: HomeOptions, server: Server | undefined, name: string): Html[] {
  const button = (page: ServerPage, label: string, kind?: Action['kind']): Html =>
    actionButton({ action: serverPage(page, { user, name }), label, ...(kind && { kind }) }, xsrfToken);
  if (!server || !isActive(server))
    return [button('spawn', 'Start'), ...(name === '' ? [] : [button('delete-server', 'Delete', 'danger')])];
  if (server.phase === 'stopping') return [];
  if (server.phase === 'ready')
    return [
      html`<a class="button" href="${urls.server(user, name)}">Open</a>`,
      button('restart', 'Restart', 'quiet'),
      button('stop', 'Stop', 'quiet'),
    ];
  const progress = html`<a class="button quiet" href="${serverPage('spawn-pending', { user, name })}">Progress</a>`;
  return [progress, button('stop', 'Cancel', 'quiet')];
}

function newServerForm({ user, xsrfToken }: HomeOptions): Html {
  return html`<form class="card row" method="post" action="${serverPage('spawn', { user, name: '' })}">
${xsrfField(xsrfToken)}
<div class="grow">
<label for="server_name">Another server</label>
<input id="server_name" name="server_name" type="text" required maxlength="30" pattern="[a-z][a-z0-9]*(-[a-z0-9]+)*"
 autocapitalize="none" autocomplete="off" spellcheck="false" aria-describedby="server_name_rule" placeholder="name">
<p class="small" id="server_name_rule">A letter first, then letters, digits and single hyphens, all lower case.</p>
</div>
<button class="quiet">Start</button>
</form>`;
}
