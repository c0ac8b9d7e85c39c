import { html } from 'hono/html';
import type { Html } from '../frame/layout.ts';

/** A button that changes something: a form of its own, so that it works without scripts and carries the XSRF token. */
export function actionButton(options: {
  action: string;
  label: string;
  xsrfToken: string;
  /** `quiet`, `danger`, or none for the main one of a page. */
  kind?: 'quiet' | 'danger';
}): Html {
  const { action, label, xsrfToken, kind } = options;
  return html`<form method="post" action="${action}">
<input type="hidden" name="_xsrf" value="${xsrfToken}">
<button type="submit"${kind === undefined ? '' : html` class="${kind}"`}>${label}</button>
</form>`;
}
