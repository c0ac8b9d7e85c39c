import { isSecretName } from './isSecretName.ts';
import type { Key } from './keys/key.ts';
import { hasSecretNames } from './keys/types.ts';
import { mask, maskSecrets } from './maskSecrets.ts';
import type { Path } from './problem.ts';
import type { MapEntry, ScalarNode, ValueNode } from './values/valueNode.ts';

/**
 * A value as it may be shown, without its secrets: what its key or a name on the way to it says is one, what was encrypted
 * or stands elsewhere, passwords in URLs, long random words.
 */
export function shownValue(row: Key, path: Path, node: ValueNode): unknown {
  if (hasSecretNames(row.type)) return mask;
  const hidden = row.secret || path.some((part) => isSecretName(String(part)));
  return shown(node, hidden);
}

function shown(node: ValueNode, hidden: boolean): unknown {
  if (node.kind === 'list') return node.items.map((item) => shown(item, hidden));
  if (node.kind === 'scalar') return shownScalar(node, hidden);
  // No prototype: a key named __proto__ is a key like any other.
  const map: Record<string, unknown> = Object.create(null);
  const { entries } = node;
  for (const [name, { value }] of entries)
    map[name] = shown(value, hidden || isSecretName(name) || (name === 'value' && namesSecret(entries.get('name'))));
  return map;
}

/** Kubernetes writes an environment variable as `{name, value}`. */
function namesSecret(name: MapEntry | undefined): boolean {
  return name?.value.kind === 'scalar' && isSecretName(String(name.value.value));
}

function shownScalar({ value, secret, reference }: ScalarNode, hidden: boolean): unknown {
  if (reference) return reference.kind === 'file' ? { fromFile: reference.path } : { fromEnv: reference.name };
  if (value === null) return null;
  if (hidden || secret) return mask;
  return typeof value === 'string' ? maskSecrets(value) : value;
}
