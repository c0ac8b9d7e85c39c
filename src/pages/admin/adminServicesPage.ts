import { html } from 'hono/html';
import type { Service } from '../../identity/services.ts';
import type { Html } from '../frame/layout.ts';
import type { PageFrame } from '../frame/pageFrame.ts';
import { adminFrame } from './adminFrame.ts';
import type { AdminPagesOptions } from './adminPagesOptions.ts';
import { requireAdminUi, requireRight } from './requireAdminUi.ts';

/** Services: where they are, what they may do, and whether those that the hub runs do run. */
export function addAdminServicesPage(frame: PageFrame, { identity }: AdminPagesOptions): void {
  frame.page({ method: 'get', path: '/hub/admin/services', access: 'signedIn' }, async ({ principal, page }) => {
    requireAdminUi(principal);
    await requireRight(identity, principal, 'list:services');
    const content = html`<h1>Services</h1>
<p>Programs with a token of their own, from the settings.</p>
<div class="card flush"><table class="stack">
<thead><tr><th scope="col">Name</th><th scope="col">State</th><th scope="col">Address</th><th scope="col">Roles</th></tr></thead>
<tbody>
${identity.services.list().map(
  (service) => html`<tr>
<th scope="row">${service.url === undefined ? service.name : html`<a href="${frame.urls.service(service.name)}">${service.name}</a>`}</th>
<td data-label="State">${stateOf(service)}</td>
<td data-label="Address">${service.url ?? ''}</td>
<td data-label="Roles">${identity.roles.ofService(service).join(', ')}</td>
</tr>`,
)}
</tbody>
</table></div>`;
    return page('Services', adminFrame('services', principal, content));
  });
}

function stateOf({ command, pid, reachable }: Service): Html {
  if (command && pid === undefined)
    return html`<span class="pill bad">Down</span> <span class="small">is started again</span>`;
  const process = command ? html`<span class="small">process ${pid}</span>` : '';
  if (reachable === false) return html`<span class="pill bad">No answer</span> ${process}`;
  if (command || reachable) return html`<span class="pill good">Running</span> ${process}`;
  return html`<span class="small">not run by the hub</span>`;
}
