import { html } from 'hono/html';
import { refreshSeconds } from '../frame/pace.ts';
import type { PageContext } from '../frame/pageFrame.ts';
import { type Place, titleOf } from './place.ts';

/** A stop under way. */
export function stopPendingPage({ principal, page }: PageContext<'signedIn'>, place: Place): Promise<Response> {
  const title = titleOf(principal, place, 'is stopping');
  const content = html`<section class="card narrow">
<h1>${title}</h1>
<progress aria-label="Stopping"></progress>
<p>It ends its kernels and saves its state; this takes a few seconds.</p>
<a class="button quiet" href="/hub/home">Home</a>
</section>`;
  return page(title, content, { refreshSeconds });
}
