import type { LoadedSettings } from '../config/loadSettings.ts';
import type { Path, Problem } from '../config/problem.ts';
import type { Settings } from '../config/settings.ts';
import { nearest } from '../config/suggest.ts';
import { entryAt } from '../config/values/plainValue.ts';
import { problemAt } from '../config/values/problemAt.ts';
import type { ValueNode } from '../config/values/valueNode.ts';

/**
 * Settings with what a hub would refuse at its start about people, at its place: scopes that do not exist, and names that
 * nobody can have. Settings with other errors are left as they are.
 */
export async function checkPeople<T extends LoadedSettings>(loaded: T): Promise<T> {
  const { settings, values, problems } = loaded;
  const isBroken = problems.some(({ severity }) => severity === 'error');
  if (!values || isBroken) return loaded;
  const hub = ['jupyterhub', 'hub'];
  const root = entryAt(values, hub)?.value ?? values;
  const found = (await findWrong(settings)).map(({ text, message, suggestion }): Problem => {
    const path = pathOf(root, text, hub) ?? [];
    const entry = entryAt(values, path) ?? { keyPlace: values.place, value: values };
    const place = path.at(-1) === text ? entry.keyPlace : entry.value.place;
    return problemAt(place, { code: 'ATOLL_SETTINGS_VALUE', severity: 'error', message, path, suggestion });
  });
  return { ...loaded, problems: [...found, ...problems] };
}

/** A text in the settings that the hub refuses. */
interface Wrong {
  text: string;
  message: string;
  suggestion?: string | undefined;
}

async function findWrong(settings: Settings): Promise<Wrong[]> {
  const { roles, groups, customScopes, extraUserScopes = [], authentication } = settings;
  const { adminUsers, allowedUsers, blockedUsers, usernameMap, usernamePattern } = authentication;
  const people = [...adminUsers, ...allowedUsers, ...blockedUsers];
  people.push(...Object.values(groups).flatMap(({ users }) => users));
  const scopes = [...roles.flatMap((role) => role.scopes), ...extraUserScopes];
  people.push(...roles.flatMap((role) => role.users));
  if (people.length === 0 && scopes.length === 0 && Object.keys(groups).length === 0) return [];
  const [{ compileUsernamePattern, isValidName, toUserName }, { parseScope }, { scopeTree }] = await Promise.all([
    import('../identity/names.ts'),
    import('../identity/scopes/parseScope.ts'),
    import('../identity/scopes/scopeTree.ts'),
  ]);
  const known = [...Object.keys(scopeTree), ...Object.keys(customScopes ?? {})];
  const isScope = (text: string): boolean => known.includes(parseScope(text)?.name ?? '');
  const pattern = usernamePattern === undefined ? {} : { pattern: compileUsernamePattern(usernamePattern) };
  const isPerson = (name: string): boolean => toUserName(name, { map: usernameMap, ...pattern }) !== undefined;
  return [
    ...unique(scopes, isScope).map((text) => ({
      text,
      message: `There is no scope ${JSON.stringify(text)}.`,
      suggestion: nearest(text.split('!')[0] ?? '', known),
    })),
    ...unique(people, isPerson).map((text) => ({ text, message: `Nobody can be called ${JSON.stringify(text)}.` })),
    ...unique(Object.keys(groups), isValidName).map((text) => ({
      text,
      message: `No group can be called ${JSON.stringify(text)}.`,
    })),
  ];
}

/** Those that are not good, each once. */
function unique(texts: readonly string[], isGood: (text: string) => boolean): string[] {
  return [...new Set(texts)].filter((text) => !isGood(text));
}

/** The path to the first value or key with this text. */
function pathOf(node: ValueNode, text: string, path: Path): Path | undefined {
  if (node.kind === 'scalar') return node.source === text || node.value === text ? path : undefined;
  const inner: [name: string | number, value: ValueNode][] =
    node.kind === 'list'
      ? node.items.map((item, index) => [index, item])
      : [...node.entries].map(([name, { value }]) => [name, value]);
  for (const [name, value] of inner) {
    if (name === text) return [...path, name];
    const found = pathOf(value, text, [...path, name]);
    if (found) return found;
  }
  return undefined;
}
