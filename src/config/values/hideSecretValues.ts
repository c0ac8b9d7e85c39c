import { mask } from '../maskSecrets.ts';
import type { Problem } from '../problem.ts';
import type { ValueNode } from './valueNode.ts';

/** Shorter values are no secrets, and would be found in many words. */
const shortest = 4;

/** Problems without any text of the values that were encrypted or came from elsewhere ({@link ScalarNode.secret}). */
export function hideSecretValues(problems: readonly Problem[], roots: readonly ValueNode[]): Problem[] {
  const secrets = new Set<string>();
  for (const root of roots) collect(root, secrets);
  if (secrets.size === 0) return [...problems];
  // The longer ones first: one may hold another.
  const ordered = [...secrets].sort((a, b) => b.length - a.length);
  const hide = (text: string): string => ordered.reduce((left, secret) => left.replaceAll(secret, mask), text);
  return problems.map(({ suggestion, ...problem }) => ({
    ...problem,
    message: hide(problem.message),
    ...(suggestion !== undefined && { suggestion: hide(suggestion) }),
  }));
}

function collect(node: ValueNode, into: Set<string>): void {
  if (node.kind === 'list') for (const item of node.items) collect(item, into);
  if (node.kind === 'map') for (const { value } of node.entries.values()) collect(value, into);
  if (node.kind !== 'scalar' || !node.secret || node.value === null) return;
  for (const text of [String(node.value), node.source, JSON.stringify(String(node.value)).slice(1, -1)])
    if (text.length >= shortest) into.add(text);
}
