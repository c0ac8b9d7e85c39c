import { html } from 'hono/html';
import { AtollError } from '../../core/errors.ts';
import { checkMayGrantAdmin, checkMayTouchAdmin } from '../../identity/adminFlag.ts';
import type { Principal } from '../../identity/principal.ts';
import type { PublicUrls } from '../../identity/publicUrls.ts';
import { removeUser } from '../../identity/removeUser.ts';
import { escapeSegment } from '../../identity/urls.ts';
import type { User } from '../../identity/users.ts';
import { isActive, pendingOf, type Server } from '../../servers/server.ts';
import { actionButton } from '../frame/actionButton.ts';
import { dateText } from '../frame/dateText.ts';
import { xsrfField } from '../frame/formParts.ts';
import type { Html } from '../frame/layout.ts';
import { quickMs, refreshSeconds } from '../frame/pace.ts';
import type { PageContext, PageFrame } from '../frame/pageFrame.ts';
import { serverPage } from '../servers/serverPage.ts';
import { serverState } from '../servers/serverState.ts';
import { adminFrame } from './adminFrame.ts';
import type { AdminPagesOptions } from './adminPagesOptions.ts';
import { stopButton } from './adminUsersPage.ts';
import { requireAdminUi, requireRight } from './requireAdminUi.ts';

/** One user: rights, groups, servers; and the way to delete them. */
export function addAdminUserPages(frame: PageFrame, options: AdminPagesOptions): void {
  const { urls } = frame;
  const { identity, servers, workloads } = options;
  const path = '/hub/admin/users/:user';

  frame.page({ method: 'get', path, access: 'signedIn' }, async (context) => {
    const { principal, xsrfToken } = context;
    const user = await find(context);
    await requireRight(identity, principal, 'read:users', { user: user.name });
    const groups = (await identity.groups.ofUsers([user.name])).get(user.name) ?? [];
    const own = await servers.list({ users: [user.name] });
    const isSelf = principal.name === user.name;
    const content = html`<h1>${user.name} ${user.admin ? html`<span class="pill">admin</span>` : ''}</h1>
<section class="card">
<dl class="facts">
<dt>Known since</dt><dd>${dateText(user.createdAt)}</dd>
<dt>Last active</dt><dd>${user.lastActivity === null ? 'never' : dateText(user.lastActivity)}</dd>
<dt>Groups</dt><dd>${
      groups.length === 0
        ? 'none'
        : groups.map(
            (group, index) =>
              html`${index === 0 ? '' : ', '}<a href="/hub/admin/groups/${escapeSegment(group)}">${group}</a>`,
          )
    }</dd>
</dl>
</section>
<h2>Servers</h2>
${serverCard(
  user.name,
  '',
  own.find(({ name }) => name === ''),
  { xsrfToken, urls },
)}
${own.filter(({ name }) => name !== '').map((server) => serverCard(user.name, server.name, server, { xsrfToken, urls }))}
<h2>Rights</h2>
<section class="card row">
<p class="grow">${
      user.admin
        ? 'An administrator may do everything here, also on other people’s servers.'
        : 'Administrators may do everything here, also on other people’s servers.'
    }</p>
${isSelf ? html`<p class="small">Only another administrator can change your own rights.</p>` : adminButton(user, xsrfToken)}
</section>
${isSelf ? '' : accessSection(user, xsrfToken)}`;
    const pending = own.some((server) => pendingOf(server) !== null);
    return context.page(user.name, adminFrame('users', principal, content), pending ? { refreshSeconds } : {});
  });

  frame.page({ method: 'post', path, access: 'signedIn' }, async (context) => {
    const { principal, form, redirect } = context;
    const user = await find(context);
    switch (form.get('do')) {
      case 'stop-server':
        return stopServer(context, user, form.get('server') ?? '');
      case 'make-admin':
      case 'take-admin':
        await setAdmin(principal, user, form.get('do') === 'make-admin');
        break;
      case 'sign-out':
        await requireRight(identity, principal, 'admin:users', { user: user.name });
        checkMayTouchAdmin(principal, user);
        await identity.revokeAccess(user);
        break;
      case 'delete':
        await remove(principal, user, form.get('confirm') ?? '');
        return redirect('/hub/admin');
      default:
        throw new AtollError('ATOLL_BAD_REQUEST', 'The form says nothing that could be done.');
    }
    return redirect(`/hub/admin/users/${escapeSegment(user.name)}`);
  });

  /** To those who may not even see that there is such a user, there is none. */
  async function find({ principal, params }: PageContext<'signedIn'>): Promise<User> {
    requireAdminUi(principal);
    const name = params.user ?? '';
    const user = (await identity.can(principal, 'read:users:name', { user: name }))
      ? await identity.users.get(name)
      : undefined;
    if (!user) throw new AtollError('ATOLL_NOT_FOUND', 'There is no such user.');
    return user;
  }

  async function stopServer(context: PageContext<'signedIn'>, user: User, name: string): Promise<Response> {
    await requireRight(identity, context.principal, 'delete:servers', { user: user.name, server: name });
    await servers.stop(user.name, name);
    await servers.settled(user.name, name, quickMs, context.request.signal);
    return context.redirect(`/hub/admin/users/${escapeSegment(user.name)}`);
  }

  async function setAdmin(principal: Principal, user: User, admin: boolean): Promise<void> {
    await requireRight(identity, principal, 'admin:users', { user: user.name });
    checkMayTouchAdmin(principal, user);
    if (admin) checkMayGrantAdmin(principal);
    if (principal.name === user.name)
      throw new AtollError('ATOLL_FORBIDDEN', 'Only another administrator can change your own rights.');
    await identity.users.setAdmin(user.name, admin);
  }

  async function remove(principal: Principal, user: User, confirmation: string): Promise<void> {
    await requireRight(identity, principal, 'delete:users', { user: user.name });
    checkMayTouchAdmin(principal, user);
    if (principal.name === user.name) throw new AtollError('ATOLL_BAD_REQUEST', 'Nobody can delete themselves.');
    if (confirmation !== user.name)
      throw new AtollError(
        'ATOLL_BAD_REQUEST',
        `To delete ${user.name}, write that name into the field beside the button.`,
      );
    const left = await removeUser(user.name, { users: identity.users, workloads });
    if (left !== undefined)
      throw new AtollError('ATOLL_BUSY', `The ${left} of ${user.name} are still ending.`, {
        nextStep: 'Try again in a few seconds.',
      });
  }
}

