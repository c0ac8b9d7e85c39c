import { html } from 'hono/html';
import type { Principal } from '../../identity/principal.ts';
import type { Html } from '../frame/layout.ts';

/** The parts of the administrators' pages. */
export type AdminPart = 'users' | 'groups' | 'services' | 'audit';

const parts: readonly { part: AdminPart; path: string; text: string; scope: string }[] = [
  { part: 'users', path: '/hub/admin', text: 'Users', scope: 'list:users' },
  { part: 'groups', path: '/hub/admin/groups', text: 'Groups', scope: 'list:groups' },
  { part: 'services', path: '/hub/admin/services', text: 'Services', scope: 'list:services' },
  { part: 'audit', path: '/hub/admin/audit', text: 'Audit log', scope: 'read:audit' },
];

/** A page of administrators: the way to the others on top. */
export function adminFrame(part: AdminPart, { scopes }: Principal, content: Html): Html {
  const shown = parts.filter(({ scope }) => scopes.has(scope));
  return html`<nav class="tabs" aria-label="Administration"><ul>
${shown.map(
  ({ part: own, path, text }) =>
    html`<li><a href="${path}"${own === part ? html` aria-current="page"` : ''}>${text}</a></li>`,
)}
<li><a href="/hub/clusters">Clusters</a></li>
</ul></nav>
${content}`;
}
