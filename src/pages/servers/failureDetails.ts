import { html } from 'hono/html';
import type { Failure } from '../../diagnosis/failure.ts';
import type { Html } from '../frame/layout.ts';

/** Why a server failed: the sentence, what to do, how its process ended, and its last lines. */
export function failureDetails(failure: Failure): Html {
  const end = endText(failure);
  return html`<p class="alert" role="alert">${failure.message}</p>
<p>${failure.nextStep}</p>
${
  failure.logTail.length === 0
    ? ''
    : html`<h2 id="log">Its last lines</h2>
<pre class="log" tabindex="0" aria-labelledby="log">${failure.logTail.join('\n')}</pre>`
}
<p class="small">${end === undefined ? '' : `${end} · `}${new Date(failure.at).toISOString().slice(0, 19).replace('T', ' ')} UTC · ${failure.code}</p>`;
}

function endText({ exitCode, signal }: Failure): string | undefined {
  if (signal !== null) return `Signal ${signal}`;
  return exitCode === null ? undefined : `Exit code ${exitCode}`;
}
