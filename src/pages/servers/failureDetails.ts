import { html } from 'hono/html';
import type { Failure } from '../../diagnosis/failure.ts';
import type { Html } from '../frame/layout.ts';

/** Why a server failed: the sentence, what to do, its last lines, how its process ended, and when. */
export function failureDetails(failure: Failure): Html {
  const at = new Date(failure.at).toISOString().slice(0, 19).replace('T', ' ');
  return html`<p class="alert" role="alert">${failure.message}</p>
<p>${failure.nextStep}</p>
${failure.logTail.length === 0 ? '' : logOf(failure.logTail)}
<p class="small">${[...endOf(failure), `${at} UTC`, failure.code].join(' · ')}</p>`;
}

function logOf(lines: readonly string[]): Html {
  return html`<h2 id="log">Its last lines</h2>
<pre class="log" tabindex="0" aria-labelledby="log">${lines.join('\n')}</pre>`;
}

function endOf({ exitCode, signal }: Failure): string[] {
  if (signal !== null) return [`signal ${signal}`];
  return exitCode === null ? [] : [`exit code ${exitCode}`];
}
