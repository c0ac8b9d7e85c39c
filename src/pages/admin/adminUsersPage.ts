import { html } from 'hono/html';
import { systemClock } from '../../core/clock.ts';
import { AtollError } from '../../core/errors.ts';
import { checkMayGrantAdmin } from '../../identity/adminFlag.ts';
import { listableUsers } from '../../identity/scopes/listableUsers.ts';
import { escapeSegment } from '../../identity/urls.ts';
import type { User, UserQuery } from '../../identity/users.ts';
import { isActive, pendingOf, type Server } from '../../servers/server.ts';
import { actionButton } from '../frame/actionButton.ts';
import { durationText } from '../frame/durationText.ts';
import { alert, xsrfField } from '../frame/formParts.ts';
import type { Html } from '../frame/layout.ts';
import { refreshSeconds } from '../frame/pace.ts';
import type { PageContext, PageFrame } from '../frame/pageFrame.ts';
import { offsetIn, pager } from '../frame/pager.ts';
import { serverPage } from '../servers/serverPage.ts';
import { serverState } from '../servers/serverState.ts';
import { adminFrame } from './adminFrame.ts';
import type { AdminPagesOptions } from './adminPagesOptions.ts';
import { requireAdminUi, requireRight } from './requireAdminUi.ts';

const pageLength = 50;
const mostNames = 1000;

const states: readonly { value: string; text: string; state?: NonNullable<UserQuery['state']> }[] = [
  { value: '', text: 'All people' },
  { value: 'active', text: 'With a server that runs', state: 'active' },
  { value: 'inactive', text: 'Without a server that runs', state: 'inactive' },
];

/** Users: found by name, page by page; added; their servers started and stopped. */
export function addAdminUsersPage(frame: PageFrame, { identity, servers }: AdminPagesOptions): void {
  frame.page({ method: 'get', path: '/hub/admin', access: 'signedIn' }, (context) => show(context));

  frame.page({ method: 'post', path: '/hub/admin/users', access: 'signedIn' }, async (context) => {
    const { principal, form } = context;
    requireAdminUi(principal);
    await requireRight(identity, principal, 'admin:users');
    const admin = form.get('admin') === 'yes';
    if (admin) checkMayGrantAdmin(principal);
    try {
      const names = readNames(form.get('names') ?? '');
      const created = await identity.users.create(names, admin);
      if (created.length === 0) throw new AtollError('ATOLL_CONFLICT', 'All of them are users already.');
    } catch (error) {
      if (error instanceof AtollError) return show(context, error);
      throw error;
    }
    return context.redirect('/hub/admin?sort=newest');
  });

  frame.page({ method: 'post', path: '/hub/admin/stop-all', access: 'signedIn' }, async (context) => {
    const { principal, form } = context;
    requireAdminUi(principal);
    await requireRight(identity, principal, 'delete:servers');
    if (form.get('sure') !== 'yes')
      throw new AtollError('ATOLL_BAD_REQUEST', 'Tick the box beside the button: it ends the work of everybody.');
    for (const server of await servers.list({ phases: ['starting', 'ready'] }))
      await servers.stop(server.user, server.name);
    return context.redirect('/hub/admin?state=active');
  });

  async function show(context: PageContext<'signedIn'>, error?: AtollError): Promise<Response> {
    const { principal, url } = context;
    requireAdminUi(principal);
    const offset = offsetIn(url);
    const nameFilter = url.searchParams.get('q')?.trim() ?? '';
    const { state } = states.find(({ value }) => value === url.searchParams.get('state')) ?? {};
    const { users, total } = await identity.users.list({
      ...listableUsers(principal.scopes),
      ...(nameFilter !== '' && { nameFilter }),
      ...(state && { state }),
      ...(url.searchParams.get('sort') === 'newest' ? { sort: 'id', descending: true } : { sort: 'name' }),
      offset,
      limit: pageLength,
    });
    const names = users.map(({ name }) => name);
    const groups = await identity.groups.ofUsers(names);
    const shown = names.length === 0 ? [] : await servers.list({ users: names });
    const serversOf = Map.groupBy(shown, ({ user }) => user);
    const content = html`<h1>Users</h1>
<form class="row search" role="search" method="get" action="/hub/admin">
<div><label for="q">Name contains</label><input id="q" name="q" type="text" value="${nameFilter}" autocapitalize="none" spellcheck="false"></div>
<div><label for="state">Show</label><select id="state" name="state">${states.map(
      (choice) =>
        html`<option value="${choice.value}"${choice.state === state ? html` selected` : ''}>${choice.text}</option>`,
    )}</select></div>
<button class="quiet">Find</button>
</form>
${users.length === 0 ? html`<p>Nobody fits.</p>` : table(users, { groups, serversOf }, context)}
${pager({ url, offset, limit: pageLength, total })}
${principal.scopes.hasUnfiltered('admin:users') ? addForm(context, error) : ''}
${principal.scopes.hasUnfiltered('delete:servers') ? stopAllForm(context) : ''}`;
    const pending = shown.some((server) => pendingOf(server) !== null);
    return context.page('Users', adminFrame('users', principal, content), {
      status: error?.status ?? 200,
      ...(pending && { refreshSeconds }),
    });
  }

  /** @throws AtollError `ATOLL_BAD_REQUEST` when one cannot be a name, or there is none */
  function readNames(text: string): string[] {
    const written = text.split(/[\s,]+/).filter(Boolean);
    if (written.length === 0) throw new AtollError('ATOLL_BAD_REQUEST', 'No name was given.');
    if (written.length > mostNames)
      throw new AtollError('ATOLL_BAD_REQUEST', `No more than ${mostNames} people can be added at a time.`);
    return written.map((name) => {
      const checked = identity.toUserName(name);
      if (checked !== undefined) return checked;
      throw new AtollError('ATOLL_BAD_REQUEST', `${JSON.stringify(name.slice(0, 100))} cannot be a user name.`);
    });
  }
}

