import { html } from 'hono/html';
import type { AuditRecord } from '../../observability/audit/auditRecord.ts';
import type { Html } from '../frame/layout.ts';
import type { PageFrame } from '../frame/pageFrame.ts';
import { adminFrame } from './adminFrame.ts';
import type { AdminPagesOptions } from './adminPagesOptions.ts';
import { requireAdminUi, requireRight } from './requireAdminUi.ts';

const pageLength = 50;

const filters = [
  { name: 'actor', label: 'Done by' },
  { name: 'target', label: 'Done to' },
  { name: 'action', label: 'Action' },
] as const;

/** The audit log: who did what to whom, newest first. */
export function addAdminAuditPage(frame: PageFrame, { identity, audit }: AdminPagesOptions): void {
  frame.page({ method: 'get', path: '/hub/admin/audit', access: 'signedIn' }, async ({ principal, url, page }) => {
    requireAdminUi(principal);
    await requireRight(identity, principal, 'read:audit');
    const asked = Object.fromEntries(
      filters.flatMap(({ name }) => {
        const value = url.searchParams.get(name)?.trim() ?? '';
        return value === '' ? [] : [[name, value]];
      }),
    );
    const before = /^\d{1,15}$/.exec(url.searchParams.get('before') ?? '')?.[0];
    const records = await audit.list({
      ...asked,
      ...(before !== undefined && { before: Number(before) }),
      limit: pageLength,
    });
    const last = records.at(-1);
    const older = new URL(url);
    older.searchParams.set('before', String(last?.id ?? 0));
    const content = html`<h1>Audit log</h1>
<form class="row search" role="search" method="get" action="/hub/admin/audit">
${filters.map(
  ({ name, label }) =>
    html`<div><label for="${name}">${label}</label><input id="${name}" name="${name}" type="text" value="${
      asked[name] ?? ''
    }" autocapitalize="none" spellcheck="false"></div>`,
)}
<button class="quiet">Find</button>
</form>
${records.length === 0 ? html`<p>No entry fits.</p>` : table(records)}
${
  records.length < pageLength
    ? ''
    : html`<nav class="pager" aria-label="Pages of the list"><a class="button quiet" href="${older.pathname}${older.search}">Older</a></nav>`
}`;
    return page('Audit log', adminFrame('audit', principal, content));
  });
}

function table(records: readonly AuditRecord[]): Html {
  return html`<div class="card flush"><table class="stack">
<thead><tr><th scope="col">When (UTC)</th><th scope="col">Who</th><th scope="col">What</th><th scope="col">To whom</th></tr></thead>
<tbody>
${records.map(
  (record) => html`<tr>
<th scope="row"><time datetime="${record.time}">${record.time.slice(0, 19).replace('T', ' ')}</time></th>
<td data-label="Who">${actorText(record)} <span class="small">${sourceText(record)}</span></td>
<td data-label="What">${record.action} <span class="small">${detailsText(record)}</span></td>
<td data-label="To whom">${record.target}</td>
</tr>`,
)}
</tbody>
</table></div>`;
}

function actorText({ actor }: AuditRecord): string {
  if (actor.kind === 'user') return actor.name;
  if (actor.kind === 'service') return `service ${actor.name}`;
  return actor.kind === 'anonymous' ? 'not signed in' : 'the hub itself';
}

function sourceText({ actor: { token, address } }: AuditRecord): string {
  return [...(token === null ? [] : [`token ${token}`]), ...(address === null ? [] : [address])].join(' · ');
}

function detailsText({ details }: AuditRecord): string {
  return Object.entries(details)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}
