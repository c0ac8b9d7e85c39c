import { html } from 'hono/html';
import { AtollError } from '../../core/errors.ts';
import { checkMayJoin } from '../../identity/checkMayJoin.ts';
import type { Group } from '../../identity/groups.ts';
import { isValidName } from '../../identity/names.ts';
import { escapeSegment } from '../../identity/urls.ts';
import { alert, field, xsrfField } from '../frame/formParts.ts';
import type { Html } from '../frame/layout.ts';
import type { PageContext, PageFrame } from '../frame/pageFrame.ts';
import { offsetIn, pager } from '../frame/pager.ts';
import { adminFrame } from './adminFrame.ts';
import type { AdminPagesOptions } from './adminPagesOptions.ts';
import { requireAdminUi, requireRight } from './requireAdminUi.ts';

const pageLength = 50;
/** Members shown in the list of groups; the group's own page has all. */
const shownMembers = 5;

/** Groups: made, deleted, their members. */
export function addAdminGroupPages(frame: PageFrame, { identity }: AdminPagesOptions): void {
  const { groups } = identity;
  const path = '/hub/admin/groups/:group';

  frame.page({ method: 'get', path: '/hub/admin/groups', access: 'signedIn' }, (context) => showAll(context));

  frame.page({ method: 'post', path: '/hub/admin/groups', access: 'signedIn' }, async (context) => {
    const { principal, form } = context;
    requireAdminUi(principal);
    await requireRight(identity, principal, 'admin:groups');
    const name = (form.get('name') ?? '').trim();
    try {
      if (!isValidName(name)) throw new AtollError('ATOLL_BAD_REQUEST', 'That cannot be the name of a group.');
      if ((await groups.create([name], [])).length === 0)
        throw new AtollError('ATOLL_CONFLICT', `There is a group ${name} already.`);
    } catch (error) {
      if (error instanceof AtollError) return showAll(context, error);
      throw error;
    }
    return context.redirect(`/hub/admin/groups/${escapeSegment(name)}`);
  });

  frame.page({ method: 'get', path, access: 'signedIn' }, async (context) => showOne(context, await find(context)));

  frame.page({ method: 'post', path, access: 'signedIn' }, async (context) => {
    const { principal, form, redirect } = context;
    const group = await find(context);
    const named = { group: group.name };
    const back = `/hub/admin/groups/${escapeSegment(group.name)}`;
    const user = form.get('user') ?? '';
    switch (form.get('do')) {
      case 'add':
        await requireRight(identity, principal, 'groups', named);
        await checkMayJoin(group.name, principal, identity);
        try {
          await groups.addUsers(group.name, [identity.toUserName(user) ?? user]);
        } catch (error) {
          if (error instanceof AtollError) return showOne(context, group, error);
          throw error;
        }
        return redirect(back);
      case 'remove':
        await requireRight(identity, principal, 'groups', named);
        await groups.removeUsers(group.name, [user]);
        return redirect(back);
      case 'delete':
        await requireRight(identity, principal, 'delete:groups', named);
        await groups.delete(group.name);
        return redirect('/hub/admin/groups');
      default:
        throw new AtollError('ATOLL_BAD_REQUEST', 'The form says nothing that could be done.');
    }
  });

  async function showAll(context: PageContext<'signedIn'>, error?: AtollError): Promise<Response> {
    const { principal, url, xsrfToken, form } = context;
    requireAdminUi(principal);
    await requireRight(identity, principal, 'list:groups');
    const offset = offsetIn(url);
    const { groups: shown, total } = await groups.list({ offset, limit: pageLength });
    const content = html`<h1>Groups</h1>
${shown.length === 0 ? html`<p>There are none.</p>` : table(shown)}
${pager({ url, offset, limit: pageLength, total })}
<section class="card">
<h2>New group</h2>
${alert(error && `${error.message} ${error.nextStep}`)}
<form method="post" action="/hub/admin/groups">
${xsrfField(xsrfToken)}
${field({ name: 'name', label: 'Name', type: 'text', value: form.get('name') ?? '' })}
<button>Make the group</button>
</form>
</section>`;
    return context.page('Groups', adminFrame('groups', principal, content), { status: error?.status ?? 200 });
  }

  function showOne(
    { principal, page, xsrfToken, form }: PageContext<'signedIn'>,
    group: Group,
    error?: AtollError,
  ): Promise<Response> {
    const action = `/hub/admin/groups/${escapeSegment(group.name)}`;
    const roles = identity.roles.ofGroup(group.name);
    const content = html`<h1>${group.name}</h1>
${roles.length === 0 ? '' : html`<p>Its members have the ${roles.length === 1 ? 'role' : 'roles'} ${roles.join(', ')}.</p>`}
<section class="card">
<h2>Members</h2>
${
  group.users.length === 0
    ? html`<p>None yet.</p>`
    : html`<ul class="members">${group.users.map((user) => memberItem(user, action, xsrfToken))}</ul>`
}
${alert(error && `${error.message} ${error.nextStep}`)}
<form method="post" action="${action}" class="row">
${xsrfField(xsrfToken)}
<div class="grow"><label for="user">Add</label><input id="user" name="user" type="text" required value="${
      error ? (form.get('user') ?? '') : ''
    }" autocomplete="off" autocapitalize="none" spellcheck="false"></div>
<button name="do" value="add">Add</button>
</form>
</section>
${
  Object.keys(group.properties).length === 0
    ? ''
    : html`<section class="card"><h2>Properties</h2><pre>${JSON.stringify(group.properties, null, 2)}</pre></section>`
}
<section class="card row">
<p class="grow">The members of a deleted group stay users; what the group let them do, they cannot do any more.</p>
<form method="post" action="${action}">${xsrfField(xsrfToken)}<button class="danger" name="do" value="delete">Delete the group</button></form>
</section>`;
    return page(group.name, adminFrame('groups', principal, content), { status: error?.status ?? 200 });
  }

  async function find({ principal, params }: PageContext<'signedIn'>): Promise<Group> {
    requireAdminUi(principal);
    const name = params.group ?? '';
    const group = (await identity.can(principal, 'read:groups', { group: name })) ? await groups.get(name) : undefined;
    if (!group) throw new AtollError('ATOLL_NOT_FOUND', 'There is no such group.');
    return group;
  }
}

function memberItem(user: string, action: string, xsrfToken: string): Html {
  return html`<li><a href="/hub/admin/users/${escapeSegment(user)}">${user}</a>
<form method="post" action="${action}">
${xsrfField(xsrfToken)}
<input type="hidden" name="user" value="${user}">
<button class="quiet" name="do" value="remove" aria-label="Remove ${user}">Remove</button>
</form></li>`;
}

function table(groups: readonly Group[]): Html {
  const membersText = (users: readonly string[]): string => {
    const more = users.length - shownMembers;
    return [...users.slice(0, shownMembers), ...(more > 0 ? [`${more} more`] : [])].join(', ') || 'none';
  };
  return html`<div class="card flush"><table class="stack">
<thead><tr><th scope="col">Name</th><th scope="col">Members</th></tr></thead>
<tbody>
${groups.map(
  ({ name, users }) => html`<tr>
<th scope="row"><a href="/hub/admin/groups/${escapeSegment(name)}">${name}</a></th>
<td data-label="Members">${membersText(users)}</td>
</tr>`,
)}
</tbody>
</table></div>`;
}
