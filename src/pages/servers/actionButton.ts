import { html } from 'hono/html';
import { xsrfField } from '../frame/formParts.ts';
import type { Html } from '../frame/layout.ts';

/** A button that changes something. */
export interface Action {
  /** The path that the form is sent to. */
  action: string;
  label: string;
  /** `quiet`, `danger`, or none for the main one of a page. */
  kind?: 'quiet' | 'danger';
}

/** A button as a form of its own, so that it works without scripts and carries the XSRF token. */
export function actionButton({ action, label, kind }: Action, xsrfToken: string): Html {
  return html`<form method="post" action="${action}">
${xsrfField(xsrfToken)}
<button type="submit"${kind === undefined ? '' : html` class="${kind}"`}>${label}</button>
</form>`;
}
