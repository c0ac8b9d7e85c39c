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
}

/** An input with its label, and a hint that screen readers read with it. */
export function field({ name, label, type, autocomplete, value = '', hint, optional, focus }: Field): Html {
  return html`<div class="field">
<label for="${name}">${label}</label>
<input id="${name}" name="${name}" type="${type}" value="${value}"${autocomplete ? html` autocomplete="${autocomplete}"` : ''}${
    type === 'text' ? html` autocapitalize="none" spellcheck="false"` : ''
  }${optional ? '' : html` required`}${focus ? html` autofocus` : ''}${
    hint ? html` aria-describedby="${name}-hint"` : ''
  }>
${hint ? html`<p class="small" id="${name}-hint">${hint}</p>` : ''}
</div>`;
}

/** What went wrong with the form, if anything. */
export function alert(message: string | undefined): Html {
  return message === undefined ? html`` : html`<p class="alert" role="alert">${message}</p>`;
}
