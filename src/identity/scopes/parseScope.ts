/** What a filter can name. */
export type FilterKind = 'user' | 'server' | 'group' | 'service';

/** All kinds of filters. */
export const filterKinds: readonly FilterKind[] = ['user', 'server', 'group', 'service'];

/** A scope in its parts. `scope!kind=value`; a filter without value (`scope!user`) refers to the holder itself. */
export interface ParsedScope {
  name: string;
  filter?: { kind: FilterKind; value?: string };
}

/** The parts of a scope, or undefined when it is not of the form `name`, `name!kind` or `name!kind=value`. */
export function parseScope(text: string): ParsedScope | undefined {
  const bang = text.indexOf('!');
  if (bang === -1) return text === '' ? undefined : { name: text };
  const name = text.slice(0, bang);
  const equals = text.indexOf('=', bang);
  const kind = text.slice(bang + 1, equals === -1 ? undefined : equals);
  if (name === '' || !isFilterKind(kind)) return undefined;
  if (equals === -1) return { name, filter: { kind } };
  const value = text.slice(equals + 1);
  if (value === '' || (kind === 'server' && !value.includes('/'))) return undefined;
  return { name, filter: { kind, value } };
}

function isFilterKind(text: string): text is FilterKind {
  return (filterKinds as readonly string[]).includes(text);
}
