import { readUserOptions } from '../../servers/profiles/readUserOptions.ts';
import type { PageContext } from '../frame/pageFrame.ts';
import { customFormField } from './spawnForm.ts';

/** What a request for a start has chosen. */
export interface SentOptions {
  /** In KubeSpawner's shape. */
  userOptions: Record<string, unknown>;
  /** The fields of a form of the operator's own, which only its author understands. */
  fields?: Record<string, string[]>;
}

/** Fields of the page itself. */
const ownFields = ['_xsrf', 'server_name', customFormField];

/**
 * The options that a form was sent with, or that the address of a link has: `?opt-profile=small` (JupyterHub 6), or
 * `?profile=small` (before). Undefined when nothing was chosen.
 */
export function readSentOptions({ request, form, url }: PageContext): SentOptions | undefined {
  if (request.method === 'POST') {
    if (form.has(customFormField)) {
      const names = [...new Set(form.keys())].filter((name) => !ownFields.includes(name));
      const fields = Object.fromEntries(names.map((name) => [name, form.getAll(name)]));
      return { userOptions: fields, fields };
    }
    return form.has('profile') ? chosenIn(form) : undefined;
  }
  const prefixed = new URLSearchParams(
    [...url.searchParams].flatMap(([name, value]) =>
      name.startsWith('opt-') ? [[name.slice(4), value] satisfies [string, string]] : [],
    ),
  );
  if (prefixed.size > 0) return chosenIn(prefixed);
  return url.searchParams.has('profile') ? chosenIn(url.searchParams) : undefined;
}

function chosenIn(params: URLSearchParams): SentOptions {
  const sent = [...params].filter(([name]) => name !== 'next' && !ownFields.includes(name));
  return { userOptions: readUserOptions(Object.fromEntries(sent), undefined) };
}
