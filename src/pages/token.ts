import { html } from 'hono/html';
import { AtollError } from '../core/errors.ts';
import { lifetimeForToken, scopesForToken } from '../identity/tokenGrants.ts';
import { publicIdOf, type Token } from '../identity/tokens.ts';
import { dateText } from './frame/dateText.ts';
import { alert, field, xsrfField } from './frame/formParts.ts';
import type { Html } from './frame/layout.ts';
import type { PageContext, PageFrame } from './frame/pageFrame.ts';
import type { PagesOptions } from './pagesOptions.ts';

/** The lifetime that is chosen at first, in days. */
const standardLifetime = 30;

/** Lifetimes to choose from, in days; 0 is for ever. */
const lifetimes: readonly (readonly [number, string])[] = [
  [1, '1 day'],
  [7, '7 days'],
  [30, '30 days'],
  [90, '90 days'],
  [0, 'No expiry'],
];

const day = 24 * 3600;

/** One's own API tokens, and the programs one has signed in to by way of the hub. */
export function addTokenPages(frame: PageFrame, { identity }: PagesOptions): void {
  frame.page({ method: 'get', path: '/hub/token', access: 'signedIn' }, (context) => show(context));

  frame.page({ method: 'post', path: '/hub/token', access: 'signedIn' }, async (context) => {
    const { form, principal } = context;
    try {
      const revoked = form.get('revoke');
      if (revoked !== null) {
        const token = await identity.tokens.get(principal.userId ?? 0, revoked);
        if (token) await identity.tokens.revoke(token);
        return context.redirect('/hub/token');
      }
      const scopes = (form.get('scopes') ?? '').split(/\s+/).filter(Boolean);
      const days = lifetimeFrom(form.get('days'));
      const seconds = lifetimeForToken(days > 0 ? days * day : undefined, identity);
      const { secret } = await identity.tokens.create({
        userId: principal.userId ?? 0,
        note: (form.get('note') ?? '').trim() || 'Made on the token page',
        scopes: await scopesForToken(scopes.length > 0 ? { scopes } : {}, principal, principal, identity),
        ...(seconds !== undefined && { expiresInSeconds: seconds }),
      });
      return await show(context, { secret });
    } catch (error) {
      if (error instanceof AtollError) return show(context, { error });
      throw error;
    }
  });

  async function show(
    context: PageContext<'signedIn'>,
    { secret, error }: { secret?: string; error?: AtollError } = {},
  ): Promise<Response> {
    const tokens = await identity.tokens.list(context.principal.userId ?? 0);
    const plain = tokens.filter((token) => token.oauthClientId === null);
    const byClient = Map.groupBy(
      tokens.filter((token) => token.oauthClientId !== null),
      (token) => token.oauthClientId,
    );
    return context.page(
      'Tokens',
      html`<h1>Tokens</h1>
<section class="card">
${
  secret === undefined
    ? ''
    : html`<div class="note" role="status"><p>Your new token. Copy it now: it is not shown again.</p>
<pre id="new-token">${secret}</pre></div>`
}
${alert(error && `${error.message} ${error.nextStep}`)}
<h2>New API token</h2>
<p>A program that sends this token can do what you can do; fewer scopes make it less.</p>
<form method="post" action="/hub/token">
${xsrfField(context.xsrfToken)}
${field({ name: 'note', label: 'What it is for', type: 'text', optional: true })}
<div class="field"><label for="days">Good for</label>
<select id="days" name="days">${lifetimes.map(
        ([value, text]) =>
          html`<option value="${value}"${value === standardLifetime ? html` selected` : ''}>${text}</option>`,
      )}</select></div>
${field({
  name: 'scopes',
  label: 'Scopes',
  type: 'text',
  optional: true,
  hint: 'With spaces between them. None: everything you can do.',
})}
<button>Make a token</button>
</form>
</section>
<section class="card flush">
<h2>API tokens</h2>
${plain.length === 0 ? html`<p>You have none.</p>` : tokenTable(plain, context)}
</section>
<section class="card flush">
<h2>Programs that you signed in to</h2>
${
  byClient.size === 0
    ? html`<p>There are none.</p>`
    : tokenTable(
        [...byClient.values()].flatMap((list) => list.slice(-1)),
        context,
      )
}
</section>`,
      { status: error?.status ?? 200 },
    );
  }
}

/** @throws AtollError `ATOLL_BAD_REQUEST` for one that cannot be chosen: it must not mean "for ever" */
function lifetimeFrom(text: string | null): number {
  const days = text === null ? standardLifetime : Number(text);
  if (text !== '' && lifetimes.some(([value]) => value === days)) return days;
  throw new AtollError('ATOLL_BAD_REQUEST', 'This lifetime cannot be chosen.');
}

function tokenTable(tokens: readonly Token[], { xsrfToken }: PageContext): Html {
  return html`<table class="stack">
<thead><tr><th scope="col">Note</th><th scope="col">May do</th><th scope="col">Last used</th><th scope="col">Made</th><th scope="col">Expires</th><th scope="col">Do</th></tr></thead>
<tbody>
${tokens.map(
  (token) => html`<tr>
<th scope="row">${token.note}</th>
<td data-label="May do" class="small">${scopesText(token.scopes)}</td>
<td data-label="Last used">${timeOf(token.lastActivity)}</td>
<td data-label="Made">${timeOf(token.createdAt)}</td>
<td data-label="Expires">${timeOf(token.expiresAt)}</td>
<td><form method="post" action="/hub/token">${xsrfField(xsrfToken)}<button class="danger" name="revoke" value="${publicIdOf(token)}" aria-label="Revoke ${token.note}">Revoke</button></form></td>
</tr>`,
)}
</tbody>
</table>`;
}

function scopesText(scopes: readonly string[]): string {
  if (scopes.includes('inherit')) return 'everything you can';
  return scopes.join(' ') || 'say who you are';
}

function timeOf(milliseconds: number | null): Html {
  return milliseconds === null
    ? html`never`
    : html`<time datetime="${new Date(milliseconds).toISOString()}">${dateText(milliseconds)}</time>`;
}