function adminButton(user: User, xsrfToken: string): Html {
  return html`<form method="post" action="/hub/admin/users/${escapeSegment(user.name)}">
${xsrfField(xsrfToken)}
${
  user.admin
    ? html`<button class="danger" name="do" value="take-admin">Take the rights away</button>`
    : html`<button class="quiet" name="do" value="make-admin">Make an administrator</button>`
}
</form>`;
}

function accessSection(user: User, xsrfToken: string): Html {
  const action = `/hub/admin/users/${escapeSegment(user.name)}`;
  return html`<h2>Access</h2>
<section class="card row">
<p class="grow">Signing out ends all logins and tokens of ${user.name}. Servers go on.</p>
<form method="post" action="${action}">
${xsrfField(xsrfToken)}
<button class="quiet" name="do" value="sign-out">Sign out everywhere</button>
</form>
</section>
<section class="card">
<p>Deleting ends all servers and clusters of ${user.name}. Files stay.</p>
<form method="post" action="${action}" class="row">
${xsrfField(xsrfToken)}
<div class="grow"><label for="confirm">Write the name to confirm</label>
<input id="confirm" name="confirm" type="text" required autocomplete="off" autocapitalize="none" spellcheck="false"></div>
<button class="danger" name="do" value="delete">Delete ${user.name}</button>
</form>
</section>`;
}

function serverCard(
  user: string,
  name: string,
  server: Server | undefined,
  { xsrfToken, urls }: { xsrfToken: string; urls: PublicUrls },
): Html {
  const title = name === '' ? 'Default server' : name;
  const start = actionButton(
    { action: serverPage('spawn', { user, name }), label: 'Start', description: `Start ${title}`, kind: 'quiet' },
    xsrfToken,
  );
  return html`<section class="card row">
<div class="grow"><h3>${title}</h3>
<p>${serverState(server?.phase)} <span class="small">${server?.failure?.message ?? sinceText(server)}</span></p></div>
<div class="buttons">
${server?.phase === 'ready' ? html`<a class="button quiet" href="${urls.server(user, name)}" aria-label="Open ${title}">Open</a>` : ''}
${server && isActive(server) ? (server.phase === 'stopping' ? '' : stopButton(user, name, `Stop ${title}`, xsrfToken)) : start}
</div>
</section>`;
}

function sinceText(server: Server | undefined): string {
  if (server?.phase === 'ready' && server.readyAt !== null) return `since ${dateText(server.readyAt)}`;
  return server && server.lastActivity !== null ? `last used ${dateText(server.lastActivity)}` : '';
}
