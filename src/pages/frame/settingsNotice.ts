import { html } from 'hono/html';
import type { SettingsReport } from '../../config/settingsReport.ts';
import type { Html } from './layout.ts';

/** Problems that are shown; `atoll check` shows all. */
const mostShown = 5;

/** What keeps newer settings from being in force, for administrators; undefined: nothing. */
export function settingsNotice({ refused, waiting }: SettingsReport): Html | undefined {
  if (refused) {
    const more = refused.problems.length - mostShown;
    return html`<p>The settings files were changed, and refused: the older settings stay in force.</p>
<ul>${refused.problems.slice(0, mostShown).map((problem) => html`<li>${problem}</li>`)}${more > 0 ? html`<li>and ${more} more</li>` : ''}</ul>`;
  }
  if (waiting) return html`<p>The settings files were changed: restart the hub for ${waiting.join(', ')}.</p>`;
  return undefined;
}
