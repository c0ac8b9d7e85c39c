import { html } from 'hono/html';
import type { Html } from './layout.ts';

/** Where one is in a long list. */
export interface PagerPosition {
  url: URL;
  offset: number;
  limit: number;
  total: number;
}

/** The way to the page before and after, and which part of the list this is. */
export function pager({ url, offset, limit, total }: PagerPosition): Html {
  if (total <= limit && offset === 0) return html``;
  const to = (start: number, text: string): Html => {
    const target = new URL(url);
    target.searchParams.set('offset', String(start));
    return html`<a class="button quiet" href="${target.pathname}${target.search}">${text}</a>`;
  };
  return html`<nav class="row pager" aria-label="Pages of the list">
<p class="small">${Math.min(offset + 1, total)} to ${Math.min(offset + limit, total)} of ${total}</p>
<div class="buttons">
${offset > 0 ? to(Math.max(0, offset - limit), 'Previous') : ''}
${offset + limit < total ? to(offset + limit, 'Next') : ''}
</div>
</nav>`;
}

/** The `offset` of an address; 0 when it is missing or makes no sense. */
export function offsetIn({ searchParams }: URL): number {
  const text = searchParams.get('offset') ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : 0;
}
