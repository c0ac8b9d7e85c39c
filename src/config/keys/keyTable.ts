import type { RuntimeKind } from '../settings.ts';
import { accessKeys } from './access.ts';
import { atollKeys } from './atoll.ts';
import { oldAuthKeys } from './authenticators/oldAuth.ts';
import type { Effect } from './effects.ts';
import { daskGatewayKeys } from './gateway.ts';
import { hubKeys } from './hub.ts';
import { hubConfigKeys } from './hubConfig.ts';
import { jupyterhubKeys } from './jupyterhub.ts';
import type { Key, Row } from './key.ts';
import { oldSpellings } from './oldSpellings.ts';
import { otherChartKeys } from './otherCharts.ts';
import { proxyKeys } from './proxy.ts';
import { singleuserKeys } from './singleuser.ts';

/**
 * Every key that a settings file may have, in one table: what it takes, what it says, and what becomes of it. Values are
 * applied in this order, so that `hub.config` wins over the chart's own keys, as in z2jh.
 */
export const keyTable: readonly Row[] = [
  ...singleuserKeys,
  ...oldSpellings,
  ...hubKeys,
  ...accessKeys,
  ...oldAuthKeys,
  ...hubConfigKeys,
  ...proxyKeys,
  ...jupyterhubKeys,
  ...daskGatewayKeys,
  ...atollKeys,
  ...otherChartKeys,
];

/** A place in the tree of keys. */
export interface KeyNode {
  /** Undefined at the root only. */
  row?: Row;
  children: Map<string, KeyNode>;
  /** What any other name is, where names are free. */
  wildcard?: { segment: string; node: KeyNode };
}

/** The node of a name below another node. `<Class>` stands for names that begin with a capital, other wildcards for any. */
export function childOf({ children, wildcard }: KeyNode, name: string): KeyNode | undefined {
  const isFree = wildcard && (wildcard.segment !== '<Class>' || /^[A-Z]/.test(name));
  return children.get(name) ?? (isFree ? wildcard.node : undefined);
}

/** The table as a tree. */
export const keyTree: KeyNode = buildTree(keyTable);

function buildTree(rows: readonly Row[]): KeyNode {
  const root: KeyNode = { children: new Map() };
  for (const row of rows) {
    let node = root;
    for (const segment of row.path.split('.')) node = childFor(node, segment);
    if (node.row) throw new Error(`The key ${row.path} is twice in the table.`);
    node.row = row;
  }
  return root;
}

function childFor(node: KeyNode, segment: string): KeyNode {
  if (segment.startsWith('<')) {
    node.wildcard ??= { segment, node: { children: new Map() } };
    return node.wildcard.node;
  }
  const child = node.children.get(segment) ?? { children: new Map() };
  node.children.set(segment, child);
  return child;
}

/** What becomes of a key on a runtime: its own effect, or that of the nearest section above that has one. */
export function effectOf(key: Key, runtime: RuntimeKind): Effect {
  let effect = key.fallback?.[runtime];
  let node: KeyNode | undefined = keyTree;
  for (const segment of key.path.split('.')) {
    node = segment.startsWith('<') ? node?.wildcard?.node : node?.children.get(segment);
    effect = node?.row?.effects[runtime] ?? effect;
  }
  if (!effect) throw new Error(`The key ${key.path} has no effect on ${runtime}, and no section above it has one.`);
  return effect;
}