interface About {
  groups: ReadonlyMap<string, readonly string[]>;
  serversOf: ReadonlyMap<string, readonly Server[]>;
}

function table(users: readonly User[], { groups, serversOf }: About, { xsrfToken }: PageContext): Html {
  return html`<div class="card flush"><table class="stack">
<thead><tr><th scope="col">Name</th><th scope="col">Groups</th><th scope="col">Last active</th><th scope="col">Servers</th></tr></thead>
<tbody>
${users.map(
  (user) => html`<tr>
<th scope="row"><a href="/hub/admin/users/${escapeSegment(user.name)}">${user.name}</a>${
    user.admin ? html` <span class="pill">admin</span>` : ''
  }</th>
<td data-label="Groups">${(groups.get(user.name) ?? []).join(', ')}</td>
<td data-label="Last active">${activityText(user.lastActivity)}</td>
<td data-label="Servers">${serversCell(user.name, serversOf.get(user.name) ?? [], xsrfToken)}</td>
</tr>`,
)}
</tbody>
</table></div>`;
}

function activityText(lastActivity: number | null): string {
  return lastActivity === null ? 'never' : `${durationText(systemClock.now() - lastActivity)} ago`;
}

/** The default server, and others that run. */
function serversCell(user: string, servers: readonly Server[], xsrfToken: string): Html {
  const own = servers.find(({ name }) => name === '');
  const others = servers.filter((server) => server.name !== '' && isActive(server));
  const whose = (name: string): string => (name === '' ? `the server of ${user}` : `${name} of ${user}`);
  const line = (name: string, server: Server | undefined): Html => html`<div class="row tight">
${serverState(server?.phase)}${name === '' ? '' : html`<span>${name}</span>`}
${
  server && isActive(server)
    ? server.phase === 'stopping'
      ? ''
      : stopButton(user, name, `Stop ${whose(name)}`, xsrfToken)
    : actionButton(
        {
          action: serverPage('spawn', { user, name }),
          label: 'Start',
          description: `Start ${whose(name)}`,
          kind: 'quiet',
        },
        xsrfToken,
      )
}
</div>`;
  return html`${line('', own)}${others.map((server) => line(server.name, server))}`;
}

/** Stops a server and leads back to the page about its user. */
export function stopButton(user: string, name: string, description: string, xsrfToken: string): Html {
  return html`<form method="post" action="/hub/admin/users/${escapeSegment(user)}">
${xsrfField(xsrfToken)}
<input type="hidden" name="server" value="${name}">
<button class="quiet" name="do" value="stop-server" aria-label="${description}">Stop</button>
</form>`;
}

/** Before a maintenance, say. */
function stopAllForm({ xsrfToken }: PageContext): Html {
  return html`<section class="card row">
<form method="post" action="/hub/admin/stop-all" class="row">
${xsrfField(xsrfToken)}
<p class="check grow"><input id="sure" name="sure" type="checkbox" value="yes" required> <label for="sure">End the servers of everybody; files are kept, kernels are not.</label></p>
<button class="danger">Stop all servers</button>
</form>
</section>`;
}

function addForm({ xsrfToken, form }: PageContext<'signedIn'>, error: AtollError | undefined): Html {
  return html`<section class="card">
<h2>Add people</h2>
${alert(error && `${error.message} ${error.nextStep}`)}
<form method="post" action="/hub/admin/users">
${xsrfField(xsrfToken)}
<div class="field"><label for="names">Names</label>
<textarea id="names" name="names" rows="3" required autocapitalize="none" spellcheck="false" aria-describedby="names-hint">${form.get('names') ?? ''}</textarea>
<p class="small" id="names-hint">With spaces, commas or lines between them.</p></div>
<p class="check"><input id="admin" name="admin" type="checkbox" value="yes"> <label for="admin">As administrators</label></p>
<button>Add</button>
</form>
</section>`;
}
