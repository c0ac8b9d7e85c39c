import type { EnvVar } from 'kubernetes-types/core/v1.js';
import { isSecretName } from '../../config/isSecretName.ts';
import type { KubernetesObject } from '../../config/podSettings.ts';
import type { Resources } from '../contract.ts';

/** A container's variables, and those of their values that only a Secret may hold. */
export interface PodEnvironment {
  variables: EnvVar[];
  /** By the key under which {@link variables} name them. */
  secrets: Record<string, string>;
}

/**
 * The variables of a workload's container. Values of variables that are called like secrets (`…TOKEN`, `…PASSWORD`) are kept
 * out of the pod, which more people may read than secrets. `$(NAME)` in a value is filled in by Kubernetes, from variables
 * that come before: so those that others name come first, as in KubeSpawner.
 */
export function podEnvironment(
  values: Readonly<Record<string, string>>,
  from: Readonly<Record<string, KubernetesObject>>,
  secretName: string,
): PodEnvironment {
  const secrets: Record<string, string> = {};
  const variables = new Map<string, EnvVar>();
  for (const [name, value] of Object.entries(values)) {
    // What Kubernetes is to fill in must stand in the pod.
    if (isSecretName(name) && value !== '' && !value.includes('$(')) {
      const key = `variable.${name}`;
      secrets[key] = value;
      variables.set(name, { name, valueFrom: { secretKeyRef: { name: secretName, key } } });
    } else variables.set(name, { name, value });
  }
  for (const [name, rest] of Object.entries(from)) variables.set(name, { name, ...rest });
  return { variables: inOrder(variables), secrets };
}

/** What a workload may use, under JupyterHub's names: bytes and cores. */
export function resourceVariables(resources: Resources): Record<string, string> {
  const values = {
    MEM_LIMIT: resources.memoryLimit,
    MEM_GUARANTEE: resources.memoryGuarantee,
    CPU_LIMIT: resources.coreLimit,
    CPU_GUARANTEE: resources.coreGuarantee,
  };
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}

function inOrder(variables: ReadonlyMap<string, EnvVar>): EnvVar[] {
  const left = new Map([...variables].sort(([a], [b]) => (a < b ? -1 : 1)));
  const sorted: EnvVar[] = [];
  while (left.size > 0) {
    const free = [...left.values()].filter((one) => namedBy(one).every((name) => name === one.name || !left.has(name)));
    // Those that name each other in a circle come as they are.
    const next = free.length > 0 ? free : [...left.values()];
    for (const one of next) left.delete(one.name);
    sorted.push(...next);
  }
  return sorted;
}

function namedBy({ value = '' }: EnvVar): string[] {
  return [...value.matchAll(/\$\(([^)]+)\)/g)].map(([, name = '']) => name);
}
