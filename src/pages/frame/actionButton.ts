import { html } from 'hono/html';
import { xsrfField } from './formParts.ts';
import type { Html } from './layout.ts';

/** A button that changes something. */
export interface Action {
  /** The path that the form is sent to. */
  action: string;
  label: string;
  /** What the button does, for those who do not see what it stands beside: `Stop cluster 1a2b3c4d`. Default: the label. */
  description?: string;
  /** `quiet`, `danger`, or none for the main one of a page. */
  kind?: 'quiet' | 'danger';
}

/** A button as a form of its own, so that it works without scripts and carries the XSRF token. */
export function actionButton({ action, label, description, kind }: Action, xsrfToken: string): Html {
  return html`<form method="post" action="${action}">
${xsrfField(xsrfToken)}
<button type="submit"${kind === undefined ? '' : html` class="${kind}"`}${
    description === undefined ? '' : html` aria-label="${description}"`
  }>${label}</button>
</form>`;
}
