import { entryAt, plainValue } from '../config/values/plainValue.ts';
import type { MapNode } from '../config/values/valueNode.ts';
import type { Snippet } from './collectSnippets.ts';
import { HiddenSecrets } from './hiddenSecrets.ts';
import type { LoadMessage } from './messages.ts';

/** What is handed to the snippets, and what they cannot have. */
export interface PythonInputs {
  message: LoadMessage;
  /** The secrets among the values that they do not see. */
  secrets: HiddenSecrets;
  /** Variables that only Kubernetes can give (`valueFrom`), and that Atoll's own environment does not have. */
  missingVariables: ReadonlySet<string>;
}

/**
 * Everything that snippets may see: the values of their charts, as in the pods for which they were written, and the
 * environment variables that these set. Secrets and variables of Atoll's own environment are given only when a snippet
 * names them, as `client_secret` or `"DATA_PEPPER"`.
 */
export function pythonInputs(values: MapNode, snippets: readonly Snippet[]): PythonInputs {
  const text = snippets.map(({ source }) => source).join('\n');
  const secrets = new HiddenSecrets(text);
  const chart = (name: string): unknown => {
    const root = entryAt(values, [name])?.value;
    return root ? secrets.hide(withoutPython(plainValue(root, true))) : {};
  };
  const declared = declaredVariables(values);
  const variables: Record<string, string> = { HELM_RELEASE_NAME: 'atoll', POD_NAMESPACE: 'default' };
  const missingVariables = new Set<string>();
  const named = new Set([...text.matchAll(/['"]([A-Z][A-Z0-9_]{2,})['"]/g)].map((match) => match[1] ?? ''));
  for (const name of named) {
    const own = process.env[name];
    if (own !== undefined) variables[name] = own;
    else if (declared.get(name) === null) missingVariables.add(name);
  }
  for (const [name, value] of declared) if (value !== null) variables[name] = value;
  return {
    message: {
      snippets: snippets.map(({ name, chart: of, file, line, exact, source }) => ({
        name,
        chart: of,
        file,
        line,
        exact,
        source,
      })),
      values: { jupyterhub: chart('jupyterhub'), 'dask-gateway': chart('dask-gateway') },
      variables,
    },
    secrets,
    missingVariables,
  };
}

/** The variables of the two pods, by name; null: `valueFrom`. */
function declaredVariables(values: MapNode): Map<string, string | null> {
  const variables = new Map<string, string | null>();
  for (const path of [
    ['jupyterhub', 'hub', 'extraEnv'],
    ['dask-gateway', 'gateway', 'env'],
  ]) {
    const root = entryAt(values, path)?.value;
    if (!root) continue;
    for (const [name, value] of entriesOf(plainValue(root))) variables.set(name, value);
  }
  return variables;
}

/** Kubernetes' list of variables, or a map of names to texts or to such variables. */
function entriesOf(root: unknown): [name: string, value: string | null][] {
  if (typeof root !== 'object' || root === null) return [];
  const entries: [string, unknown][] = Array.isArray(root)
    ? root.map((item: { name?: unknown }) => [String(item.name), item])
    : Object.entries(root);
  return entries.map(([name, item]) => {
    if (typeof item !== 'object' || item === null) return [name, String(item)];
    if ('valueFrom' in item) return [name, null];
    return [name, 'value' in item ? String(item.value) : ''];
  });
}

/** A chart's values without their Python. */
function withoutPython(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== 'extraConfig')
      .map(([name, item]) => [name, name === 'hub' || name === 'gateway' ? withoutPython(item) : item]),
  );
}
