import { html } from 'hono/html';
import type { Html } from './layout.ts';

/** The hidden field that every form has. */
export function xsrfField(xsrfToken: string): Html {
  return html`<input type="hidden" name="_xsrf" value="${xsrfToken}">`;
}

/** One labelled input. */
export interface Field {
  name: string;
  label: string;
  type: 'text' | 'password';
  autocomplete?: string;
  value?: string;
  hint?: string;
  optional?: boolean;
  focus?: boolean;
  /** Before the id, where a page has several fields of one name. */
  idPrefix?: string;
}

/** An input with its label, and a hint that screen readers read with it. */
export function field({
  name,
  label,
  type,
  autocomplete,
  value = '',
  hint,
  optional,
  focus,
  idPrefix = '',
}: Field): Html {
  const id = idPrefix + name;
  return html`<div class="field">
<label for="${id}">${label}</label>
<input id="${id}" name="${name}" type="${type}" value="${value}"${autocomplete ? html` autocomplete="${autocomplete}"` : ''}${
    type === 'text' ? html` autocapitalize="none" spellcheck="false"` : ''
  }${optional ? '' : html` required`}${focus ? html` autofocus` : ''}${
    hint ? html` aria-describedby="${id}-hint"` : ''
  }>
${hint ? html`<p class="small" id="${id}-hint">${hint}</p>` : ''}
</div>`;
}

/** What went wrong with the form, if anything. */
export function alert(message: string | undefined): Html {
  return message === undefined ? html`` : html`<p class="alert" role="alert">${message}</p>`;
}
